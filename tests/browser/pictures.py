"""The pictures of the README and the model card, made again: `make pictures`.

A strip of scenes before and after one brush, and the studio as a browser shows it at three sizes, light and dark.
(Training makes the sheets of samples.)
"""

from __future__ import annotations

import tempfile
from itertools import product
from pathlib import Path
from typing import Any, Literal

from PIL import Image
from playwright.sync_api import sync_playwright

from server.lab.scenes.sheet import contact_sheet
from server.model.catalog import Catalog
from server.painting.painter import Painter
from server.painting.parsing import parse_picture
from server.settings import Settings
from tests.browser.conftest import ARGUMENTS, chromium
from tests.browser.server import ROOT, StudioServer
from tests.browser.studio import open_studio
from tests.helpers.ports import free_port

OUT = ROOT / "models" / "village" / "pictures"
SIZES = {"studio": (1280, 800), "studio-phone": (390, 844), "studio-4k": (3840, 2160)}
THEMES: dict[Literal["light", "dark"], str] = {"light": "", "dark": "-dark"}  # and what files of them are called
STRIP: tuple[tuple[int, dict[str, Any]], ...] = (
    (
        161,
        {
            "op": "draw",
            "concept": "tree",
            "mask": {"strokes": [{"points": [[0.2, 0.62], [0.3, 0.66]], "radius": 0.13}]},
        },
    ),
    (
        67,
        {
            "op": "draw",
            "concept": "cloud",
            "mask": {"strokes": [{"points": [[0.25, 0.2], [0.6, 0.15]], "radius": 0.1}]},
        },
    ),
    (
        45,
        {
            "op": "draw",
            "concept": "water",
            "mask": {"strokes": [{"points": [[0.25, 0.88], [0.75, 0.86]], "radius": 0.12}]},
        },
    ),
    (96, {"op": "draw", "concept": "wall", "mask": {"rect": [0.3, 0.45, 0.6, 0.75]}}),
    (
        40,
        {
            "op": "draw",
            "concept": "path",
            "mask": {"strokes": [{"points": [[0.5, 0.6], [0.4, 0.95]], "radius": 0.06}]},
        },
    ),
    (22, {"op": "remove", "concept": "tree", "mask": None}),
)


def strip(painter: Painter) -> Image.Image:
    """Scenes above, the same painted below."""
    documents = [{"model": "village", "seed": seed, "edits": [edit]} for seed, edit in STRIP]
    before = [painter.render(parse_picture({**d, "edits": []})) for d in documents]
    after = [painter.render(parse_picture(d)) for d in documents]
    sheet = contact_sheet([*before, *after], len(STRIP))
    return sheet.resize((sheet.width * 3 // 2, sheet.height * 3 // 2), Image.Resampling.LANCZOS)


def screenshots() -> None:
    """The studio, painted a little, at every size."""
    with tempfile.TemporaryDirectory() as data, sync_playwright() as playwright:
        server = StudioServer(free_port(), Path(data))
        server.start()
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(ARGUMENTS))
        try:
            for (name, size), (theme, ending) in product(SIZES.items(), THEMES.items()):
                with open_studio(browser, server, size, path="/", color_scheme=theme) as studio:
                    studio.choose("tree")
                    studio.paint([(0.15, 0.62), (0.28, 0.66)])
                    path = Path(data) / "shot.png"
                    studio.page.screenshot(path=path)
                    shot = Image.open(path).convert("RGB")
                    shot.thumbnail((1920, 1920))
                    shot.save(OUT / f"{name}{ending}.jpg", quality=88)
        finally:
            browser.close()
            server.stop()


def main() -> None:
    """Make them all."""
    settings = Settings()
    painter = Painter(Catalog(settings.models_dir, settings.results_dir))
    OUT.mkdir(exist_ok=True)
    strip(painter).save(OUT / "strip.jpg", quality=92)
    screenshots()


if __name__ == "__main__":
    main()
