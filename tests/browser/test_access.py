"""axe-core's verdict on every part of the page, in both themes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright.sync_api import Browser

from tests.browser.server import StudioServer
from tests.browser.studio import Studio, open_studio

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")
STROKE = [(0.7, 0.62), (0.76, 0.7)]


def violations(studio: Studio) -> list[str]:
    """Serious and critical ones, with what they are about."""
    if not studio.page.evaluate("typeof axe !== 'undefined'"):
        studio.page.evaluate(AXE)
    found: dict[str, Any] = studio.page.evaluate("axe.run()")
    return [
        f"{violation['id']}: {[node['target'] for node in violation['nodes']]}"
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1280, 800), (390, 844)])
def test_axe_finds_nothing_serious(browser: Browser, server: StudioServer, theme: str, size: tuple[int, int]) -> None:
    with open_studio(browser, server, size, color_scheme=theme, reduced_motion="reduce") as studio:
        page = studio.page
        assert violations(studio) == []
        studio.choose("tree")
        studio.paint(STROKE)
        page.locator("#mode-remove").click()
        page.locator("#edits [data-action=open]").click()
        page.locator("#split-toggle").click()
        assert violations(studio) == []
        page.locator("#help-open").click()
        assert violations(studio) == []
        page.keyboard.press("Escape")
        page.locator("#share-open-sheet").click()
        assert violations(studio) == []
        page.locator("#share-link").click()
        page.locator("#notices .notice").wait_for()
        assert violations(studio) == []


def test_axe_would_find_something(studio: Studio) -> None:
    studio.page.evaluate("document.getElementById('undo').removeAttribute('aria-label')")
    studio.page.evaluate("document.getElementById('undo').removeAttribute('title')")
    assert any("button-name" in violation for violation in violations(studio))
