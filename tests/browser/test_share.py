"""Taking a picture away and bringing it in: files, links, code."""

from __future__ import annotations

import base64
import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import BOOTH_HOST
from tests.browser.server import StudioServer
from tests.browser.studio import Studio, decode, drop, open_studio
from tests.browser.waiting import PATIENCE

STROKE = [(0.7, 0.62), (0.76, 0.7), (0.82, 0.64)]


def painted(studio: Studio) -> tuple[str, dict[str, object]]:
    """Paint a tree; what is shown, and the document."""
    studio.choose("tree")
    studio.paint(STROKE)
    return studio.shown(), studio.picture()


def test_a_downloaded_png_dropped_on_the_page_is_the_picture_again(browser: Browser, server: StudioServer) -> None:
    with open_studio(browser, server) as studio:
        seed = studio.choose_scene(5)
        shown, picture = painted(studio)
        file = studio.download()
    with open_studio(browser, server) as other:
        drop(other, file, "picture.png", "image/png")
        other.wait_for_edits(1)
        assert other.shown() == shown
        assert other.picture()["seed"] == picture["seed"] == seed


def test_json_out_and_in(studio: Studio) -> None:
    shown, _ = painted(studio)
    studio.page.locator("#share-open-sheet").click()
    with studio.page.expect_download() as download:
        studio.page.locator("#share-json").click()
    file = download.value.path()
    document = json.loads(file.read_text())
    assert document["edits"][0]["concept"] == "tree"
    studio.click("#reset")
    assert studio.shown() != shown
    drop(studio, file.read_bytes(), "picture.json", "application/json")
    studio.wait_for_edits(1)
    assert studio.shown() == shown


def test_other_files_are_refused_in_words(studio: Studio) -> None:
    before = studio.shown()
    for data in (b'{"version": 1, "model": "village"}', b'{"model": "village", "base": {"layer": 4}}', b"no JSON"):
        studio.page.evaluate("window.noticed.length = 0")
        drop(studio, data, "no.json", "application/json")
        studio.wait_for_notice("no picture document")
        assert studio.shown() == before


def test_a_share_link_holds_the_whole_picture(browser: Browser, server: StudioServer) -> None:
    with open_studio(browser, server, permissions=["clipboard-read", "clipboard-write"]) as studio:
        shown, _ = painted(studio)
        studio.page.locator("#share-open-sheet").click()
        studio.page.locator("#share-link").click()
        studio.wait_for_notice("Link copied")
        link = studio.page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(server.url + "/#p=")
    with open_studio(browser, server, path=link.removeprefix(server.url), listening=True) as other:
        assert other.shown() == shown
        assert other.page.url == server.url + "/"
        assert len(other.requests) > 1
        assert not any("#" in url and "p=" in url for url in other.requests[1:])
        other.reload()
        assert other.shown() == shown


def test_a_link_can_be_copied_without_a_clipboard(browser: Browser, server: StudioServer) -> None:
    with open_studio(browser, server, host=BOOTH_HOST) as studio:
        assert studio.page.evaluate("typeof navigator.clipboard") == "undefined"
        painted(studio)
        studio.page.locator("#share-open-sheet").click()
        expect(studio.page.locator("#share-image")).to_be_hidden()
        studio.page.locator("#share-link").click()
        studio.wait_for_notice("Link copied")


def test_a_damaged_link_says_so_and_keeps_the_picture(browser: Browser, server: StudioServer) -> None:
    with open_studio(browser, server, path="/#p=damaged") as studio:
        studio.wait_for_notice("no picture document")


def test_the_python_code_draws_the_picture(browser: Browser, server: StudioServer, tmp_path: Path) -> None:
    with open_studio(browser, server, permissions=["clipboard-read", "clipboard-write"]) as studio:
        painted(studio)
        file = studio.download()
        studio.page.locator("#share-open-sheet").click()
        studio.page.locator("#share-python").click()
        studio.wait_for_notice("Copied")
        code = studio.page.evaluate("navigator.clipboard.readText()")
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, timeout=PATIENCE)
    assert (tmp_path / "picture.png").read_bytes() == file


def test_the_python_code_spells_every_edit(studio: Studio, server: StudioServer, tmp_path: Path) -> None:
    rect = {"rect": [0.5, 0.5, 0.9, 0.9]}
    line = {"points": [[0.2, 0.7], [0.3, 0.72]], "radius": 0.06}
    concept = server.get("models")["models"][0]["concepts"][0]
    layer = server.get("models/village/concepts")["concepts"][0]["layer"]
    direction = server.get("models/village/directions")["directions"][0]["name"]
    file = io.BytesIO()
    Image.fromarray(np.eye(16) > 0).save(file, "PNG")
    masks = [
        None,
        rect,
        {**rect, "erase": [line]},
        {"strokes": [line, {**line, "erase": True}]},
        {"png": base64.b64encode(file.getvalue()).decode(), "erase": [line]},
        {"concept": concept},
        {"concept": concept, "at": [0.5, 0.75]},
    ]
    edits: list[dict[str, object]] = [
        {"op": op, "concept": concept, "mask": mask, "strength": 0.25} for mask in masks for op in ("draw", "remove")
    ]
    edits.append({"op": "draw", "mask": rect, "units": [3, 1], "levels": [2.5, 1e-7], "layer": layer})
    edits.append({"op": "remove", "concept": concept, "mask": rect, "units": 9})
    picture = {"version": 1, "model": "village", "z": [0.5, -1e-7] * 4, "directions": {direction: -1}, "edits": edits}
    write = "async picture => (await import('/js/sharing/recipes.js')).asPython(picture)"
    subprocess.run(
        [sys.executable, "-c", studio.page.evaluate(write, picture)], cwd=tmp_path, check=True, timeout=PATIENCE
    )
    assert (tmp_path / "picture.png").read_bytes() == server.render(picture)


def test_a_film_of_the_painting(studio: Studio) -> None:
    painted(studio)
    studio.page.locator("#share-open-sheet").click()
    with studio.page.expect_download() as download:
        studio.page.locator("#share-clip").click()
    film = download.value.path().read_bytes()
    assert film.startswith(b"\x1aE\xdf\xa3")
    assert len(film) > 5000


def test_a_gif_of_the_painting_where_nothing_can_record(browser: Browser, server: StudioServer) -> None:
    def prepare(page: Page) -> None:
        page.add_init_script("delete window.MediaRecorder; delete window.VideoEncoder;")

    with open_studio(browser, server, host=BOOTH_HOST, prepare=prepare) as studio:
        unedited = decode(studio.download())
        painted(studio)
        drawn = decode(studio.download())
        studio.page.locator("#share-open-sheet").click()
        expect(studio.page.locator("#share-clip")).to_be_hidden()
        with studio.page.expect_download() as download:
            studio.page.locator("#share-gif").click()
        gif = Image.open(download.value.path())
        assert (gif.format, gif.n_frames, gif.info["loop"]) == ("GIF", 2, 0)
        large = [
            np.asarray(Image.fromarray(picture.astype(np.uint8)).resize(gif.size, Image.Resampling.BICUBIC), np.float64)
            for picture in (unedited, drawn)
        ]
        for number, duration in enumerate((500, 1500)):
            gif.seek(number)
            assert gif.info["duration"] == duration
            shown = np.asarray(gif.convert("RGB"), np.float64)
            wrong = [np.abs(shown - picture).mean() for picture in large]
            assert wrong[number] < min(10, wrong[1 - number])


def test_the_image_can_be_copied(browser: Browser, server: StudioServer) -> None:
    with open_studio(browser, server, permissions=["clipboard-read", "clipboard-write"]) as studio:
        painted(studio)
        studio.page.locator("#share-open-sheet").click()
        studio.page.locator("#share-image").click()
        studio.wait_for_notice("Image copied")
        types = studio.page.evaluate("navigator.clipboard.read().then(items => items.flatMap(item => item.types))")
        assert types == ["image/png"]
