"""Waiting for states, never for a time: a machine that does much else besides is slow, not broken."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, Route, expect

PATIENCE = 120.0  # seconds until a state that does not come counts as missing
expect.set_options(timeout=1000 * PATIENCE)


def wait_until(page: Page, holds: Callable[[], bool], what: str) -> None:
    """Wait until something holds that only the test can tell; the browser's events are handled meanwhile."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, f"this did not come: {what}"
        page.wait_for_timeout(50)


@contextmanager
def stalled(page: Page, address: str) -> Iterator[list[Route]]:
    """Requests for that address wait as long as this lasts; gives those that do."""
    waiting: list[Route] = []
    over = False

    def stall(route: Route) -> None:
        if over:
            route.continue_()
        else:
            waiting.append(route)

    page.route(address, stall)
    yield waiting
    over = True
    for route in waiting:
        route.continue_()
