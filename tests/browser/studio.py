"""The studio as a person uses it: strokes, buttons, keys, and what is then on the screen."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, CDPSession, Locator, Page, expect

from tests.browser.server import StudioServer
from tests.browser.waiting import PATIENCE

Point = tuple[float, float]
Pixels = NDArray[np.float64]
DROP = """([data, name, type]) => {
    const bytes = Uint8Array.from(atob(data), c => c.charCodeAt(0));
    const transfer = new DataTransfer();
    transfer.items.add(new File([bytes], name, {type}));
    window.dispatchEvent(new DragEvent("drop", {dataTransfer: transfer, bubbles: true, cancelable: true}));
}"""
TINTED = """([x, y]) => {
    const c = document.getElementById("tint");
    return c.getContext("2d").getImageData(Math.floor(x * c.width), Math.floor(y * c.height), 1, 1).data[3] > 0;
}"""
# Notices go by themselves; what they said stays here.
RECORD_NOTICES = """
window.noticed = [];
new MutationObserver((records) => {
  for (const node of records.flatMap(({ addedNodes }) => [...addedNodes]))
    if (node instanceof Element && node.matches(".notice")) noticed.push(node.querySelector("p").textContent);
}).observe(document, { childList: true, subtree: true });
"""


class Studio:
    """An open page. Points are the picture's, 0..1, y down."""

    def __init__(self, page: Page, context: BrowserContext, touch: bool, listening: bool = False) -> None:
        self.page = page
        self.context = context
        self.touch = touch
        self.errors: list[str] = []
        self._requests: list[str] | None = None
        self._fingers: CDPSession | None = None
        page.add_init_script(RECORD_NOTICES)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: self._heard(message.type, message.text))
        if listening:
            self._requests = requests = []
            context.on("request", lambda request: requests.append(request.url))
            page.on("websocket", lambda socket: requests.append(socket.url))

    def _heard(self, kind: str, text: str) -> None:
        # A page that is loaded again while it saves a step does not hear that the server has it, and asks once more.
        # The server's 412 tells it so; it is no fault, but Chromium lists it with them.
        if kind == "error" and "412 (Precondition Failed)" not in text:
            self.errors.append(text)

    @property
    def requests(self) -> list[str]:
        """The addresses asked for so far, of a page that is listened to."""
        assert self._requests is not None, "nobody listens to this page"
        return self._requests

    @property
    def stage(self) -> Locator:
        """The picture."""
        return self.page.locator("#stage")

    def wait_until_ready(self) -> None:
        """Wait until the page says that it can be used: brushes, sliders and the first picture are there."""
        expect(self.page.locator("html[data-ready]")).to_be_attached()
        self.wait_for_picture()

    def wait_for_picture(self) -> None:
        """Wait until the finished picture is on the screen."""
        expect(self.page.locator("#stage[data-shown=final]")).to_be_attached()

    def wait_for_edits(self, count: int) -> None:
        """Wait until the present picture has that many edits and is on the screen."""
        self.page.wait_for_function(
            """count => {
                const history = JSON.parse(localStorage.getItem('unitbrush.history'));
                return history?.states[history.position][1].length === count;
            }""",
            arg=count,
        )
        self.wait_for_picture()

    def wait_for_scene(self, seed: int) -> None:
        """Wait until the present picture is of that scene and on the screen."""
        self.page.wait_for_function(
            """seed => {
                const history = JSON.parse(localStorage.getItem('unitbrush.history'));
                return history && history.scenes[history.states[history.position][0]].seed === seed;
            }""",
            arg=seed,
        )
        self.wait_for_picture()

    def wait_for_notice(self, words: str) -> None:
        """Wait until the page has said something with these words, since it was loaded."""
        self.page.wait_for_function("words => window.noticed.some((text) => text.includes(words))", arg=words)

    def wait_until_shown(self, url: str) -> None:
        """Wait until the canvas shows these very pixels, as `shown` gave them."""
        self.page.wait_for_function("url => document.getElementById('picture').toDataURL('image/png') === url", arg=url)

    def wait_for_tint(self, *points: Point) -> None:
        """Wait until paint or a map lies over the picture at these points."""
        self.page.wait_for_function(f"(points) => points.every({TINTED})", arg=points)

    def wait_for_no_tint(self, *points: Point) -> None:
        """Wait until nothing lies over the picture at these points."""
        self.page.wait_for_function(f"(points) => !points.some({TINTED})", arg=points)

    def reload(self) -> None:
        """Load the page again."""
        self.page.reload()
        self.wait_until_ready()

    def choose(self, concept: str, mode: str = "draw", tool: str = "brush") -> None:
        """Take a brush."""
        self.page.bring_to_front()
        self.page.locator(f"#mode-{mode}").click()
        self.page.locator(f"#tools [data-value={tool}]").click()
        self.page.locator(f"#palette [data-value={concept}]").click()

    def choose_scene(self, place: int) -> int:
        """Choose a scene of the strip that is not the present one; gives its seed."""
        self.page.bring_to_front()
        button = self.page.locator("#scenes [aria-pressed=false]").nth(place)
        seed = int(button.get_attribute("data-seed") or "")
        button.click()
        self.wait_for_picture()
        return seed

    def at(self, point: Point) -> Point:
        """Where a point of the picture lies on the page."""
        box = self.stage.bounding_box()
        assert box is not None
        return box["x"] + point[0] * box["width"], box["y"] + point[1] * box["height"]

    def press_along(self, points: Sequence[Point]) -> None:
        """Set the brush down at the first point and drag it along, without lifting it."""
        if self.touch:
            self._touch("touchStart", points[0])
        else:
            self.page.mouse.move(*self.at(points[0]))
            self.page.mouse.down()
        self.drag(points[1:])

    def drag(self, points: Sequence[Point]) -> None:
        """Drag on a brush that is down."""
        for point in points:
            if self.touch:
                self._touch("touchMove", point)
            else:
                self.page.mouse.move(*self.at(point), steps=4)

    def lift(self) -> None:
        """Lift the brush."""
        if self.touch:
            self._touch("touchEnd", None)
        else:
            self.page.mouse.up()

    def paint(self, points: Sequence[Point]) -> None:
        """A whole stroke, and the finished picture."""
        self.press_along(points)
        self.lift()
        self.wait_for_picture()

    def click(self, selector: str) -> None:
        """Press a button and wait for the finished picture; a tab that is not in front hardly draws any."""
        self.page.bring_to_front()
        self.page.locator(selector).click()
        self.wait_for_picture()

    def fill(self, selector: str, value: str) -> None:
        """Put a slider somewhere, or a text into a field, and wait for the finished picture."""
        self.page.locator(selector).fill(value)
        self.wait_for_picture()

    def shown(self) -> str:
        """The canvas as a PNG data URL: equal strings are equal pixels."""
        url: str = self.page.evaluate("document.getElementById('picture').toDataURL('image/png')")
        return url

    def pixels(self) -> Pixels:
        """The canvas, (side, side, 3), 0..255."""
        return decode(base64.b64decode(self.shown().split(",")[1]))

    def picture(self) -> dict[str, Any]:
        """The present document, from the browser's storage."""
        history = json.loads(self.page.evaluate("localStorage.getItem('unitbrush.history')"))
        scene, edits = history["states"][history["position"]]
        return {**history["scenes"][scene], "edits": [history["edits"][edit] for edit in edits]}

    def download(self) -> bytes:
        """The file that the download button gives."""
        with self.page.expect_download() as download:
            self.page.locator("#download").click()
        return download.value.path().read_bytes()

    def _touch(self, kind: str, point: Point | None) -> None:
        if self._fingers is None:
            self._fingers = self.context.new_cdp_session(self.page)
        x, y = self.at(point) if point else (0.0, 0.0)
        self._fingers.send(
            "Input.dispatchTouchEvent",
            {"type": kind, "touchPoints": [{"x": x, "y": y}] if point else []},
        )


@contextmanager
def open_studio(
    browser: Browser,
    server: StudioServer,
    size: tuple[int, int] = (1280, 800),
    touch: bool = False,
    path: str | None = None,
    host: str = "127.0.0.1",
    prepare: Callable[[Page], object] = lambda page: None,
    may_complain: bool = False,
    listening: bool = False,
    **options: Any,
) -> Iterator[Studio]:
    """The studio in a fresh profile, ready, at a calm scene unless a path says otherwise.

    prepare: is given the page before anything is loaded. listening: whether `requests` are collected, which takes a
    tenth of a page's processor time.

    Afterwards the console is clean unless the test breaks things on purpose (`may_complain`). A request to anywhere
    else would be told there: the browser finds no other host than the server's.
    """
    with empty_page(browser, server, size, touch, host, may_complain, listening, **options) as studio:
        prepare(studio.page)
        studio.page.goto(f"http://{host}:{server.port}" + (calm(server) if path is None else path))
        studio.wait_until_ready()
        yield studio


@contextmanager
def empty_page(
    browser: Browser,
    server: StudioServer,
    size: tuple[int, int] = (1280, 800),
    touch: bool = False,
    host: str = "127.0.0.1",
    may_complain: bool = False,
    listening: bool = False,
    **options: Any,
) -> Iterator[Studio]:
    """As `open_studio`, for a test that loads the studio itself, as it looks at how that goes.

    Nothing is animated unless a test says so: frames that only move cost a tenth of a page's processor time.
    """
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        has_touch=touch,
        locale=options.pop("locale", "en-GB"),
        reduced_motion=options.pop("reduced_motion", "reduce"),
        **options,
    )
    context.set_default_timeout(1000 * PATIENCE)
    studio = Studio(context.new_page(), context, touch, listening)
    try:
        yield studio
        if listening:
            hosts = {urlsplit(u).netloc for u in studio.requests if not u.startswith(("blob:", "data:"))}
            assert hosts == {f"{host}:{server.port}"}, f"requests went to {hosts}"
        if not may_complain:
            assert studio.errors == [], f"the console says {studio.errors}"
    finally:
        context.close()


def calm(server: StudioServer) -> str:
    """The path of the studio at a calm scene."""
    return f"/?seed={server.calm_seed()}"


def drop(studio: Studio, data: bytes, name: str, kind: str) -> None:
    """Drop a file on the page."""
    studio.page.evaluate(DROP, [base64.b64encode(data).decode(), name, kind])


def decode(png: bytes) -> Pixels:
    """An image file as (height, width, 3), 0..255."""
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), np.float64)


def change(before: Pixels, after: Pixels, centre: Point, inner: float, outer: float) -> tuple[float, float]:
    """Mean absolute change of the pixels within `inner` of the centre, and of those farther than `outer`."""
    side = before.shape[0]
    grid = (np.arange(side) + 0.5) / side
    distance = np.hypot(grid[None, :] - centre[0], grid[:, None] - centre[1])  # (side, side)
    difference = np.abs(after - before).mean(2)  # (side, side)
    return float(difference[distance < inner].mean()), float(difference[distance > outer].mean())
