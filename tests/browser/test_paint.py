"""Painting and removing: what a stroke does to the picture, while it lasts and afterwards."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from tests.browser.server import StudioServer
from tests.browser.studio import Pixels, Studio, change, decode, drop, open_studio
from tests.browser.waiting import wait_until

STROKE = [(0.72, 0.66), (0.76, 0.7), (0.8, 0.66), (0.76, 0.64)]
MIDDLE = (0.76, 0.67)
BRUSHED = 0.14  # about the middle, all that the stroke covers


def test_a_tree_brush_changes_what_is_under_it(studio: Studio) -> None:
    before = studio.pixels()
    studio.choose("tree")
    studio.paint(STROKE)
    near, far = change(before, studio.pixels(), MIDDLE, 0.06, 0.45)
    assert near > 12
    assert far < near / 4


def test_the_picture_follows_the_brush_before_it_is_lifted(studio: Studio) -> None:
    before = studio.pixels()
    studio.choose("tree")
    studio.press_along(STROKE)
    wait_until(
        studio.page, lambda: change(before, studio.pixels(), MIDDLE, 0.06, 0.45)[0] > 6, "a draft with the stroke"
    )
    expect(studio.stage).to_have_attribute("data-shown", "draft")
    studio.lift()
    studio.wait_for_picture()


def test_what_is_shown_is_what_the_server_renders(studio: Studio, server: StudioServer) -> None:
    studio.choose("tree")
    studio.paint(STROKE)
    file = studio.download()
    assert file == server.render(studio.picture())
    assert b"unitbrush" in file[:4096]


def test_removing_changes_it_again(studio: Studio) -> None:
    studio.choose("tree")
    studio.paint(STROKE)
    drawn = studio.pixels()
    studio.choose("tree", mode="remove")
    studio.paint(STROKE)
    assert [edit["op"] for edit in studio.picture()["edits"]] == ["draw", "remove"]
    near, far = change(drawn, studio.pixels(), MIDDLE, 0.06, 0.45)
    assert near > 12 > 3 * far


@pytest.mark.parametrize(("tool", "kind"), [("line", "strokes"), ("rect", "rect")])
def test_lines_and_rectangles(studio: Studio, tool: str, kind: str) -> None:
    before = studio.pixels()
    studio.choose("tree", tool=tool)
    studio.paint([(0.7, 0.6), (0.85, 0.75)])
    (edit,) = studio.picture()["edits"]
    assert kind in edit["mask"]
    near, far = change(before, studio.pixels(), (0.775, 0.675), 0.06, 0.45)
    assert near > 12 > 3 * far


def test_everywhere_has_no_mask(studio: Studio) -> None:
    before = studio.pixels()
    studio.choose("tree")
    studio.click("#everywhere")
    assert studio.picture()["edits"][0]["mask"] is None
    assert (studio.pixels() != before).mean() > 0.9


def erase_right(studio: Studio, unedited: Pixels) -> dict[str, Any]:
    """Erase the right half of what was painted; the edit, whose left half alone is still to be seen."""
    drawn = studio.pixels()
    studio.choose("tree", tool="eraser")
    studio.page.locator("#size").fill("100")
    studio.paint([(0.8, 0.0), (0.8, 1.0)])
    (edit,) = studio.picture()["edits"]
    half = drawn.shape[1] // 2
    before, after = (np.abs(shown - unedited).mean((0, 2)) for shown in (drawn, studio.pixels()))  # (side,)
    assert after[: half // 2].mean() == pytest.approx(before[: half // 2].mean(), rel=0.3)
    assert after[half * 3 // 2 :].mean() < 0.3 * before[half * 3 // 2 :].mean()
    erased: dict[str, Any] = edit
    return erased


def test_the_eraser_takes_paint_from_a_stroke(studio: Studio) -> None:
    unedited = studio.pixels()
    studio.choose("tree")
    studio.paint([(0.1, 0.7), (0.9, 0.7)])
    edit = erase_right(studio, unedited)
    assert [bool(stroke.get("erase")) for stroke in edit["mask"]["strokes"]] == [False, True]


def test_the_eraser_takes_paint_from_a_rectangle(studio: Studio) -> None:
    unedited = studio.pixels()
    studio.choose("tree", tool="rect")
    studio.paint([(0.05, 0.4), (0.95, 0.9)])
    edit = erase_right(studio, unedited)
    assert edit["mask"]["rect"] == pytest.approx([0.05, 0.4, 0.95, 0.9], abs=0.01)
    assert len(edit["mask"]["erase"]) == 1


def test_the_eraser_takes_paint_from_everywhere(studio: Studio) -> None:
    unedited = studio.pixels()
    studio.choose("tree")
    studio.click("#everywhere")
    edit = erase_right(studio, unedited)
    assert edit["mask"]["rect"] == [0, 0, 1, 1]


def test_the_eraser_takes_paint_from_an_image_mask(studio: Studio) -> None:
    unedited = studio.pixels()
    png = studio.page.evaluate("""() => {
        const canvas = document.createElement("canvas");
        canvas.width = canvas.height = 40;
        canvas.getContext("2d").fillRect(2, 16, 36, 20);
        return canvas.toDataURL("image/png").split(",")[1];
    }""")
    edit = {"op": "draw", "concept": "tree", "mask": {"png": png}}
    drop(studio, json.dumps({**studio.picture(), "edits": [edit]}).encode(), "picture.json", "application/json")
    studio.wait_for_edits(1)
    assert erase_right(studio, unedited)["mask"]["png"] == png


def test_the_eraser_takes_paint_from_a_picked_region(studio: Studio) -> None:
    unedited = studio.pixels()
    studio.choose("water", tool="pick")
    studio.page.keyboard.down("Shift")
    studio.page.mouse.click(*studio.at((0.76, 0.75)))
    studio.page.keyboard.up("Shift")
    studio.wait_for_edits(1)
    # The shape of the region is looked up again after a reload.
    studio.reload()
    studio.page.locator("#edits [data-index='0']").hover()
    studio.wait_for_tint((0.76, 0.75))
    edit = erase_right(studio, unedited)
    assert len(edit["mask"]["erase"]) == 1
    studio.click("#undo")
    # An eraser that touches no paint makes no step.
    studio.page.locator("#size").fill("10")
    studio.press_along([(0.02, 0.02), (0.1, 0.02)])
    studio.lift()
    studio.wait_for_edits(1)
    (edit,) = studio.picture()["edits"]
    assert "erase" not in edit["mask"]
    # Nothing is left of an edit whose whole mask was taken away.
    studio.page.locator("#size").fill("100")
    studio.paint([(0.02, 0.3), (0.98, 0.3), (0.98, 0.6), (0.02, 0.6), (0.02, 0.95), (0.98, 0.95)])
    assert studio.picture()["edits"] == []


def test_strength_weakens_a_stroke(studio: Studio) -> None:
    unedited = studio.pixels()
    studio.choose("tree")
    studio.page.locator("#strength").fill("10")
    studio.paint(STROKE)
    assert studio.picture()["edits"][0]["strength"] == 0.1
    weak, _ = change(unedited, studio.pixels(), MIDDLE, BRUSHED, 0.45)
    studio.click("#undo")
    studio.page.locator("#strength").fill("100")
    studio.paint(STROKE)
    full, _ = change(unedited, studio.pixels(), MIDDLE, BRUSHED, 0.45)
    assert weak < 0.7 * full


def test_a_fast_stroke_stays_short_in_the_document(studio: Studio) -> None:
    studio.choose("grass")
    studio.paint([(x / 50, 0.5 + 0.3 * (x % 2)) for x in range(51)])
    points = sum(len(stroke["points"]) for stroke in studio.picture()["edits"][0]["mask"]["strokes"])
    assert 40 <= points <= 120


def test_without_sockets_it_paints_over_http(browser: Browser, server: StudioServer) -> None:
    def block(route: WebSocketRoute) -> None:
        route.close()

    def prepare(page: Page) -> None:
        page.route_web_socket("**/live", block)

    with open_studio(browser, server, prepare=prepare, may_complain=True) as studio:
        before = studio.shown()
        studio.choose("tree")
        with studio.page.expect_response(lambda answer: "format=jpeg" in answer.url):
            studio.press_along(STROKE)
        studio.lift()
        studio.wait_for_picture()
        assert studio.shown() != before
        assert decode(studio.download()).shape[2] == 3
