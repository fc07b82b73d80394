"""The studio as a person uses it: strokes, buttons, keys, and what is then on the screen."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, CDPSession, Locator, Page

from tests.browser.server import StudioServer

Point = tuple[float, float]
Pixels = NDArray[np.float64]
DROP = """([data, name, type]) => {
    const bytes = Uint8Array.from(atob(data), c => c.charCodeAt(0));
    const transfer = new DataTransfer();
    transfer.items.add(new File([bytes], name, {type}));
    window.dispatchEvent(new DragEvent("drop", {dataTransfer: transfer, bubbles: true, cancelable: true}));
}"""


class Studio:
    """An open page. Points are the picture's, 0..1, y down."""

    def __init__(self, page: Page, context: BrowserContext, touch: bool) -> None:
        self.page = page
        self.context = context
        self.touch = touch
        self.errors: list[str] = []
        self.requests: list[str] = []
        self._fingers: CDPSession | None = None
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: self._heard(message.type, message.text))
        context.on("request", lambda request: self.requests.append(request.url))
        page.on("websocket", lambda socket: self.requests.append(socket.url))

    def _heard(self, kind: str, text: str) -> None:
        if kind == "error":
            self.errors.append(text)

    @property
    def stage(self) -> Locator:
        """The picture."""
        return self.page.locator("#stage")

    def settle(self) -> None:
        """Wait until the finished picture is on the screen."""
        self.page.wait_for_selector("#stage[data-shown=final]", timeout=60_000)

    def choose(self, concept: str, mode: str = "draw", tool: str = "brush") -> None:
        """Take a brush."""
        self.page.locator(f"#mode-{mode}").click()
        self.page.locator(f"#tools [data-value={tool}]").click()
        self.page.locator(f"#palette [data-value={concept}]").click()

    def choose_scene(self, place: int) -> int:
        """Choose a scene of the strip that is not the present one; gives its seed."""
        button = self.page.locator("#scenes [aria-pressed=false]").nth(place)
        seed = int(button.get_attribute("data-seed") or "")
        button.click()
        self.settle()
        return seed

    def wait_for_edits(self, count: int) -> None:
        """Wait until the present picture has that many edits and is on the screen."""
        self.page.wait_for_function(
            """count => {
                const {states, position} = JSON.parse(localStorage.getItem('unitbrush.history'));
                return states[position][1].length === count;
            }""",
            arg=count,
        )
        self.settle()

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
        self.settle()

    def click(self, selector: str) -> None:
        """Press a button and wait for the finished picture."""
        self.page.locator(selector).click()
        self.settle()

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
    wait: bool = True,
    may_complain: bool = False,
    **options: Any,
) -> Iterator[Studio]:
    """The studio in a fresh profile, at a calm scene unless a path says otherwise.

    Afterwards: no request has left the server's origin, and the console is clean unless the test breaks things on
    purpose (`may_complain`).
    """
    url = f"http://{host}:{server.port}"
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        has_touch=touch,
        locale=options.pop("locale", "en-GB"),
        **options,
    )
    # A machine that does much else besides is slow, not broken.
    context.set_default_timeout(90_000)
    page = context.new_page()
    studio = Studio(page, context, touch)
    try:
        page.goto(url + (f"/?seed={server.calm_seed()}" if path is None else path))
        if wait:
            studio.settle()
        yield studio
        hosts = {urlsplit(u).netloc for u in studio.requests if not u.startswith(("blob:", "data:"))}
        assert hosts == {urlsplit(url).netloc}, f"requests went to {hosts}"
        if not may_complain:
            assert studio.errors == [], f"the console says {studio.errors}"
    finally:
        context.close()


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
