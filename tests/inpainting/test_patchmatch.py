from __future__ import annotations

import numpy as np
import pytest

from server.errors import PictureError
from server.inpainting.patchmatch import patchmatch
from server.steps import finished

SIDE = 48


def stripes() -> np.ndarray:
    """Stripes of 6 pixels in two colours, (SIDE, SIDE, 3)."""
    first = (np.arange(SIDE) // 6 % 2 == 0)[:, None, None]
    return np.where(first, (220, 40, 30), (20, 60, 200)).repeat(SIDE, 1).astype(np.uint8)


def hole(top: int, left: int, size: int) -> np.ndarray:
    mask = np.zeros((SIDE, SIDE), bool)
    mask[top : top + size, left : left + size] = True
    return mask


@pytest.mark.parametrize("place", [(17, 17), (0, 20), (36, 36)])
def test_a_pattern_goes_on_in_the_hole(place: tuple[int, int]) -> None:
    truth, mask = stripes(), hole(*place, 12)
    damaged = np.where(mask[..., None], 128, truth).astype(np.uint8)
    filled = finished(patchmatch(damaged, mask))
    assert np.array_equal(filled[~mask], truth[~mask])
    assert np.abs(filled[mask].astype(int) - truth[mask]).mean() < 12
    assert np.abs(truth[mask].astype(int) - truth[mask].mean(0)).mean() > 50  # a mean of all would be far off


def test_it_is_the_same_each_time_and_never_looks_into_the_hole() -> None:
    truth, mask = stripes(), hole(15, 15, 14)
    a, b = (finished(patchmatch(np.where(mask[..., None], grey, truth).astype(np.uint8), mask)) for grey in (0, 255))
    assert np.array_equal(a, b)


def test_without_a_hole_nothing_changes() -> None:
    truth = stripes()
    assert finished(patchmatch(truth, np.zeros((SIDE, SIDE), bool))) is truth


def test_a_hole_that_leaves_nothing_is_refused() -> None:
    mask = np.ones((SIDE, SIDE), bool)
    mask[:5] = False
    with pytest.raises(PictureError, match="make it smaller"):
        finished(patchmatch(stripes(), mask))
