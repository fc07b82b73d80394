"""axe-core's verdict on every part of the page, in both themes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.booth import IDLE, hold_seconds, let_seconds_pass
from tests.browser.server import StudioServer
from tests.browser.studio import Studio, open_studio

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")
# Of what is in order axe need not tell each element.
RUN = "(rules) => axe.run({resultTypes: ['violations'], ...rules}).then(({violations}) => violations)"
COLOURS = {"runOnly": ["color-contrast"]}
STROKE = [(0.7, 0.62), (0.76, 0.7)]
sizes = pytest.mark.parametrize("size", [(1280, 800), (390, 844)])


def violations(studio: Studio) -> list[str]:
    """Serious and critical ones, with what they are about: of every rule in the light theme, and of colours, which are
    all that differs, in the dark one."""
    page = studio.page
    if not page.evaluate("typeof axe !== 'undefined'"):
        page.evaluate(AXE)
    results: list[dict[str, Any]] = page.evaluate(RUN, {})
    page.emulate_media(color_scheme="dark")
    results += page.evaluate(RUN, COLOURS)
    page.emulate_media(color_scheme="light")
    return [
        f"{violation['id']}: {[node['target'] for node in violation['nodes']]}"
        for violation in results
        if violation["impact"] in ("serious", "critical")
    ]


@sizes
def test_axe_finds_nothing_serious(browser: Browser, server: StudioServer, size: tuple[int, int]) -> None:
    with open_studio(browser, server, size, color_scheme="light") as studio:
        page = studio.page
        assert violations(studio) == []
        studio.choose("tree")
        studio.paint(STROKE)
        page.locator("#mode-remove").click()
        page.locator("#edits [data-action=open]").click()
        page.locator("#split-toggle").click()
        page.locator("#more summary").click()
        page.locator("#about summary").click()
        assert violations(studio) == []
        page.locator("#help-open").click()
        assert violations(studio) == []
        page.keyboard.press("Escape")
        page.locator("#share-open-sheet").click()
        assert violations(studio) == []
        page.locator("#share-link").click()
        studio.wait_for_notice("")
        assert violations(studio) == []


@sizes
def test_axe_on_scenes_and_units(browser: Browser, server: StudioServer, size: tuple[int, int]) -> None:
    season = {"name": "season", "title": "Season", "low": "winter", "high": "autumn", "range": [-2, 2]}

    def prepare(page: Page) -> None:
        page.route("**/directions", lambda route: route.fulfill(json={"directions": [season]}))

    with open_studio(browser, server, size, prepare=prepare, color_scheme="light") as studio:
        page = studio.page
        expect(page.locator("#directions input")).to_be_visible()
        page.locator("#mix").click()
        assert violations(studio) == []
        page.locator("#mix").click()
        page.locator("#nearby").click()
        expect(page.locator("#neighbours img")).not_to_have_count(0)
        page.keyboard.press("v")
        expect(page.locator("#variations img")).to_have_count(6)
        assert violations(studio) == []
        page.locator("#inspect").click()
        assert violations(studio) == []
        page.mouse.click(*studio.at((0.3, 0.4)))
        expect(page.locator(".unit")).not_to_have_count(0)
        assert violations(studio) == []


@sizes
def test_axe_on_a_booth(browser: Browser, server: StudioServer, size: tuple[int, int]) -> None:
    options = {"color_scheme": "light", "prepare": hold_seconds}
    with open_studio(browser, server, size, path=f"/?booth=1&idle={IDLE}", **options) as studio:
        page = studio.page
        expect(page.locator("#booth-invitation")).to_be_visible()
        assert violations(studio) == []
        page.mouse.click(*studio.at((0.5, 0.5)))
        studio.wait_for_picture()
        page.locator("#qr-open").click()
        expect(page.locator("#qr-code svg")).to_be_visible()
        assert violations(studio) == []
        page.locator("#qr-close").click()
        let_seconds_pass(page, IDLE - 5)
        expect(page.locator("#booth-warning")).to_be_visible()
        assert violations(studio) == []


def test_axe_would_find_something(studio: Studio) -> None:
    studio.page.evaluate("document.getElementById('undo').removeAttribute('aria-label')")
    studio.page.evaluate("document.getElementById('undo').removeAttribute('title')")
    assert any("button-name" in violation for violation in violations(studio))
