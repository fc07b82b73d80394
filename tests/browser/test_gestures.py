"""Unfinished gestures, commands in the midst of them, pens and palms, and what leaves the picture."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.server import StudioServer
from tests.browser.studio import Point, Studio, drop, open_studio

FIRST = [(0.3, 0.7), (0.4, 0.7)]
SECOND = [(0.6, 0.6), (0.7, 0.6), (0.8, 0.6)]


def concepts(studio: Studio) -> list[tuple[str, str]]:
    """What the edits of the present picture do, the first first."""
    return [(edit["op"], edit["concept"]) for edit in studio.picture()["edits"]]


def test_undo_cancels_the_stroke_and_nothing_else(studio: Studio) -> None:
    studio.choose("tree")
    studio.paint(FIRST)
    studio.press_along(SECOND)
    studio.page.keyboard.down("Control")
    for _ in range(3):  # it is held down until it repeats
        studio.page.keyboard.down("z")
    studio.page.keyboard.up("z")
    studio.page.keyboard.up("Control")
    studio.drag([(0.9, 0.6)])
    studio.lift()
    studio.wait_for_edits(1)
    studio.click("#undo")
    studio.wait_for_edits(0)
    studio.click("#redo")
    studio.wait_for_edits(1)


def test_escape_cancels_the_stroke_and_nothing_else(studio: Studio) -> None:
    studio.choose("tree")
    studio.page.locator("#nearby").click()
    expect(studio.page.locator("#neighbours")).to_be_visible()
    studio.press_along(SECOND)
    studio.page.keyboard.press("Escape")
    studio.lift()
    expect(studio.page.locator("#neighbours")).to_be_visible()
    assert studio.picture()["edits"] == []
    studio.page.locator("#seed").focus()
    studio.stage.focus()
    studio.page.keyboard.press("Enter")
    studio.page.keyboard.press("ArrowRight")
    studio.page.keyboard.press("Escape")
    expect(studio.page.locator("#neighbours")).to_be_visible()
    studio.page.keyboard.press("Escape")
    expect(studio.page.locator("#neighbours")).to_be_hidden()
    expect(studio.page.locator("#undo")).to_have_attribute("aria-disabled", "true")


def test_the_undo_button_cancels_a_finger(browser: Browser, server: StudioServer) -> None:
    with open_studio(browser, server, touch=True) as studio:
        studio.choose("tree")
        studio.paint(FIRST)
        studio.press_along(SECOND)
        studio.page.evaluate("document.getElementById('undo').click()")
        studio.drag([(0.9, 0.6)])
        studio.lift()
        studio.wait_for_edits(1)


@pytest.mark.parametrize("command", ["random", "redo", "reset", "everywhere", "delete", "drop"])
def test_other_commands_find_the_stroke_ended(studio: Studio, server: StudioServer, command: str) -> None:
    studio.choose("tree")
    studio.paint(FIRST)
    studio.page.locator("#edits .edit-main").click()
    seed = studio.picture()["seed"]
    studio.press_along(SECOND)
    if command == "drop":
        other = {**studio.picture(), "edits": [], "seed": seed + 1}
        drop(studio, json.dumps(other).encode(), "picture.json", "application/json")
    elif command == "delete":
        studio.page.evaluate("document.querySelector('#edits [data-action=delete]').click()")
    else:
        studio.page.evaluate("id => document.getElementById(id).click()", command)
    studio.drag([(0.9, 0.6)])
    studio.lift()
    tree = ("draw", "tree")
    expected = {"random": [], "redo": 2 * [tree], "reset": [], "everywhere": 3 * [tree], "delete": [tree], "drop": []}
    studio.wait_for_edits(len(expected[command]))
    assert concepts(studio) == expected[command]
    if command != "redo":
        studio.click("#undo")
    studio.wait_for_edits(2)
    assert concepts(studio) == 2 * [tree]
    assert studio.picture()["seed"] == seed


def test_a_key_for_another_scene_finds_the_stroke_ended(studio: Studio) -> None:
    studio.choose("tree")
    studio.press_along(SECOND)
    studio.page.keyboard.press("r")
    studio.lift()
    studio.wait_for_edits(0)
    studio.page.keyboard.press("Control+z")
    studio.wait_for_edits(1)


def test_a_download_has_the_stroke(studio: Studio, server: StudioServer) -> None:
    studio.choose("tree")
    studio.press_along(SECOND)
    with studio.page.expect_download() as download:
        studio.page.evaluate("document.getElementById('download').click()")
    studio.lift()
    studio.wait_for_edits(1)
    assert download.value.path().read_bytes() == server.render(studio.picture())


def test_a_gesture_keeps_its_brush(studio: Studio) -> None:
    page = studio.page
    studio.choose("tree")
    studio.press_along(SECOND[:2])
    for key in ("e", "x", "]", "2"):
        page.keyboard.press(key)
    page.evaluate("document.querySelector('#tools [data-value=rect]').click()")
    studio.drag(SECOND[2:])
    studio.lift()
    studio.wait_for_edits(1)
    (edit,) = studio.picture()["edits"]
    assert (edit["op"], edit["concept"]) == ("draw", "tree")
    (stroke,) = edit["mask"]["strokes"]
    assert stroke["radius"] == 0.075
    assert stroke["points"][-1] == pytest.approx([0.8, 0.6], abs=0.01)


def test_undo_cancels_a_slider_that_is_being_dragged(studio: Studio) -> None:
    page = studio.page
    studio.choose("tree")
    studio.paint(FIRST)
    page.locator("#edits .edit-main").click()
    box = page.locator("#edits [data-action=strength]").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.95 * box["width"], box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + box["height"] / 2, steps=4)
    page.keyboard.press("Control+z")
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + box["height"] / 2, steps=4)
    page.mouse.up()
    studio.wait_for_edits(1)
    assert "strength" not in studio.picture()["edits"][0]


def test_a_pointer_ends_the_stroke_of_the_keyboard(studio: Studio) -> None:
    page = studio.page
    studio.choose("tree")
    studio.stage.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+ArrowRight")
    studio.paint(SECOND)
    studio.wait_for_edits(2)
    first, second = (edit["mask"]["strokes"][0]["points"] for edit in studio.picture()["edits"])
    assert first[0] == [0.5, 0.5]
    assert second[0] == pytest.approx(SECOND[0], abs=0.01)
    studio.press_along(FIRST)
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    studio.lift()
    studio.wait_for_edits(3)


class Hands:
    """A pen and fingers at once. Points are the picture's."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self.session = studio.context.new_cdp_session(studio.page)

    def pen(self, kind: str, point: Point, buttons: int = 1) -> None:
        """mousePressed, mouseMoved or mouseReleased of a pen."""
        x, y = self.studio.at(point)
        event = {"type": kind, "x": x, "y": y, "buttons": buttons, "pointerType": "pen", "force": 0.5, "clickCount": 1}
        event["button"] = "left" if buttons or kind == "mouseReleased" else "none"
        self.session.send("Input.dispatchMouseEvent", event)

    def fingers(self, kind: str, *points: Point) -> None:
        """touchStart, touchMove or touchEnd."""
        places = [dict(zip(("x", "y", "id"), (*self.studio.at(p), i), strict=True)) for i, p in enumerate(points)]
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})


@pytest.fixture
def touched(browser: Browser, server: StudioServer) -> Iterator[Studio]:
    """The studio on a screen for fingers and pens."""
    with open_studio(browser, server, touch=True) as studio:
        studio.choose("tree")
        yield studio


def test_a_resting_palm_paints_nothing(touched: Studio) -> None:
    hands = Hands(touched)
    hands.fingers("touchStart", (0.2, 0.8))
    hands.fingers("touchMove", (0.21, 0.8))
    hands.pen("mouseMoved", SECOND[0], buttons=0)
    hands.pen("mousePressed", SECOND[0])
    for point in SECOND[1:]:
        hands.pen("mouseMoved", point)
        hands.fingers("touchMove", (0.22, 0.8))
    hands.pen("mouseReleased", SECOND[-1], buttons=0)
    hands.fingers("touchEnd")
    touched.wait_for_edits(1)
    (edit,) = touched.picture()["edits"]
    points = [point for stroke in edit["mask"]["strokes"] for point in stroke["points"]]
    assert points[0] == pytest.approx(SECOND[0], abs=0.01)
    assert points[-1] == pytest.approx(SECOND[-1], abs=0.01)


def test_fingers_neither_paint_nor_pinch_beside_a_pen(touched: Studio) -> None:
    page = touched.page
    page.evaluate(
        "() => { const { now } = performance; let ahead = 0;"
        "performance.now = () => ahead; window.goOn = (time) => (ahead += time); }"
    )
    hands = Hands(touched)
    hands.pen("mousePressed", SECOND[0])
    page.evaluate("goOn(60_000)")  # however long it is held still
    hands.fingers("touchStart", (0.2, 0.8))
    hands.fingers("touchMove", (0.3, 0.8))
    hands.fingers("touchEnd")
    hands.pen("mouseMoved", SECOND[1])
    hands.pen("mouseReleased", SECOND[1], buttons=0)
    touched.wait_for_edits(1)
    hands.fingers("touchStart", (0.2, 0.8))
    hands.fingers("touchStart", (0.2, 0.8), (0.4, 0.8))
    hands.fingers("touchMove", (0.1, 0.8), (0.6, 0.8))
    hands.fingers("touchEnd")
    expect(page.locator("#fit")).to_be_hidden()
    assert len(touched.picture()["edits"]) == 1
    page.evaluate("goOn(60_000)")
    hands.fingers("touchStart", (0.2, 0.8))
    hands.fingers("touchMove", (0.3, 0.8))
    hands.fingers("touchEnd")
    touched.wait_for_edits(2)


# The protocol that the tests speak knows no eraser's end.
ERASE = """() => {
    const stage = document.getElementById("stage");
    const box = stage.getBoundingClientRect();
    const fire = (type, i, button, buttons) => stage.dispatchEvent(new PointerEvent(type, {
        pointerId: 78, pointerType: "pen", pressure: 0.5, button, buttons, bubbles: true, cancelable: true,
        clientX: box.x + box.width * (0.1 + 0.04 * i), clientY: box.y + box.height * 0.6,
    }));
    fire("pointerdown", 0, 5, 32);
    for (let i = 1; i < 21; i += 1) fire("pointermove", i, -1, 32);
    fire("pointerup", 20, 5, 0);
}"""


def test_the_other_end_of_a_pen_erases(studio: Studio) -> None:
    size = studio.page.locator("#size")
    usual = size.input_value()
    for tool in ("brush", "rect", "pick"):
        studio.choose("tree")
        size.fill(usual)
        studio.paint(SECOND)
        studio.wait_for_edits(1)
        studio.choose("tree", tool=tool)
        size.fill("70")
        studio.page.evaluate(ERASE)
        studio.wait_for_edits(0)
        expect(studio.page.locator(f"#tools [data-value={tool}]")).to_have_attribute("aria-checked", "true")


def test_panning_follows_the_pointer_at_every_zoom_of_the_browser(studio: Studio) -> None:
    page = studio.page
    # What Chromium reports there: movements in pixels of the screen.
    page.evaluate("""() => {
        for (const name of ["movementX", "movementY"]) {
            const { get } = Object.getOwnPropertyDescriptor(MouseEvent.prototype, name);
            Object.defineProperty(MouseEvent.prototype, name, { get() { return 1.5 * get.call(this); } });
        }
    }""")
    page.mouse.move(*studio.at((0.5, 0.5)))
    for _ in range(3):
        page.keyboard.press("+")
    left = "document.getElementById('view').getBoundingClientRect().x"
    before = page.evaluate(left)
    x, y = studio.at((0.5, 0.5))
    page.mouse.down(button="middle")
    page.mouse.move(x - 40, y, steps=4)
    page.mouse.up(button="middle")
    assert page.evaluate(left) - before == pytest.approx(-40, abs=0.5)


def strokes(studio: Studio) -> list[list[Point]]:
    """The points of each stroke of the only edit."""
    (edit,) = studio.picture()["edits"]
    return [[(x, y) for x, y in stroke["points"]] for stroke in edit["mask"]["strokes"]]


def test_a_stroke_that_leaves_the_picture_comes_back_as_another_piece(studio: Studio) -> None:
    studio.choose("tree")
    studio.press_along([(0.3, 0.1), (0.3, -0.06), (0.7, -0.06), (0.7, 0.1)])
    studio.lift()
    studio.wait_for_edits(1)
    first, second = strokes(studio)
    assert first == [pytest.approx((0.3, 0.1), abs=0.01), pytest.approx((0.3, 0), abs=0.01)]
    assert second == [pytest.approx((0.7, 0), abs=0.01), pytest.approx((0.7, 0.1), abs=0.01)]


def test_a_line_that_leaves_the_picture_keeps_its_direction(studio: Studio) -> None:
    studio.choose("tree", tool="line")
    studio.press_along([(0.5, 0.2), (0.3, 0.1), (0.1, -0.1)])
    studio.lift()
    studio.wait_for_edits(1)
    (((x0, y0), (x1, y1)),) = strokes(studio)
    assert (x1, y1) == pytest.approx((0.5 - 0.4 * 2 / 3, 0), abs=0.01)
    assert (x0, y0) == pytest.approx((0.5, 0.2), abs=0.01)


MOVE = """([x, y, type, buttons]) => {
    const options = { pointerId: 1, pointerType: "mouse", clientX: x, clientY: y, buttons, bubbles: true };
    document.getElementById("stage").dispatchEvent(new PointerEvent(type, options));
}"""


def test_what_cannot_be_seen_is_not_painted(studio: Studio) -> None:
    page = studio.page
    page.locator("#stage").focus()
    for _ in range(4):
        page.keyboard.press("+")
    studio.choose("tree")
    studio.press_along([(0.3, 0.1), (0.3, -0.06), (0.7, -0.06), (0.7, 0.1)])
    studio.lift()
    studio.wait_for_edits(1)
    assert len(strokes(studio)) == 2


def test_a_stroke_that_stays_beside_the_picture_is_none(studio: Studio) -> None:
    studio.choose("tree")
    x, y = studio.at((0, 0.5))
    for kind, buttons in (("pointerdown", 1), ("pointermove", 1), ("pointerup", 0)):
        studio.page.evaluate(MOVE, [x - 3, y, kind, buttons])
    studio.paint(SECOND)
    studio.wait_for_edits(1)
    assert studio.errors == []


def test_a_stroke_ends_however_the_button_is_lost(studio: Studio) -> None:
    page: Page = studio.page
    studio.choose("tree")
    identity = "window.addEventListener('pointermove', ({ pointerId }) => (window.mouse = pointerId), { once: true })"
    ends = (("pointermove", 0, 1), ("pointermove", 2, 1), ("lostpointercapture", 1, 1), ("pointercancel", 0, 0))
    for kind, buttons, edits in ends:
        studio.press_along(SECOND[:2])
        page.evaluate(identity)
        studio.drag([(0.72, 0.6)])
        page.evaluate(MOVE.replace("pointerId: 1", "pointerId: window.mouse"), [*studio.at((0.9, 0.9)), kind, buttons])
        studio.wait_for_edits(edits)
        studio.drag([(0.9, 0.6)])
        studio.lift()
        assert len(studio.picture()["edits"]) == edits
        if edits:
            assert max(x for stroke in strokes(studio) for x, _ in stroke) < 0.75
            studio.click("#undo")
            studio.wait_for_edits(0)
