from __future__ import annotations

import numpy as np
import pytest
import torch

from server.lab.dissect.constants import SIDE
from server.lab.dissect.trials.layout import Layout, borders, rasters

LAND, WALL, DOOR = range(3)


def scenes(count: int = 20) -> np.ndarray:
    """Land, a wall of 48x48 pixels, and in its middle a door of 12x12: (count, 128, 128)."""
    labels = np.zeros((count, 128, 128), np.uint8)
    for i in range(count):
        at = 16 * (i % 5)
        labels[i, 64:112, at : at + 48] = WALL
        labels[i, 82:94, at + 18 : at + 30] = DOOR
    return labels


def test_borders_are_counted_on_all_sides() -> None:
    table = borders(scenes(), 3)  # some walls end at the picture's edge
    assert table[DOOR].tolist() == [0, 1, 0]
    assert table[WALL, DOOR] == pytest.approx(
        4 * 12 / (4 * 12 + 4 * 48), abs=0.06
    )  # some walls end at the picture's edge
    assert table[LAND, WALL] == 1
    assert borders(np.zeros((1, 8, 8), np.uint8), 2).sum() == 0


def test_small_things_have_small_masks_and_stand_in_what_borders_on_them() -> None:
    layout = Layout.of(scenes(), 3)
    assert layout.grids == (8, 8, 16)
    assert layout.hosts == (None, None, WALL)
    assert layout.holds[DOOR] == pytest.approx(144 / 24**2)
    assert layout.holds[WALL] == pytest.approx(1 - 144 / 48**2)


def test_they_are_drawn_on_their_host_as_it_stands_in_that_very_picture() -> None:
    layout = Layout.of(scenes(), 3)
    labels = scenes(30)
    labels[labels == DOOR] = WALL
    labels[::2] = LAND  # no wall, no place
    shares = rasters(labels, 3)
    masks = layout.drawing(shares, DOOR, 99, np.random.default_rng(0))
    assert sorted(masks.index) == list(range(1, 30, 2))
    assert masks.cells.shape[1:] == (16, 16)
    assert (masks.cells.sum((1, 2)) == SIDE**2).all()
    for i, cells in zip(masks.index, masks.cells, strict=True):
        assert shares[16][i, WALL][torch.from_numpy(cells)].mean() >= 0.5


def test_they_are_removed_from_where_they_stand() -> None:
    labels = scenes(4)
    masks = Layout.of(scenes(), 3).removing(rasters(labels, 3), DOOR, 9, np.random.default_rng(0))
    assert len(masks) == 4
    assert 9 <= masks.cells[0].sum() <= 25  # the cells of a door and those beside them


def test_a_concept_that_no_scene_shows_is_not_called_small() -> None:
    assert Layout.of(np.zeros((4, 64, 64), np.uint8), 2).grids == (8, 8)
