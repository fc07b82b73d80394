"""What the page does while a stroke is dragged: which drafts it asks for, and what it leaves for later."""

from __future__ import annotations

import base64
import io
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser

from tests.browser.server import StudioServer
from tests.browser.studio import Studio, open_studio

# In the place of the live socket: answers at once, or not at all.
SOCKET = """
window.answering = true;
window.asked = [];
window.WebSocket = class extends EventTarget {
  static OPEN = 1;
  constructor() {
    super();
    setTimeout(() => {
      this.readyState = 1;
      this.dispatchEvent(new Event("open"));
    });
  }
  send(text) {
    const { seq, picture } = JSON.parse(text);
    asked.push({ frame, picture });
    if (!answering) return;
    const bytes = Uint8Array.from(atob("JPEG"), (c) => c.charCodeAt(0));
    new DataView(bytes.buffer).setUint32(0, seq);
    queueMicrotask(() => this.dispatchEvent(new MessageEvent("message", { data: bytes.buffer })));
  }
};
window.frame = 0;
requestAnimationFrame(function count() {
  frame += 1;
  requestAnimationFrame(count);
});
"""

# Pointers that move more often than the screen shows something.
MOVE = """async (count) => {
  const stage = document.getElementById("stage");
  const box = stage.getBoundingClientRect();
  for (let i = 1; i <= count; i += 1) {
    const clientX = box.x + box.width * (0.2 + (0.6 * i) / count), clientY = box.y + box.height * 0.6;
    const options = { pointerId: 1, pointerType: "mouse", buttons: 1, bubbles: true, clientX, clientY };
    stage.dispatchEvent(new PointerEvent("pointermove", options));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}"""

# A stroke, and another one that goes on, before any timer fires.
STROKES = """() => {
  const stage = document.getElementById("stage");
  const box = stage.getBoundingClientRect();
  window.fire = (type, x, y) => stage.dispatchEvent(new PointerEvent(type, {
    pointerId: 78, pointerType: "mouse", button: 0, buttons: type === "pointerup" ? 0 : 1, bubbles: true,
    clientX: box.x + box.width * x, clientY: box.y + box.height * y,
  }));
  fire("pointerdown", 0.2, 0.6);
  fire("pointermove", 0.4, 0.6);
  fire("pointerup", 0.4, 0.6);
  fire("pointerdown", 0.2, 0.8);
  fire("pointermove", 0.4, 0.8);
}"""

COUNT_LAYOUTS = """() => {
  window.layouts = [];
  const count = (name, object, key, kind) => {
    const own = Object.getOwnPropertyDescriptor(object, key);
    const real = own[kind];
    Object.defineProperty(object, key, { ...own, [kind]: function (...args) {
      layouts.push(name);
      return real.apply(this, args);
    } });
  };
  count("box", Element.prototype, "getBoundingClientRect", "value");
  count("style", window, "getComputedStyle", "value");
  for (const key of ["clientWidth", "clientHeight"]) count(key, Element.prototype, key, "get");
  for (const key of ["offsetWidth", "offsetHeight", "offsetTop"]) count(key, HTMLElement.prototype, key, "get");
}"""

GROW = """async () => {
  const load = (name) => import(new URL(`js/painting/${name}.js`, document.baseURI).href);
  const [{ createStroke }, { fit }] = await Promise.all([load("strokes"), load("simplifying")]);
  const stroke = createStroke(), points = [], drafts = [];
  for (let i = 0; i < 120; i += 1) {
    points.push([0.5 + 0.3 * Math.cos(0.05 * i), 0.5 + 0.3 * Math.sin(0.05 * i)]);
    stroke.add(points[i], 0.05);
    drafts.push(stroke.draft()[0].points);
  }
  return { points, drafts, whole: stroke.strokes(), fitted: fit([{ points, radius: 0.05 }]) };
}"""
TOLERANCE, TOGETHER = 0.0012, 16
GREEN = (90, 120, 60)  # the faked drafts

Points = NDArray[np.float64]


@contextmanager
def with_faked_drafts(browser: Browser, server: StudioServer, script: str = "") -> Iterator[Studio]:
    """The studio, with drafts that come at once. script: what the page runs first."""
    file = io.BytesIO()
    Image.new("RGB", (128, 128), GREEN).save(file, "JPEG")
    script += SOCKET.replace("JPEG", base64.b64encode(bytes(4) + file.getvalue()).decode())
    options = {"prepare": lambda page: page.add_init_script(script), "listening": True}
    with open_studio(browser, server, **options) as studio:
        yield studio


@pytest.fixture
def faked(browser: Browser, server: StudioServer) -> Iterator[Studio]:
    """The studio, with drafts that come at once."""
    with with_faked_drafts(browser, server) as studio:
        yield studio


def distances(points: Points, line: Points) -> Points:
    """From each point, (N, 2), to a polyline, (M, 2): (N,)."""
    a, d = line[:-1], np.diff(line, axis=0)  # (M - 1, 2)
    t = ((points[:, None] - a) * d).sum(2) / (d * d).sum(1)  # (N, M - 1)
    nearest = a + t.clip(0, 1)[..., None] * d  # (N, M - 1, 2)
    result: Points = np.linalg.norm(points[:, None] - nearest, axis=2).min(1)
    return result


def test_from_draft_to_draft_a_stroke_changes_only_at_the_pen(studio: Studio) -> None:
    grown = studio.page.evaluate(GROW)
    points = np.array(grown["points"])
    for i, (draft, following) in enumerate(zip(grown["drafts"][1:], grown["drafts"][2:], strict=False), start=1):
        assert distances(points[: i + 1], np.array(draft)).max() < TOLERANCE + 1e-4
        kept = next(k for k, point in enumerate([*following, None]) if k == len(draft) or point != draft[k])
        assert len(following) - kept <= TOGETHER
    assert len(grown["drafts"][-1]) <= 2 * len(points) / 3
    assert grown["whole"] == grown["fitted"]


def test_a_finished_stroke_is_simplified_as_a_whole(faked: Studio) -> None:
    page = faked.page
    faked.choose("tree")
    faked.press_along([(0.2, 0.6)])
    page.evaluate(MOVE, 60)
    page.wait_for_function("() => asked.at(-1).picture.edits[0].mask.strokes[0].points.at(-1)[0] > 0.79")
    draft = page.evaluate("asked.at(-1).picture")
    faked.lift()
    faked.wait_for_edits(1)
    (edit,) = faked.picture()["edits"]
    # A straight line: the draft has points between its ends, the document has none.
    assert len(draft["edits"][0]["mask"]["strokes"][0]["points"]) > 2
    assert np.array(edit["mask"]["strokes"][0]["points"]) == pytest.approx(np.array([[0.2, 0.6], [0.8, 0.6]]), abs=2e-3)


@pytest.mark.parametrize("script", ["", "delete window.ImageDecoder;"], ids=["from bytes", "from a blob"])
def test_drafts_are_shown_however_the_browser_unpacks_them(browser: Browser, server: StudioServer, script: str) -> None:
    with with_faked_drafts(browser, server, script) as studio:
        studio.choose("tree")
        studio.press_along([(0.2, 0.6), (0.4, 0.6)])
        studio.page.wait_for_function(
            """(wanted) => {
                const picture = document.getElementById("picture");
                const [...shown] = picture.getContext("2d").getImageData(9, 9, 1, 1).data;
                return wanted.every((value, i) => Math.abs(shown[i] - value) <= 3);
            }""",
            arg=list(GREEN),
        )
        studio.lift()
        studio.wait_for_edits(1)
        assert np.abs(studio.pixels()[9, 9] - GREEN).max() > 3


def test_no_more_drafts_are_asked_for_than_the_screen_shows(faked: Studio) -> None:
    page = faked.page
    faked.choose("tree")
    faked.press_along([(0.2, 0.6)])
    page.evaluate(MOVE, 80)
    # The newest stroke wins.
    page.wait_for_function("() => asked.at(-1).picture.edits[0].mask.strokes[0].points.at(-1)[0] > 0.79")
    frames = Counter(one["frame"] for one in page.evaluate("asked"))
    assert len(frames) >= 2
    assert max(frames.values()) == 1
    faked.lift()
    faked.wait_for_edits(1)


def test_while_a_stroke_is_dragged_nothing_waits_for_a_layout(faked: Studio) -> None:
    page = faked.page
    faked.choose("tree")
    faked.press_along([(0.2, 0.2), (0.25, 0.25)])
    page.wait_for_function("() => asked.length > 0")
    page.evaluate(COUNT_LAYOUTS)
    faked.drag([(0.4, 0.3), (0.6, 0.6)])
    page.wait_for_function("() => asked.at(-1).picture.edits[0].mask.strokes[0].points.at(-1)[0] > 0.59")
    assert page.evaluate("layouts") == []
    # A page that has moved is measured again.
    page.evaluate("document.querySelector('.stage-area').style.translate = '12px 0'")
    page.evaluate("window.dispatchEvent(new Event('scroll'))")
    faked.drag([(0.7, 0.7)])
    page.wait_for_function(
        "() => Math.abs(asked.at(-1).picture.edits[0].mask.strokes[0].points.at(-1)[0] - 0.7) < 1e-3"
    )
    assert "box" in page.evaluate("layouts")
    faked.lift()


def test_paint_on_its_way_has_the_colour_of_what_it_does(faked: Studio) -> None:
    page = faked.page
    page.evaluate("answering = false")
    colours = []
    for mode in ("draw", "remove"):
        faked.choose("tree", mode=mode)
        faked.press_along([(0.3, 0.5), (0.5, 0.5)])
        faked.wait_for_tint((0.4, 0.5))
        colours.append(
            page.evaluate("""() => {
                const tint = document.getElementById("tint");
                const [x, y] = [0.4, 0.5].map((at) => Math.floor(at * tint.width));
                return [...tint.getContext("2d").getImageData(x, y, 1, 1).data].slice(0, 3);
            }""")
        )
        page.keyboard.press("Escape")
        faked.lift()
        faked.wait_for_no_tint((0.4, 0.5))
    assert colours == [[0xD6, 0xFF, 0xF2], [0xFF, 0x7A, 0x5C]]


def test_the_canvas_is_no_larger_than_the_picture_needs(studio: Studio, server: StudioServer) -> None:
    page = studio.page
    sides = "() => [document.getElementById('picture').width, document.getElementById('stage').clientWidth]"
    side, shown = page.evaluate(sides)
    assert side == 2 * server.model()["resolution"] < shown
    # Two pictures meet in it at an edge that is sharp on the screen.
    page.locator("#split-toggle").click()
    page.wait_for_function(
        "() => document.getElementById('picture').width === document.getElementById('stage').clientWidth"
    )
    page.locator("#split-toggle").click()
    page.wait_for_function(f"() => document.getElementById('picture').width === {side}")


def test_nothing_is_saved_while_a_stroke_is_dragged(faked: Studio) -> None:
    page = faked.page
    page.clock.install()
    faked.choose("tree")
    page.evaluate(STROKES)
    page.clock.run_for(5000)
    assert not [url for url in faked.requests if "/pictures" in url]
    with page.expect_request("**/pictures"):
        page.evaluate("fire('pointerup', 0.4, 0.8)")
        page.clock.run_for(1000)
    faked.wait_for_edits(2)
