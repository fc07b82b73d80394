"""The pictures of the README and the model card, made again: `make pictures`.

A strip of scenes before and after one brush, and the studio as a browser shows it at three sizes, light and dark. The
segmenter says which scenes suit. (Training makes the sheets of samples.)
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Container
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image
from playwright.sync_api import sync_playwright

from server.lab.scenes.sheet import contact_sheet
from server.model.catalog import Catalog
from server.painting.painter import Painter
from server.painting.parsing import parse_picture
from server.settings import Settings
from tests.browser.conftest import ARGUMENTS, chromium
from tests.browser.server import ROOT, Box, StudioServer
from tests.browser.studio import open_studio
from tests.helpers.ports import free_port

OUT = ROOT / "models" / "village" / "pictures"
SIZES = {"studio": (1280, 800), "studio-phone": (390, 844), "studio-4k": (3840, 2160)}
THEMES: dict[Literal["light", "dark"], str] = {"light": "", "dark": "-dark"}  # and what files of them are called
# Whether the scenes of the strip that are to be seen have their thumbnails.
THUMBNAILS = """() => {
  const strip = document.querySelector("#scenes").getBoundingClientRect();
  return [...document.querySelectorAll("#scenes img")].every((image) => {
    const { top, bottom, left, right } = image.getBoundingClientRect();
    const hidden = bottom <= Math.max(0, strip.top) || top >= Math.min(innerHeight, strip.bottom);
    return hidden || right <= strip.left || left >= strip.right || (image.complete && image.naturalWidth > 0);
  });
}"""
SIDE = 192  # pixels of a picture of the strip
# Of scenes like these the strip takes those that suit a brush best.
SEEDS = range(120)


@dataclass(frozen=True)
class Painted:
    """An edit of the strip. Its scene is that which shows most of `ground` in the box that is painted, and least of the
    concept, if that is drawn."""

    concept: str
    ground: str
    mask: dict[str, Any]
    box: Box
    op: str = "draw"

    def document(self, seed: int) -> dict[str, Any]:
        """The edit of a scene."""
        edit = {"op": self.op, "concept": self.concept, "mask": self.mask}
        return {"model": "village", "seed": seed, "edits": [edit]}


def stroke(radius: float, *points: list[float]) -> dict[str, Any]:
    """The mask of one stroke."""
    return {"strokes": [{"points": list(points), "radius": radius}]}


STRIP = (
    Painted("tree", "grass", stroke(0.13, [0.22, 0.6], [0.26, 0.64]), (0.1, 0.45, 0.4, 0.8)),
    Painted("cloud", "sky", stroke(0.1, [0.25, 0.2], [0.6, 0.15]), (0.1, 0.05, 0.75, 0.35)),
    Painted("water", "grass", stroke(0.12, [0.25, 0.86], [0.75, 0.84]), (0.1, 0.7, 0.9, 1.0)),
    Painted("wall", "grass", {"rect": [0.34, 0.5, 0.62, 0.76]}, (0.3, 0.45, 0.66, 0.8)),
    Painted("path", "grass", stroke(0.06, [0.5, 0.64], [0.4, 0.95]), (0.3, 0.6, 0.6, 1.0)),
    Painted("tree", "tree", {"rect": [0.0, 0.2, 1.0, 1.0]}, (0.1, 0.3, 0.9, 0.9), "remove"),
)


def scene_for(painted: Painted, shares: Callable[[int, Box], dict[str, float]], taken: Container[int]) -> int:
    """The seed that suits it best, of those that are not taken. shares: of concepts, in a box of a seed's scene."""

    def suits(seed: int) -> float:
        seen = shares(seed, painted.box)
        return seen[painted.ground] - (0 if painted.op == "remove" else seen[painted.concept])

    return max((seed for seed in SEEDS if seed not in taken), key=suits)


def strip(painter: Painter) -> Image.Image:
    """Scenes above, the same painted below."""
    model = painter.catalog.get()
    assert model.segmenter is not None
    concepts = model.segmenter.concepts
    labels = {seed: painter.labels(parse_picture({"model": "village", "seed": seed, "edits": []})) for seed in SEEDS}

    def shares(seed: int, box: Box) -> dict[str, float]:
        x0, y0, x1, y1 = (round(edge * len(labels[seed])) for edge in box)
        return {name: float((labels[seed][y0:y1, x0:x1] == i).mean()) for i, name in enumerate(concepts)}

    seeds: list[int] = []
    for painted in STRIP:
        seeds.append(scene_for(painted, shares, seeds))
    documents = [painted.document(seed) for painted, seed in zip(STRIP, seeds, strict=True)]
    shown = [painter.render(parse_picture(d)) for d in ({**d, "edits": []} for d in documents)]
    shown += [painter.render(parse_picture(d)) for d in documents]
    small = [Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.LANCZOS) for pixels in shown]
    return contact_sheet([np.asarray(image) for image in small], len(STRIP))


def screenshots() -> None:
    """The studio, painted a little, at every size."""
    with tempfile.TemporaryDirectory() as data, sync_playwright() as playwright:
        server = StudioServer(free_port(), Path(data))
        server.start()
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(ARGUMENTS))
        try:
            for (name, size), (theme, ending) in product(SIZES.items(), THEMES.items()):
                with open_studio(browser, server, size, path="/", color_scheme=theme) as studio:
                    studio.choose("cloud")
                    studio.paint([(0.22, 0.22), (0.36, 0.2)])
                    studio.page.wait_for_function(THUMBNAILS)
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
