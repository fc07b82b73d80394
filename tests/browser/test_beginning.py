"""The page comes up by itself, whatever the server does meanwhile, its first picture before the rest."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Route

from tests.browser.server import StudioServer
from tests.browser.studio import Pixels, Studio, decode, open_studio

STROKE = [(0.7, 0.62), (0.76, 0.7)]
PARTS = ["js/main.js", "js/painting/painter.js", "i18n/en.json", "api/v1/models", "api/v1/models/*/concepts"]
PAINTED = """() => {
    const history = JSON.parse(localStorage.getItem("unitbrush.history") ?? "null");
    return history?.states.at(-1)[1].length > 0;
}"""
FIRST = "() => performance.getEntriesByName('unitbrush:first-picture')[0]?.startTime"


@pytest.mark.parametrize("part", PARTS)
def test_the_server_restarts_in_the_middle_of_loading(browser: Browser, own_server: StudioServer, part: str) -> None:
    with open_studio(browser, own_server, path="/readyz", wait=False, may_complain=True) as studio:
        killed: list[str] = []

        def kill(route: Route) -> None:
            if not killed:
                own_server.kill()
                killed.append(route.request.url)
            route.continue_()

        studio.page.route(f"**/{part}", kill)
        studio.page.goto(own_server.url + "/?booth=1", wait_until="commit")
        for _ in range(100):
            if killed:
                break
            studio.page.wait_for_timeout(100)
        assert killed
        studio.page.wait_for_timeout(1000)
        own_server.start()
        studio.settle()
        studio.page.wait_for_function(PAINTED, timeout=60_000)
        assert studio.page.locator("#palette [data-value=tree]").is_visible()
        assert studio.page.locator("#mode-draw").inner_text().strip() == "Draw"


def test_a_link_opened_while_the_server_is_away_is_not_lost(browser: Browser, own_server: StudioServer) -> None:
    kept = own_server.post("pictures", {"seed": 3, "edits": [{"op": "draw", "concept": "tree", "mask": None}]})
    with open_studio(browser, own_server, path="/readyz", wait=False, may_complain=True) as studio:
        studio.page.route("**/api/v1/pictures/*", lambda route: route.abort())
        studio.page.goto(f"{own_server.url}/?picture={kept['id']}")
        studio.page.locator("#offline").wait_for()
        studio.page.unroute("**/api/v1/pictures/*")
        studio.settle()
        assert studio.picture()["seed"] == 3
        assert len(studio.picture()["edits"]) == 1


def test_the_first_picture_does_not_wait_for_the_rest_of_the_studio(browser: Browser, server: StudioServer) -> None:
    with open_studio(browser, server, path="/readyz", wait=False) as studio:
        held: list[Route] = []

        def hold(route: Route) -> None:
            held.append(route)

        studio.page.route("**/js/painting/painter.js", hold)
        studio.page.goto(server.url, wait_until="commit")
        assert studio.page.wait_for_function(FIRST, timeout=60_000).json_value() > 0
        held[0].continue_()
        studio.settle()


@contextmanager
def without_scripts(page: Page) -> Iterator[list[Route]]:
    """The page's modules wait as long as this lasts."""
    held: list[Route] = []
    over = False

    def hold(route: Route) -> None:
        if over:
            route.continue_()
        else:
            held.append(route)

    page.route("**/*.js", hold)
    yield held
    over = True
    for route in held:
        route.continue_()


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
    with open_studio(browser, server, path="/readyz", wait=False) as studio:
        with without_scripts(studio.page):
            studio.page.goto(server.url + path, wait_until="commit")
            studio.page.wait_for_function("() => document.getElementById('first')?.complete")
            early = on_the_screen(studio.page, image.shape[0])
            asked = [urlsplit(url).path for url in studio.requests]
            assert unlike(early, image) < 0.5 * others
        studio.settle()
        assert asked.index(f"/api/v1/models/village/images/{seed}") < asked.index("/js/beginning.js")
        # The very picture goes on, in the canvas.
        assert studio.page.locator("#first").count() == 0
        assert unlike(on_the_screen(studio.page, image.shape[0]), image) < 0.5 * others
        assert studio.page.locator("#seed").input_value() == str(seed)


def test_a_picture_kept_on_the_server_is_there_before_any_script(browser: Browser, server: StudioServer) -> None:
    edits = [{"op": "draw", "concept": "tree", "mask": None}]
    kept = server.post("pictures", {"seed": 3, "edits": edits})
    image = decode(server.render({"seed": 3, "edits": edits}))
    with open_studio(browser, server, path="/readyz", wait=False) as studio:
        with without_scripts(studio.page):
            studio.page.goto(f"{server.url}/?picture={kept['id']}", wait_until="commit")
            studio.page.wait_for_function("() => document.getElementById('first')?.complete")
            early = on_the_screen(studio.page, image.shape[0])
            assert unlike(early, image) < 0.5 * unlike(early, image_of(server, 3))
        studio.settle()
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
            studio.page.locator("#notices .notice").wait_for()
            url = studio.page.evaluate("navigator.clipboard.readText()")
            studio.page.evaluate("localStorage.clear()")
            studio.page.goto(server.url + "/readyz")
        with without_scripts(studio.page) as held:
            studio.page.goto(url, wait_until="commit")
            studio.page.wait_for_selector("#picture")
            while len(held) < 5:
                studio.page.wait_for_timeout(50)
            assert studio.page.locator("#first").count() == 0
        studio.settle()
        assert studio.shown() == painted


def test_a_page_that_began_does_not_begin_again(studio: Studio) -> None:
    studio.page.evaluate("window.same = true")
    studio.choose("tree")
    studio.paint(STROKE)
    studio.page.wait_for_timeout(4000)
    assert studio.page.evaluate("window.same") is True
