"""A picture of one's own: dropped, pasted or chosen, brought in by a job, painted on, its own pixels kept."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect

from server.painting.imaging import read_document
from server.painting.parsing import parse_picture
from tests.browser.server import StudioServer
from tests.browser.studio import Studio, decode, drop, open_studio
from tests.helpers.ports import free_port
from tests.helpers.tiny import write_model

PATH = "/?seed=3"
STROKE = [(0.3, 0.7), (0.4, 0.75)]
PASTE = """([data, type]) => {
    const bytes = Uint8Array.from(atob(data), c => c.charCodeAt(0));
    const transfer = new DataTransfer();
    transfer.items.add(new File([bytes], "image.png", {type}));
    window.dispatchEvent(new ClipboardEvent("paste", {clipboardData: transfer, bubbles: true, cancelable: true}));
}"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StudioServer]:
    """A server on a tiny model: an inversion looks at dozens of samples."""
    folder = tmp_path_factory.mktemp("own")
    write_model(folder)
    running = StudioServer(
        free_port(),
        folder / "data",
        UNITBRUSH_MODELS_DIR=str(folder / "models"),
        UNITBRUSH_RESULTS_DIR=str(folder / "dissect_results"),
    )
    running.start()
    yield running
    running.stop()


def photo(server: StudioServer, form: str = "JPEG", seed: int = 9) -> bytes:
    """A scene, wider than high and without its document."""
    scene = Image.open(io.BytesIO(server.render({"seed": seed}))).convert("RGB")
    out = io.BytesIO()
    scene.resize((240, 160)).save(out, form)
    return out.getvalue()


def hasten(page: Page, steps: int = 2) -> None:
    """Let inversions take so few steps."""

    def go_on(route: Route) -> None:
        route.continue_(post_data=json.dumps({**json.loads(route.request.post_data or ""), "steps": steps}))

    page.route("**/api/v1/invert", go_on)


def wait_for_own(studio: Studio) -> dict[str, Any]:
    """Wait until one's own picture is the present one; gives it."""
    studio.page.wait_for_function(
        "() => JSON.parse(localStorage.getItem('unitbrush.history') ?? '{}').scenes?.at(-1)?.base !== undefined"
    )
    studio.wait_for_picture()
    return studio.picture()


def test_a_dropped_image_becomes_a_picture_to_paint_on(browser: Browser, server: StudioServer) -> None:
    with open_studio(browser, server, path=PATH, prepare=hasten) as studio:
        page = studio.page
        expect(page.locator("#own")).to_be_hidden()
        drop(studio, photo(server), "photo.jpg", "image/jpeg")
        picture = wait_for_own(studio)
        assert (picture["model"], picture["edits"]) == ("village", [])
        expect(page.locator("#own-missing")).to_contain_text("% of it this model cannot express")
        expect(page.locator("#fixed-scene")).to_contain_text("your own picture")
        expect(page.locator("#own-job")).to_be_hidden()
        before = studio.pixels()
        studio.choose("tree")
        studio.paint(STROKE)
        studio.wait_for_edits(1)
        assert np.abs(studio.pixels() - before).max() > 20
        # Undone, done again, loaded again, shared: a document as any other.
        assert studio.picture()["base"] == picture["base"]
        shown = studio.shown()
        studio.reload()
        studio.wait_until_shown(shown)
        expect(page.locator("#own")).to_be_visible()
        file = studio.download()
        assert parse_picture(read_document(file)) == parse_picture(studio.picture())
        # What the model lacks is shown where it is.
        layer = page.locator("#own-pixels")
        expect(layer).to_be_hidden()
        page.locator("#own-map").check()
        expect(layer).to_be_visible()
        page.locator("#own-map").uncheck()
        expect(layer).to_be_hidden()
        # Its own pixels are kept where nothing is painted, on the screen and in the file.
        page.locator("#own-keep").check()
        expect(layer).to_be_visible()
        page.wait_for_function(
            """() => {
                const context = document.getElementById("own-pixels").getContext("2d");
                const alpha = (x, y) => context.getImageData(512 * x, 512 * y, 1, 1).data[3];
                return alpha(0.35, 0.72) === 0 && alpha(0.8, 0.2) === 255;
            }"""
        )
        kept = decode(studio.download())
        own = np.asarray(Image.open(io.BytesIO(photo(server))).crop((40, 0, 200, 160)).resize((32, 32)), float)
        assert np.abs(kept[:10, 20:] - own[:10, 20:]).mean() < 6
        plain = decode(file)
        here = np.s_[22:24, 10:12]  # the stroke covers nearly all of these cells
        assert np.abs(kept[here] - plain[here]).mean() < 0.1 * np.abs(own[here] - plain[here]).mean()
        # Back at a scene nothing of it stays.
        studio.choose_scene(2)
        expect(page.locator("#own")).to_be_hidden()
        expect(layer).to_be_hidden()
        # The file that was painted here opens again, with what this browser knows of it.
        drop(studio, file, "own.png", "image/png")
        expect(page.locator("#own")).to_be_visible()
        studio.wait_for_picture()
        assert parse_picture(studio.picture()) == parse_picture(read_document(file))


def test_a_pasted_and_a_chosen_image_on_a_phone(browser: Browser, server: StudioServer) -> None:
    with open_studio(browser, server, (390, 844), touch=True, path=PATH, prepare=hasten) as studio:
        page = studio.page
        page.evaluate(PASTE, [base64.b64encode(photo(server, "PNG")).decode(), "image/png"])
        pasted = wait_for_own(studio)
        studio.choose("tree")
        studio.paint(STROKE)
        page.locator("#share-open-sheet").tap()
        with page.expect_file_chooser() as chooser:
            page.locator("#share-own").tap()
        chooser.value.set_files({"name": "b.webp", "mimeType": "image/webp", "buffer": photo(server, "WEBP", 21)})
        page.wait_for_function(
            "base => { const h = JSON.parse(localStorage.getItem('unitbrush.history'));"
            " const b = h.scenes[h.states[h.position][0]].base; return b && b.float16 !== base; }",
            arg=pasted["base"]["float16"],
        )
        studio.wait_for_picture()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_it_goes_on_when_the_page_is_loaded_again_until_it_is_stopped(browser: Browser, server: StudioServer) -> None:
    with open_studio(browser, server, path=PATH, prepare=lambda page: hasten(page, 1000)) as studio:
        page = studio.page
        drop(studio, photo(server, "GIF"), "a.gif", "image/gif")
        expect(page.locator("#own-job progress")).to_be_visible()
        studio.reload()
        expect(page.locator("#own-job progress")).to_be_visible()
        job = page.evaluate("localStorage.getItem('unitbrush.job.own')")
        with page.expect_response(lambda answer: answer.request.method == "DELETE") as ended:
            page.locator("#own-job .icon").click()
        assert ended.value.url.endswith(job)
        expect(page.locator("#own-job")).to_be_hidden()


@pytest.mark.parametrize("problem", ["begin", "job"])
def test_what_goes_wrong_is_told(browser: Browser, server: StudioServer, problem: str) -> None:
    why = {"type": "urn:x", "title": "Bad", "status": 422, "detail": "the image is of no use"}
    failed = {"id": "j", "kind": "invert", "state": "failed", "done": 0, "total": 0, "seconds_left": None}

    def answer(route: Route) -> None:
        event = {**failed, "preview": None, "result": None, "problem": why}
        route.fulfill(body=f"data: {json.dumps(event)}\n\n", content_type="text/event-stream")

    with open_studio(browser, server, path=PATH, may_complain=True) as studio:
        page = studio.page
        begun = {"status": 422, "json": why} if problem == "begin" else {"status": 202, "json": {"id": "j"}}
        page.route("**/api/v1/invert", lambda route: route.fulfill(**begun))
        page.route("**/jobs/j/events", answer)
        before = studio.shown()
        drop(studio, photo(server), "photo.jpg", "image/jpeg")
        studio.wait_for_notice("the image is of no use")
        expect(page.locator("#own-job")).to_be_hidden()
        assert studio.shown() == before
