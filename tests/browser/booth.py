"""A booth whose seconds pass when a test says so: no visitor is gone earlier, however slow the machine."""

from __future__ import annotations

from playwright.sync_api import Page

IDLE = 90  # seconds without a touch until a visitor counts as gone
# What the page would do every second waits for the test.
HOLD_SECONDS = """
window.everySecond = [];
const { setInterval } = window;
window.setInterval = (run, time, ...rest) => (time === 1000 ? everySecond.push(run) : setInterval(run, time, ...rest));
"""


def hold_seconds(page: Page) -> None:
    """To be called before the booth is loaded."""
    page.add_init_script(HOLD_SECONDS)


def let_seconds_pass(page: Page, count: int) -> None:
    """As far as the booth counts them."""
    page.evaluate("count => { for (let i = 0; i < count; i += 1) for (const run of window.everySecond) run(); }", count)
