"""Where a sheet's strokes are made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from server.lab.strokes import GRID, RADIUS, find_places


def cell(place: tuple[float, float]) -> tuple[int, int]:
    """Row and column."""
    return int(place[1] * GRID), int(place[0] * GRID)


def test_it_is_drawn_where_it_often_stands_and_removed_where_it_stands() -> None:
    shares = torch.zeros(3, 2, GRID, GRID)
    shares[0, 1, 8:11, 2:5] = 1  # the first scene has it at the left,
    shares[1, 1, 8:11, 11:14] = 1  # the second at the right, the third not at all
    first, second, third = find_places(shares, 1, np.random.default_rng(0))
    assert first.remove is not None
    assert second.remove is not None
    assert cell(first.remove) == (9, 3)
    assert cell(second.remove) == (9, 12)
    assert third.remove is None
    assert cell(first.draw)[1] > 8
    assert cell(second.draw)[1] < 8
    assert 6 < cell(third.draw)[0] < 12


def test_a_concept_that_no_scene_has_is_drawn_anywhere() -> None:
    places = find_places(torch.zeros(20, 1, GRID, GRID), 0, np.random.default_rng(0))
    assert len({place.draw for place in places}) > 10
    assert all(place.remove is None for place in places)


def test_a_stroke_is_as_large_as_the_studios_brush_is_at_first() -> None:
    source = (Path(__file__).parents[2] / "frontend" / "js" / "painting" / "brush.js").read_text()
    assert f"radius: {RADIUS:g}," in source
