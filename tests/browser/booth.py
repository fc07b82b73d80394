"""A booth's clock under the tests' control, so that no visitor is gone before a test says so."""

from __future__ import annotations

from playwright.sync_api import Page

LONG_VISIT = 1200  # seconds without a touch until a visitor counts as gone; no test takes so long between two touches


def stop_shortly_before_the_end(page: Page) -> None:
    """Let time pass until the visitor is about to count as gone, and stop the page's clock there.

    The clock has to be playwright's own, `page.clock.install()`.
    """
    page.clock.pause_at(page.evaluate("Date.now()") / 1000 + 60)
    page.keyboard.press("Shift")  # a touch, at a known time
    page.clock.run_for(1000 * (LONG_VISIT - 5))


def let_the_visitor_go(page: Page) -> None:
    """Go on to the second in which the booth begins its show again, and stop there."""
    while page.locator("#booth-invitation").is_hidden():
        page.clock.run_for(1000)
