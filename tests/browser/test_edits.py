"""The list of edits: hide, weaken, reorder and delete."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.studio import Studio

LEFT = [(0.2, 0.6), (0.25, 0.7)]
RIGHT = [(0.7, 0.6), (0.8, 0.7)]


@pytest.fixture
def painted(studio: Studio) -> tuple[Studio, list[str]]:
    """A studio with a tree and some grass, and what was shown before, between and after."""
    shown = [studio.shown()]
    for concept, stroke in (("tree", LEFT), ("grass", RIGHT)):
        studio.choose(concept)
        studio.paint(stroke)
        shown.append(studio.shown())
    return studio, shown


def test_the_newest_edit_stands_on_top(painted: tuple[Studio, list[str]]) -> None:
    studio, _ = painted
    expect(studio.page.locator("#edits .edit-name")).to_have_text(["Grass", "Tree"])


def test_a_hidden_edit_is_kept_and_not_drawn(painted: tuple[Studio, list[str]]) -> None:
    studio, shown = painted
    studio.click("#edits [data-index='1'] [data-action=hide]")
    assert studio.shown() == shown[1]
    studio.reload()
    assert studio.shown() == shown[1]
    studio.click("#edits [data-index='1'] [data-action=hide]")
    assert studio.shown() == shown[2]


def test_an_edit_can_be_deleted_and_brought_back(painted: tuple[Studio, list[str]]) -> None:
    studio, shown = painted
    studio.page.locator("#edits [data-index='1'] [data-action=open]").click()
    studio.click("#edits [data-index='1'] [data-action=delete]")
    assert studio.shown() == shown[1]
    assert [edit["concept"] for edit in studio.picture()["edits"]] == ["tree"]
    studio.click("#undo")
    assert studio.shown() == shown[2]


def test_strength_zero_is_no_edit(painted: tuple[Studio, list[str]]) -> None:
    studio, shown = painted
    studio.page.locator("#edits [data-index='1'] [data-action=open]").click()
    studio.fill("#edits [data-index='1'] [data-action=strength]", "0")
    assert studio.picture()["edits"][1]["strength"] == 0
    assert studio.shown() == shown[1]


def test_edits_change_places(studio: Studio) -> None:
    for mode in ("draw", "remove"):
        studio.choose("tree", mode=mode)
        studio.paint(LEFT)
    over = studio.shown()
    studio.page.locator("#edits [data-index='0'] [data-action=open]").click()
    studio.click("#edits [data-index='0'] [data-action=up]")
    assert [edit["op"] for edit in studio.picture()["edits"]] == ["remove", "draw"]
    assert studio.shown() != over
    studio.click("#edits [data-index='1'] [data-action=down]")
    assert studio.shown() == over


def test_hovering_an_edit_shows_its_mask(painted: tuple[Studio, list[str]]) -> None:
    studio, _ = painted
    studio.page.locator("#edits [data-index='0']").hover()
    studio.wait_for_tint((0.22, 0.65))
    studio.wait_for_no_tint((0.75, 0.65))
    studio.page.locator("#undo").hover()
    studio.wait_for_no_tint((0.22, 0.65))
