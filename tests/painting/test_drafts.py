"""Drafts of generators that decide: only the box that has changed is drawn anew, and nobody sees that."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from server.model.catalog import Catalog
from server.model.generator import Activations, Generator
from server.model.local import Box
from server.model.pixels import to_pixels
from server.painting.cache import ENTRY_BYTES
from server.painting.drafts import CHANGED, SIDE, BoxedDrafts, Draft, changed, reach, redrawn, window
from server.painting.painter import Painter
from server.painting.picture import Edit, Picture, Stroke, Strokes
from tests.helpers.decided import DECISION, SMALL, small_decided, write_decided_model

PARTS = SMALL.parts


@pytest.fixture(scope="module")
def generator() -> Generator:
    return small_decided().frozen()


@pytest.fixture
def sides(generator: Generator, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Rows and columns of all that is drawn from now on."""
    drawn: list[tuple[int, int]] = []
    tail = generator.tail

    def noted(a: Activations, layer: str) -> Tensor:
        drawn.append((a.r.shape[2], a.r.shape[3]))
        return tail(a, layer)

    monkeypatch.setattr(generator, "tail", noted)
    return drawn


@pytest.fixture(autouse=True)
def _inference() -> Iterator[None]:
    with torch.inference_mode():
        yield


def stroked(a: Activations, top: int, left: int, part: int = 2, side: int = 12) -> Activations:
    """With a square of a part."""
    r = a.r.clone()
    r[:, :PARTS, top : top + side, left : left + side] = 0
    r[:, part % PARTS, top : top + side, left : left + side] = 1
    return a.edited(r)


def other_part(a: Activations, row: int, column: int) -> int:
    """A part that is not decided in that cell."""
    return int(a.r[0, :PARTS, row, column].argmax()) - 1


def whole(generator: Generator, a: Activations) -> np.ndarray:
    return to_pixels(generator.tail(a, DECISION))[0].astype(int)


@pytest.mark.parametrize(("top", "left"), [(60, 51), (0, 0), (116, 40), (3, 116)])
def test_a_stroke_draws_a_window_and_the_picture_is_the_same(
    generator: Generator, sides: list[tuple[int, int]], top: int, left: int
) -> None:
    a = generator.trunk(torch.ones(1, 6), DECISION)
    first = redrawn(generator, a, None)
    after = stroked(a, top, left, other_part(a, top, left))
    second = redrawn(generator, after, first)
    most = -(-(12 + 1 + 4 * reach(generator)) // SIDE) * SIDE
    assert sides[0] == (128, 128)
    assert max(sides[1]) <= most < 128
    assert np.abs(second.pixels - whole(generator, after)).max() <= 1
    assert (second.pixels != first.pixels).any()
    assert torch.equal(second.r[:PARTS].argmax(0), after.r[0, :PARTS].argmax(0))


def test_strokes_one_after_another_add_up(generator: Generator) -> None:
    drafts, a = BoxedDrafts(), generator.trunk(torch.ones(1, 6), DECISION)
    for step in range(6):
        a = stroked(a, 10 + 15 * step, 20 + 10 * step, part=step % PARTS)
        drawn = drafts.draw(("scene",), generator, a)
    assert np.abs(drawn - whole(generator, a)).max() <= 1


def test_another_scene_is_drawn_whole(generator: Generator, sides: list[tuple[int, int]]) -> None:
    a = generator.trunk(torch.ones(1, 6), DECISION)
    room = 2 * redrawn(generator, a, None).nbytes
    sides.clear()
    drafts = BoxedDrafts(max_bytes=room + 2 * ENTRY_BYTES)
    for scene in ("one", "two", "three", "one"):
        drafts.draw((scene,), generator, a)
    assert sides == [(128, 128)] * 4  # the first was forgotten
    drafts.draw(("one",), generator, a)
    assert len(sides) == 4  # and nothing has changed now


def test_much_that_changes_is_drawn_whole(generator: Generator, sides: list[tuple[int, int]]) -> None:
    a = generator.trunk(torch.ones(1, 6), DECISION)
    other = generator.trunk(-torch.ones(1, 6), DECISION)
    draft = redrawn(generator, other, redrawn(generator, a, None))
    assert sides == [(128, 128)] * 2
    assert (draft.pixels == whole(generator, other)).all()


def test_features_count_where_they_are_seen() -> None:
    before = torch.zeros(PARTS + 2, 8, 8)
    before[0] = 1
    for feature, box in ((CHANGED / 2, None), (2 * CHANGED, Box(3, 5, 4, 6))):
        r = before.clone()
        r[PARTS + 1, 3, 5] = feature
        assert changed(r, before) == box
    r = before.clone()
    r[1, 2:5, 6] = 2
    assert changed(r, before) == Box(2, 6, 5, 7)


def test_a_change_has_just_that_reach(generator: Generator) -> None:
    a = generator.trunk(torch.ones(1, 6), DECISION)
    after = stroked(a, 64, 64, other_part(a, 64, 64), side=1)
    off = (whole(generator, after) != whole(generator, a)).any(2)  # (256, 256)
    rows = np.flatnonzero(off.any(1))
    assert rows[0] >= 128 - 2 * reach(generator)
    assert rows[-1] < 130 + 2 * reach(generator)
    assert reach(generator) <= 12


def test_drafts_of_a_drag_follow_it_and_the_finished_picture_is_drawn_whole(tmp_path: Path) -> None:
    write_decided_model(tmp_path)
    painter, fresh = (Painter(Catalog(tmp_path / "models", tmp_path / "dissect_results")) for _ in range(2))
    for length in range(1, 5):
        points = tuple((0.3 + 0.05 * i, 0.5) for i in range(length))
        edit = Edit("draw", "door", Strokes((Stroke(points, 0.04),)), layer=DECISION)
        picture = Picture("village", 7, edits=(edit,))
        draft = painter.render(picture, draft=True).astype(int)
    off = np.abs(draft - fresh.render(picture, draft=True))
    assert off.max() <= 8  # of windows of another size sums are rounded otherwise
    assert off.mean() < 0.5
    assert (painter.render(picture) == fresh.render(picture)).all()


def test_an_edit_behind_the_decision_is_drawn_too(tmp_path: Path) -> None:
    write_decided_model(tmp_path)
    painter = Painter(Catalog(tmp_path / "models", tmp_path / "dissect_results"))
    edit = Edit("draw", None, None, (0, 1), (5.0, -5.0), layer="layer14")
    plain, edited = (
        painter.render(Picture("village", 7, edits=edits), draft=True).astype(int) for edits in ((), (edit,))
    )
    assert np.abs(plain - edited).max() > 2


def test_a_draft_is_kept_as_it_was_drawn() -> None:
    """Whoever holds the pixels of an older draft sees no later one in them."""
    generator = small_decided().frozen()
    a = generator.trunk(torch.ones(1, 6), DECISION)
    first = redrawn(generator, a, None)
    copy = Draft(first.r.clone(), first.pixels.copy())
    redrawn(generator, stroked(a, 60, 60, other_part(a, 60, 60)), first)
    assert (first.pixels == copy.pixels).all()
    assert torch.equal(first.r, copy.r)


@pytest.mark.parametrize("grid", [(128, 128), (96, 160), (8, 130), (2, 2)])
def test_windows_hold_their_boxes_and_are_of_few_sizes(grid: tuple[int, int]) -> None:
    height, width = grid
    draw = np.random.default_rng(3)
    sizes = set()
    for _ in range(2000):
        top, bottom = sorted(draw.integers(-30, height + 30, 2))
        left, right = sorted(draw.integers(-30, width + 30, 2))
        box = Box(int(top), int(left), int(bottom) + 1, int(right) + 1)
        inside = box.within(height, width)
        if inside.top >= inside.bottom or inside.left >= inside.right:
            continue
        drawn = window(box, height, width)
        assert drawn == drawn.within(height, width)
        assert drawn == drawn.joined(inside)
        assert drawn.top % 2 == drawn.left % 2 == drawn.bottom % 2 == drawn.right % 2 == 0
        sizes.add((drawn.bottom - drawn.top, drawn.right - drawn.left))
    assert len(sizes) <= -(-height // SIDE) * -(-width // SIDE)
