"""The painter's view: a drag in a real Chromium on a real server, measured in the page.

The time of a pointer event ends with the first frame whose request was made after the event was handled, and there
when the browser has put that frame on the screen: after the animation frame in which the canvas has it.
"""

from __future__ import annotations

import asyncio
import math
import shutil
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from server.errors import UnitbrushError
from server.lab.bench.costs import milliseconds_each, open_accounts

if TYPE_CHECKING:
    from playwright.async_api import Page, Playwright

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
EVENTS_A_SECOND = 60
MOST_MOVES = 32  # on their way to the browser
PATIENCE = 60_000  # milliseconds
# The brushes have come, and the finished picture is on the screen.
READY = "html[data-ready] #stage[data-shown=final]"
# Whether some frame shows two events of the pointer or more: a time from one to the other can be told then.
SHOWN = """() => watched.frames.some(([frame]) =>
  watched.sent.some(([request, events]) => request === frame && events > 1))"""
# By the page's own image, or by the canvas, which the page marks.
FIRST_PICTURE = """() => {
  const marks = performance.getEntriesByName("unitbrush:first-picture");
  return Math.min(...watched.images, ...marks.map(({ startTime }) => startTime));
}"""

# `events`: when each happened. `sent`: a request's number and how many events had been handled. `frames`: a frame's
# number and when it was on the screen. The last two come of the events that the page sends its window. `images`: when
# the browser had put the page's own image of the picture on the screen.
WATCH = """
const watched = (window.watched = { events: [], sent: [], frames: [], images: [] });
new PerformanceObserver((list) => {
  for (const { identifier, renderTime } of list.getEntries()) {
    if (identifier === "first-picture") watched.images.push(renderTime);
  }
}).observe({ type: "element", buffered: true });
const pointer = (event) => {
  if (!(event.buttons & 1)) return;
  const all = event.getCoalescedEvents?.() ?? [];
  for (const one of all.length ? all : [event]) watched.events.push(one.timeStamp);
};
window.addEventListener("pointermove", pointer, true);
window.addEventListener("unitbrush:sent", ({ detail }) => watched.sent.push([detail.seq, watched.events.length]));
window.addEventListener("unitbrush:frame", ({ detail }) => {
  requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => watched.frames.push([detail.seq, performance.now()]);
    port2.postMessage(null);
  });
});
"""


class NoBrowser(UnitbrushError):
    """What measures in a browser is not installed; the detail says how to install it."""

    slug = "bench-no-browser"
    title = "There is no browser to measure in"


class BrowserFailed(UnitbrushError):
    """The browser could not be started, or the studio did not do in it what it should."""

    slug = "bench-browser-failed"
    title = "The measuring browser failed"


@dataclass(frozen=True)
class Drag:
    """Of one drag: its seconds, the pointer events that a frame shows, from event to frame the median and the 0.9
    quantile in milliseconds, and the frames shown a second.

    first_picture_ms: from asking for the page to its first picture, with nothing cached. costs: the browser's processor
    time, in milliseconds for each frame, by what for.
    """

    browser: str
    first_picture_ms: float
    seconds: float
    events: int
    median_ms: float
    slow_ms: float
    frames_per_second: float
    costs: dict[str, float]


def require_browser() -> None:
    """Raises NoBrowser where playwright or a Chromium is missing."""
    try:
        from playwright.async_api import async_playwright
    except ImportError:
        raise NoBrowser("--browser needs playwright; install it with `pip install playwright`") from None

    async def look() -> None:
        async with async_playwright() as playwright:
            _chromium(playwright)

    asyncio.run(look())


def measure_drag(port: int, seconds: float) -> Drag:
    """Open the studio of the server at that port and drag the first brush over its picture for so many seconds.

    Raises NoBrowser where a Chromium is missing, BrowserFailed, and ImportError without playwright.
    """
    from playwright.async_api import Error

    try:
        return asyncio.run(_measure(port, seconds))
    except Error as error:
        raise BrowserFailed(f"the browser says: {' '.join(str(error).split())[:200]}") from error


async def _measure(port: int, seconds: float) -> Drag:
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        arguments = ["--headless=new", "--disable-background-networking", "--disable-component-update"]
        browser = await playwright.chromium.launch(executable_path=_chromium(playwright), args=arguments)
        page = await browser.new_page(viewport={"width": 1280, "height": 800})
        await page.add_init_script(WATCH)
        await page.goto(f"http://127.0.0.1:{port}/")
        await page.wait_for_selector(READY, timeout=PATIENCE)
        accounts = await open_accounts(browser, page)
        before = await accounts.seconds()
        duration = await _drag(page, seconds)
        costs = await accounts.seconds()
        await page.wait_for_selector(READY, timeout=PATIENCE)
        watched = await page.evaluate("window.watched")
        first = await page.evaluate(FIRST_PICTURE)
        name = f"Chromium {browser.version}"
        await browser.close()
    times = latencies(watched["events"], watched["sent"], watched["frames"])
    slow = statistics.quantiles(times, n=10, method="inclusive")[-1]
    shown = len(watched["frames"])
    each = milliseconds_each(before, costs, shown)
    return Drag(name, first, duration, len(times), statistics.median(times), slow, shown / duration, each)


def latencies(
    events: Sequence[float], sent: Sequence[tuple[int, int]], frames: Sequence[tuple[int, float]]
) -> list[float]:
    """From each event to the frame that shows it, in the unit of the times; events that no frame shows are left out.

    events: their times. sent: by request, its number and how many of the events it shows. frames: by frame in the
    order shown, its request's number and its time.
    """
    shows = dict(sent)
    times: list[float] = []
    for number, shown in frames:
        times += [shown - event for event in events[len(times) : shows.get(number, 0)]]
    return times


def _chromium(playwright: Playwright) -> str:
    """The path of this system's Chromium, or of playwright's own. Raises NoBrowser."""
    own = playwright.chromium.executable_path
    for path in (*map(shutil.which, CHROMIUMS), own if Path(own).is_file() else None):
        if path is not None:
            return path
    raise NoBrowser("--browser needs Chromium; install it with `playwright install chromium`")


async def _drag(page: Page, seconds: float) -> float:
    """Drag on curves over the picture without lifting the brush, for so many seconds and until a frame shows it.
    Returns the seconds it took. Raises playwright's TimeoutError where none comes.

    The pointer does not wait for the page, as a hand does not.
    """
    box = await page.locator("#stage").bounding_box()
    if box is None:
        raise BrowserFailed("the studio shows no picture")
    left, top, width, height = box["x"], box["y"], box["width"], box["height"]

    async def move(t: float) -> None:
        x, y = 0.5 + 0.35 * math.sin(1.7 * t), 0.5 + 0.35 * math.sin(2.3 * t + 1)
        await page.mouse.move(left + x * width, top + y * height)

    await move(0)
    await page.mouse.down()
    begin = time.perf_counter()
    moves: set[asyncio.Task[None]] = set()
    steps = 0
    shown = asyncio.create_task(page.wait_for_function(SHOWN, timeout=PATIENCE))
    while (now := time.perf_counter() - begin) < seconds or not shown.done():
        if len(moves) < MOST_MOVES:
            moves.add(task := asyncio.create_task(move(now)))
            task.add_done_callback(moves.discard)
        steps += 1
        await asyncio.sleep(max(0.0, begin + steps / EVENTS_A_SECOND - time.perf_counter()))
    duration = time.perf_counter() - begin
    await asyncio.gather(*moves, shown)
    await page.mouse.up()
    return duration
