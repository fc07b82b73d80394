from __future__ import annotations

import numpy as np
import pytest

from server.painting.receptivity import GRID, receptivity

CONCEPTS = ("sky", "wall", "door", "dome")
GAINS = {
    "sky": {"pictures": 30, "before": 0.0, "drawn": 0.02},
    "wall": {"pictures": 10, "before": 0.0, "drawn": 0.62},
    "door": None,
    "dome": None,
}


def test_a_cell_is_told_from_what_stands_in_it() -> None:
    labels = np.zeros((2 * GRID, 2 * GRID), np.uint8)
    labels[GRID:] = 1  # the lower half is wall
    labels[-2:, :2], labels[-2:, -2:] = 2, 3  # with a door and a dome in its corners
    labels[0, 0] = 1  # a quarter of a cell of the sky
    grid = receptivity(labels, CONCEPTS, "door", GAINS)
    assert grid is not None
    assert grid.shape == (GRID, GRID)
    assert grid[0, 1] == pytest.approx(0.02)
    assert grid[0, 0] == pytest.approx(0.75 * 0.02 + 0.25 * 0.62)
    assert grid[-1, 5] == pytest.approx(0.62)
    assert grid[-1, 0] == 1
    assert grid[-1, -1] == pytest.approx((30 * 0.02 + 10 * 0.62) / 40)


def test_nothing_measured_is_nothing_told() -> None:
    labels = np.zeros((GRID, GRID), np.uint8)
    assert receptivity(labels, CONCEPTS, "door", {"sky": None}) is None
    assert receptivity(labels, CONCEPTS, "door", {}) is None
