"""What a browser itself computes, by Chromium's own accounts: processor time, which others hardly change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.async_api import Browser, CDPSession, Page

# Of the page's own thread; `tasks` is all it does, the others with it.
METRICS = {
    "page: tasks": "TaskDuration",
    "page: scripts": "ScriptDuration",
    "page: styles": "RecalcStyleDuration",
    "page: layout": "LayoutDuration",
}


@dataclass(frozen=True)
class Accounts:
    """The two accounts that Chromium keeps: of a page's thread, and of its processes by kind."""

    page: CDPSession
    browser: CDPSession

    async def seconds(self) -> dict[str, float]:
        """Processor time used so far, by what for."""
        metrics = await self.page.send("Performance.getMetrics")
        by_name = {metric["name"]: metric["value"] for metric in metrics["metrics"]}
        used = defaultdict(float, {name: float(by_name[own]) for name, own in METRICS.items()})
        info = await self.browser.send("SystemInfo.getProcessInfo")
        for process in info["processInfo"]:
            used[f"process: {process['type'].lower()}"] += process["cpuTime"]
        return used


async def open_accounts(browser: Browser, page: Page) -> Accounts:
    """Of an open page."""
    session = await page.context.new_cdp_session(page)
    await session.send("Performance.enable", {"timeDomain": "threadTicks"})
    return Accounts(session, await browser.new_browser_cdp_session())


def milliseconds_each(before: Mapping[str, float], after: Mapping[str, float], count: int) -> dict[str, float]:
    """What was used between two moments, in milliseconds for each of so many."""
    return {name: 1e3 * (used - before.get(name, 0)) / max(1, count) for name, used in after.items()}
