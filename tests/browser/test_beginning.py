"""The page comes up by itself, whatever the server does meanwhile, its first picture before the rest."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Route

from tests.browser.server import StudioServer
from tests.browser.studio import Studio, open_studio

STROKE = [(0.7, 0.62), (0.76, 0.7)]
PARTS = ["js/main.js", "js/painter.js", "css/layout.css", "i18n/en.json", "api/v1/models", "api/v1/models/*/concepts"]
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
        studio.page.wait_for_timeout(2000)
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

        studio.page.route("**/js/painter.js", hold)
        studio.page.goto(server.url, wait_until="commit")
        assert studio.page.wait_for_function(FIRST, timeout=60_000).json_value() > 0
        held[0].continue_()
        studio.settle()


def test_a_page_that_began_does_not_begin_again(studio: Studio) -> None:
    studio.page.evaluate("window.same = true")
    studio.choose("tree")
    studio.paint(STROKE)
    studio.page.wait_for_timeout(4000)
    assert studio.page.evaluate("window.same") is True
