"""The page comes up by itself, whatever the server does meanwhile, its first picture before the rest."""

from __future__ import annotations

import io
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.server import StudioServer
from tests.browser.studio import Pixels, calm, decode, empty_page, open_studio
from tests.browser.test_booth import wait_for_a_painted_picture
from tests.browser.waiting import stalled, wait_until

STROKE = [(0.7, 0.62), (0.76, 0.7)]
PARTS = ["js/main.js", "i18n/en.json", "api/v1/models/*/concepts"]
FIRST = "() => performance.getEntriesByName('unitbrush:first-picture')[0]?.startTime"
IMAGE_IS_THERE = "() => document.getElementById('first')?.complete"
SCRIPTS = "**/*.js"


@pytest.mark.parametrize("part", PARTS)
def test_the_server_restarts_in_the_middle_of_loading(browser: Browser, own_server: StudioServer, part: str) -> None:
    with empty_page(browser, own_server, may_complain=True) as studio:
        killed: list[str] = []

        def kill(route: Route) -> None:
            if not killed:
                own_server.kill()
                killed.append(route.request.url)
            route.continue_()

        studio.page.route(f"**/{part}", kill)
        studio.page.goto(own_server.url + "/?booth=1", wait_until="commit")
        expect(studio.page.locator("#offline")).to_be_visible()
        assert killed
        own_server.start()
        studio.wait_until_ready()
        wait_for_a_painted_picture(studio)
        expect(studio.page.locator("#palette [data-value=tree]")).to_be_visible()
        expect(studio.page.locator("#mode-draw")).to_have_text("Draw", use_inner_text=True)


def test_a_link_opened_while_the_server_is_away_is_not_lost(browser: Browser, own_server: StudioServer) -> None:
    stored = own_server.post("pictures", {"seed": 3, "edits": [{"op": "draw", "concept": "tree", "mask": None}]})
    with empty_page(browser, own_server, may_complain=True) as studio:
        studio.page.route("**/api/v1/pictures/*", lambda route: route.abort())
        studio.page.goto(f"{own_server.url}/?picture={stored['id']}")
        expect(studio.page.locator("#offline")).to_be_visible()
        studio.page.unroute("**/api/v1/pictures/*")
        studio.wait_until_ready()
        assert studio.picture()["seed"] == 3
        assert len(studio.picture()["edits"]) == 1


def test_the_first_picture_does_not_wait_for_the_rest_of_the_studio(browser: Browser, server: StudioServer) -> None:
    with empty_page(browser, server) as studio:
        with stalled(studio.page, "**/js/painting/painter.js"):
            studio.page.goto(server.url, wait_until="commit")
            assert studio.page.wait_for_function(FIRST).json_value() > 0
        studio.wait_until_ready()


def ready_two_frames_on(page: Page) -> bool:
    """Whether the page says that it can be used, and will not say so of what it has."""
    ready: bool = page.evaluate(
        """async () => {
            for (let i = 0; i < 3; i += 1) await new Promise((resolve) => requestAnimationFrame(resolve));
            return "ready" in document.documentElement.dataset;
        }"""
    )
    return ready


@pytest.mark.parametrize("part", ["models/*/concepts", "models/*/directions", "render?format=png"])
def test_the_page_is_ready_once_brushes_sliders_and_picture_are_there(
    browser: Browser, server: StudioServer, part: str
) -> None:
    picture = "render?format=png"
    others = {"models/*/concepts", "models/*/directions", picture} - {part}
    if part == picture:  # the others are asked for once the first picture is there
        others = set()
    with empty_page(browser, server) as studio:
        answered: list[str] = []
        studio.page.on("requestfinished", lambda request: answered.append(request.url))
        with stalled(studio.page, f"**/api/v1/{part}") as waiting:
            studio.page.goto(server.url + calm(server), wait_until="commit")
            wait_until(studio.page, lambda: bool(waiting), "a request for the missing part")
            for other in others:
                ending = other.split("*")[-1]
                wait_until(studio.page, lambda end=ending: any(url.endswith(end) for url in answered), other)
            assert not ready_two_frames_on(studio.page)
        studio.wait_until_ready()
        assert studio.page.locator("#palette [role=radio]").count() > 5


def on_the_screen(page: Page, side: int) -> Pixels:
    """The stage as a screenshot has it, without the corners' rounding, (side, side, 3)."""
    shot = Image.open(io.BytesIO(page.locator("#stage").screenshot())).convert("RGB").resize((side, side))
    return np.asarray(shot, np.float64)


def unlike(shot: Pixels, image: Pixels) -> float:
    """How far what is on the screen is from an image, but for its corners: mean of 0..255."""
    inner = slice(8, -8)
    return float(np.abs(shot - image)[inner, inner].mean())


def scenes(server: StudioServer) -> list[int]:
    """The seeds that the model begins with."""
    return [*server.get("models")["models"][0]["scenes"], 7]


def image_of(server: StudioServer, seed: int) -> Pixels:
    return decode(server.render({"seed": seed, "edits": []}))


@pytest.mark.parametrize("path", ["/", "/?seed=42"])
def test_the_first_picture_is_there_before_any_script(browser: Browser, server: StudioServer, path: str) -> None:
    seed = 42 if "seed" in path else scenes(server)[0]
    image = image_of(server, seed)
    others = min(unlike(image_of(server, other), image) for other in range(10) if other != seed)
    with empty_page(browser, server, listening=True) as studio:
        with stalled(studio.page, SCRIPTS):
            studio.page.goto(server.url + path, wait_until="commit")
            studio.page.wait_for_function(IMAGE_IS_THERE)
            assert unlike(on_the_screen(studio.page, image.shape[0]), image) < 0.5 * others
        studio.wait_until_ready()
        asked = [urlsplit(url).path for url in studio.requests]
        assert asked.index(f"/api/v1/models/village/images/{seed}") < asked.index("/js/beginning.js")
        # The very picture goes on, in the canvas.
        expect(studio.page.locator("#first")).to_have_count(0)
        assert unlike(on_the_screen(studio.page, image.shape[0]), image) < 0.5 * others
        expect(studio.page.locator("#seed")).to_have_value(str(seed))


def test_a_picture_stored_on_the_server_is_there_before_any_script(browser: Browser, server: StudioServer) -> None:
    edits = [{"op": "draw", "concept": "tree", "mask": None}]
    stored = server.post("pictures", {"seed": 3, "edits": edits})
    image = decode(server.render({"seed": 3, "edits": edits}))
    with empty_page(browser, server) as studio:
        with stalled(studio.page, SCRIPTS):
            studio.page.goto(f"{server.url}/?picture={stored['id']}", wait_until="commit")
            studio.page.wait_for_function(IMAGE_IS_THERE)
            early = on_the_screen(studio.page, image.shape[0])
            assert unlike(early, image) < 0.5 * unlike(early, image_of(server, 3))
        studio.wait_until_ready()
        assert len(studio.picture()["edits"]) == 1


@pytest.mark.parametrize("come", ["reload", "link"])
def test_no_other_picture_stands_before_the_right_one(browser: Browser, server: StudioServer, come: str) -> None:
    with open_studio(browser, server, permissions=["clipboard-read", "clipboard-write"]) as studio:
        studio.choose("tree")
        studio.paint(STROKE)
        painted = studio.shown()
        url = server.url
        if come == "link":
            studio.page.locator("#share-open-sheet").click()
            studio.page.locator("#share-link").click()
            studio.wait_for_notice("copied")
            url = studio.page.evaluate("navigator.clipboard.readText()")
            studio.page.evaluate("localStorage.clear()")
            studio.page.goto(server.url + "/readyz")
        with stalled(studio.page, SCRIPTS):
            studio.page.goto(url, wait_until="commit")
            # The whole page has been read, and what stands in it has run.
            expect(studio.page.locator("#picture")).to_be_attached()
            studio.page.wait_for_function("() => document.readyState !== 'loading'")
            expect(studio.page.locator("#first")).to_have_count(0)
        studio.wait_until_ready()
        assert studio.shown() == painted


def test_a_picture_of_a_model_that_is_not_there_leaves_a_studio(browser: Browser, server: StudioServer) -> None:
    stranger = "/#j=eyJtb2RlbCI6Im5vIHN1Y2giLCJzZWVkIjozLCJlZGl0cyI6W119"  # {"model":"no such","seed":3,"edits":[]}
    with open_studio(browser, server, path=stranger, may_complain=True) as studio:
        studio.wait_for_notice("no such")
        studio.choose("tree")
        studio.paint(STROKE)
        assert studio.picture()["model"] == "village"


def test_a_page_that_began_does_not_begin_again(browser: Browser, server: StudioServer) -> None:
    with open_studio(browser, server, prepare=lambda page: page.clock.install()) as studio:
        studio.page.evaluate("window.same = true")
        studio.choose("tree")
        studio.paint(STROKE)
        studio.page.clock.run_for(120_000)
        studio.paint(STROKE)
        assert studio.page.evaluate("window.same") is True


def test_a_page_that_does_not_begin_is_loaded_again(browser: Browser, server: StudioServer) -> None:
    with empty_page(browser, server) as studio:
        studio.page.clock.install()
        with stalled(studio.page, "**/js/main.js") as waiting:
            studio.page.goto(server.url, wait_until="commit")
            wait_until(studio.page, lambda: bool(waiting), "the request for the script")
            studio.page.evaluate("window.same = true")
            studio.page.clock.run_for(60_000)
            studio.page.wait_for_function("() => !window.same")
        studio.wait_until_ready()
