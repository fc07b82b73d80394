"""Exact edits: at a layer that decides what each cell shows, in a painter's hands."""

from __future__ import annotations

import numpy as np
import pytest

from server.model.catalog import Catalog
from server.painting.mask import coverage
from server.painting.painter import Painter
from server.painting.picture import Edit, Picture, Rect, Stroke, Strokes
from tests.helpers.decided import DECISION, SMALL, write_decided_model

DAB = Strokes((Stroke(((0.4, 0.5),), 0.1),))
TREE = Edit("draw", "tree", DAB, layer=DECISION)


@pytest.fixture(scope="module")
def painter(tmp_path_factory: pytest.TempPathFactory) -> Painter:
    folder = tmp_path_factory.mktemp("deciding")
    write_decided_model(folder)
    return Painter(Catalog(folder / "models", folder / "dissect_results"))


def decided(painter: Painter, *edits: Edit) -> np.ndarray:
    """The part of each cell, (128, 128)."""
    return painter.featuremaps(Picture("village", 7, edits=edits), DECISION)[:, :, : SMALL.parts].argmax(2)


def test_cells_that_the_mask_covers_by_more_than_half_are_decided(painter: Painter) -> None:
    covered, before, after = coverage(DAB, 128, 128), decided(painter), decided(painter, TREE)
    assert (before[covered > 0.5] != 0).any()
    assert (after[covered > 0.5] == 0).all()
    assert (after[covered == 0] == before[covered == 0]).all()


def test_a_removed_part_stands_nowhere_in_the_mask(painter: Painter) -> None:
    removed = Edit("remove", "tree", DAB, layer=DECISION)
    after = decided(painter, TREE, removed)
    assert (after[coverage(DAB, 128, 128) == 1] != 0).all()


def test_what_grows_later_lies_over_what_was_exact(painter: Painter) -> None:
    sky = Edit("draw", "sky", Rect((0.0, 0.0, 1.0, 1.0)))
    assert (decided(painter, TREE, sky) == decided(painter, sky)).all()
    assert (decided(painter, sky, TREE) != decided(painter, sky)).any()


def test_a_draft_decides_the_same_inside_the_mask(painter: Painter) -> None:
    pictures = [Picture("village", 7, edits=(TREE,)), Picture("village", 7)]
    drawn, before = (painter.render(picture, draft=True).astype(int) for picture in pictures)
    changed = np.abs(drawn - before).max(2) > 0  # (256, 256)
    assert changed[120:136, 95:110].any()
    assert not changed[:60].any()
