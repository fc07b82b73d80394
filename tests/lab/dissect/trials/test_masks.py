from __future__ import annotations

import numpy as np
import torch

from server.lab.dissect.constants import SIDE
from server.lab.dissect.trials.masks import at_size, beyond, drawing_masks, fullest, removal_masks

GRID = 8


def shares() -> torch.Tensor:
    """(50, 2, GRID, GRID): concept 1 stands in the lower left quarter of every second picture."""
    x = torch.zeros(50, 2, GRID, GRID)
    x[::2, 1, 4:, :4] = 0.8
    x[:, 0] = 1 - x[:, 1]
    return x


def test_drawing_happens_where_the_concept_is_common_but_absent() -> None:
    masks = drawing_masks(shares(), shares().mean(0), 1, 20, np.random.default_rng(0))
    assert len(masks) == 20
    assert len(set(masks.index)) == 20
    crowd = (shares()[masks.index, 1].numpy() * masks.cells).sum((1, 2)) / SIDE**2
    assert crowd.max() < 0.25
    for cells in masks.cells:
        rows, columns = np.nonzero(cells)
        assert len(rows) == SIDE**2
        assert rows.mean() >= 4
        assert columns.mean() <= 3


def test_removing_happens_where_the_concept_stands_and_one_cell_around() -> None:
    masks = removal_masks(shares(), 1, 99, np.random.default_rng(0))
    assert sorted(masks.index) == list(range(0, 50, 2))
    want = np.zeros((GRID, GRID), np.bool_)
    want[3:, :5] = True
    assert np.all(masks.cells == want)


def test_a_concept_that_never_occurs_has_nowhere_to_be_removed() -> None:
    x = torch.zeros(10, 2, GRID, GRID)
    assert len(removal_masks(x, 1, 5, np.random.default_rng(0))) == 0
    assert len(drawing_masks(x, x.mean(0), 1, 5, np.random.default_rng(0))) == 0


def test_masks_are_the_same_for_the_same_numbers() -> None:
    a, b = (drawing_masks(shares(), shares().mean(0), 1, 9, np.random.default_rng(4)) for _ in range(2))
    assert np.array_equal(a.index, b.index)
    assert np.array_equal(a.cells, b.cells)


def test_beyond_leaves_a_ring_of_one_cell() -> None:
    cells = np.zeros((1, GRID, GRID), np.bool_)
    cells[0, 3, 3] = True
    assert beyond(cells).sum() == GRID**2 - 9
    assert not beyond(cells)[0, 2:5, 2:5].any()


def test_masks_grow_by_repeating_and_shrink_by_area() -> None:
    cells = np.zeros((1, GRID, GRID), np.bool_)
    cells[0, :, :3] = True
    assert at_size(cells, 32)[0].sum() == 32 * 12
    assert at_size(cells, 4)[0, 0].tolist() == [1, 0.5, 0, 0]


def test_with_a_host_drawing_happens_on_it_in_the_very_picture() -> None:
    """Concept 1 is the host; concept 0 is everywhere but there."""
    x = shares()
    x[:, 0] = 0
    masks = drawing_masks(x, x.mean(0), 0, 99, np.random.default_rng(0), host=1)
    assert sorted(masks.index) == list(range(0, 50, 2))
    for cells in masks.cells:
        rows, columns = np.nonzero(cells)
        assert rows.mean() >= 4  # at least half of the mask lies on the host
        assert columns.mean() <= 4


def test_a_mask_holds_what_the_fullest_square_shows() -> None:
    assert abs(fullest(shares(), 1) - 0.8) < 1e-6
    assert fullest(torch.zeros(3, 2, GRID, GRID), 1) == 0


def test_masks_cover_rasters_of_any_shape_by_area() -> None:
    cells = np.zeros((1, 8, 8), np.bool_)
    cells[0, :4] = True
    for height, width in ((5, 6), (10, 12), (4, 8), (16, 4), (7, 20)):
        covered = at_size(cells, height, width)
        assert covered.shape == (1, height, width)
        assert abs(float(covered.mean()) - 0.5) < 0.51 / height
    assert at_size(cells, 5, 6)[0, :, 0].tolist() == [1, 1, 0.5, 0, 0]
