"""Clicks are gestures too, a second finger presses buttons, and keys and pointers leave each other alone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.server import StudioServer
from tests.browser.studio import Studio, open_studio
from tests.browser.test_gestures import FIRST, SECOND, Hands
from tests.browser.test_shortcuts import press
from tests.browser.waiting import stalled, wait_until

UNABLE = ("aria-disabled", "true")
PLACE = (0.8, 0.75)


def look_inside(studio: Studio) -> None:
    """Have a click stamp what was copied from another place."""
    page = studio.page
    page.locator("#inspect").click()
    studio.press_along([(0.2, 0.3)])
    studio.lift()
    expect(page.locator("#inspect-copy")).to_be_enabled()
    page.locator("#inspect-copy").click()
    expect(page.locator("#inspect-stamp")).to_have_attribute("aria-pressed", "true")


@pytest.mark.parametrize("stamp", [False, True])
def test_two_fingers_zoom_whatever_one_would_click(browser: Browser, server: StudioServer, stamp: bool) -> None:
    with open_studio(browser, server, touch=True) as studio:
        studio.choose("tree", tool="brush" if stamp else "pick")
        if stamp:
            look_inside(studio)
        asked: list[str] = []
        studio.page.on("request", lambda request: asked.append(request.url))
        hands = Hands(studio)
        hands.fingers("touchStart", (0.4, 0.5))
        hands.fingers("touchStart", (0.4, 0.5), (0.6, 0.5))
        hands.fingers("touchMove", (0.3, 0.5), (0.8, 0.5))
        hands.fingers("touchEnd")
        expect(studio.page.locator("#fit")).to_be_visible()
        studio.wait_for_picture()
        assert not [url for url in asked if url.endswith("/segment")]
        assert studio.picture()["edits"] == []


@pytest.mark.parametrize("stamp", [False, True])
@pytest.mark.parametrize("key", ["Control+z", "Escape"])
def test_undo_cancels_a_click_that_is_still_pressed(studio: Studio, key: str, stamp: bool) -> None:
    studio.choose("tree")
    studio.paint(FIRST)
    if stamp:
        look_inside(studio)
    else:
        studio.choose("tree", tool="pick")
    studio.press_along([PLACE])
    studio.page.keyboard.press(key)
    studio.lift()
    if not stamp:  # what is seen there is known now
        studio.page.mouse.move(*studio.at((0.75, 0.7)))
        expect(studio.page.locator("#pick-tag")).to_be_visible()
    studio.wait_for_edits(1)
    expect(studio.page.locator("#redo")).to_have_attribute(*UNABLE)


def test_undo_cancels_a_pick_whose_region_has_not_come(studio: Studio) -> None:
    page = studio.page
    studio.choose("tree")
    studio.paint(FIRST)
    studio.choose("tree", tool="pick")
    with stalled(page, "**/segment") as waiting:
        studio.press_along([PLACE])
        studio.lift()
        wait_until(page, lambda: bool(waiting), "the pick asks for its region")
        page.keyboard.press("Control+z")
    page.mouse.move(*studio.at((0.75, 0.7)))
    expect(page.locator("#pick-tag")).to_be_visible()
    studio.wait_for_edits(1)
    expect(page.locator("#redo")).to_have_attribute(*UNABLE)


def test_a_second_finger_presses_the_undo_button(browser: Browser, server: StudioServer) -> None:
    with open_studio(browser, server, touch=True) as studio:
        studio.choose("tree")
        studio.paint(FIRST)
        hands = Hands(studio)
        box = studio.page.locator("#undo").bounding_box()
        assert box is not None
        finger = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2, "id": 1}

        def place(at: tuple[float, float]) -> dict[str, float]:
            return dict(zip(("x", "y", "id"), (*studio.at(at), 0), strict=True))

        for kind, points in (
            ("touchStart", [place(SECOND[0])]),
            ("touchMove", [place(SECOND[1])]),
            ("touchStart", [place(SECOND[1]), finger]),
            ("touchEnd", [finger]),
            ("touchMove", [place(SECOND[2])]),
            ("touchEnd", [place(SECOND[2])]),
        ):
            hands.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        expect(studio.page.locator("#redo")).to_have_attribute(*UNABLE)
        studio.wait_for_edits(1)


def test_space_during_a_stroke_is_no_dab(studio: Studio) -> None:
    studio.choose("tree")
    studio.press_along(SECOND)
    studio.page.keyboard.down("Space")
    studio.lift()
    studio.page.keyboard.up("Space")
    studio.paint(FIRST)
    studio.wait_for_edits(2)


def test_the_systems_key_with_space_neither_paints_nor_pans(studio: Studio) -> None:
    studio.choose("tree")
    studio.stage.focus()
    press(studio.page, " ", "Space", ctrlKey=True)
    studio.page.evaluate(
        """() => document.activeElement.dispatchEvent(
            new KeyboardEvent("keydown", { key: " ", code: "Space", ctrlKey: true, bubbles: true }))"""
    )
    studio.paint(SECOND)
    studio.wait_for_edits(1)


def test_a_pointer_that_passes_leaves_the_keyboards_stroke_where_it_is(studio: Studio) -> None:
    page = studio.page
    studio.choose("tree")
    studio.stage.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowRight")
    page.mouse.move(*studio.at((0.1, 0.9)), steps=3)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    studio.wait_for_edits(1)
    (stroke,) = studio.picture()["edits"][0]["mask"]["strokes"]
    assert stroke["points"] == [[0.5, 0.5], [pytest.approx(0.575), 0.5]]


def test_a_stroke_is_kept_when_the_page_goes(studio: Studio) -> None:
    studio.choose("tree")
    studio.press_along(SECOND)
    studio.reload()
    studio.wait_for_edits(1)


def test_letters_after_a_list_are_the_pictures(studio: Studio) -> None:
    page = studio.page
    page.locator("#inspect").click()
    layers = page.locator("#inspect-layer")
    before = layers.input_value()
    layers.click()
    page.keyboard.press("ArrowDown" if layers.evaluate("list => list.selectedIndex === 0") else "ArrowUp")
    page.keyboard.press("Enter")
    expect(layers).not_to_have_value(before)
    expect(studio.stage).to_be_focused()
    # Who comes to it by the keyboard goes on there.
    layers.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    layers.press("ArrowDown" if layers.evaluate("list => list.selectedIndex === 0") else "ArrowUp")
    expect(layers).to_be_focused()
