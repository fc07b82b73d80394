from __future__ import annotations

import numpy as np
import pytest
import torch

from server.lab.dissect.constants import VISIBLE
from server.lab.dissect.trials.effect import Effect, MaskedPictures, edited, measure_effect
from server.lab.dissect.trials.masks import Masks
from server.lab.dissect.trials.weights import top
from server.lab.dissect.units.samples import draw_samples
from tests.helpers.handmade import BLUE, OFF, ON, RED, UNITS, passes

GRID = 8


def pictures(rows: slice, columns: slice, count: int = 6) -> MaskedPictures:
    """The same rectangle of cells on `count` pictures."""
    cells = np.zeros((count, GRID, GRID), np.bool_)
    cells[:, rows, columns] = True
    return MaskedPictures.of(passes(), draw_samples(passes(), count, 0), Masks(np.arange(count), cells), "layer1")


def test_drawing_the_right_unit_fills_the_mask_and_nothing_else_changes() -> None:
    here = pictures(slice(0, 3), slice(5, 8))
    done = measure_effect(passes(), here, BLUE, top(np.array([1, 0, 2, 3, 4]), 1), torch.full((UNITS,), ON))
    assert np.all(done.after == 1)
    assert done.change == pytest.approx(float(1 - done.before.mean()))
    assert done.disturbed == 0


def test_zeroing_the_right_unit_takes_the_concept_away() -> None:
    here = pictures(slice(0, 8), slice(0, 8))
    gone = measure_effect(passes(), here, BLUE, top(np.array([1, 0, 2, 3, 4]), 1), torch.zeros(UNITS))
    assert gone.before.min() > 0
    assert gone.removed == 1
    assert gone.change == pytest.approx(-float(gone.before.mean()))
    assert np.isnan(gone.strange)


@pytest.mark.parametrize("unit", [2, 3, 4])
def test_dead_units_have_no_effect(unit: int) -> None:
    here = pictures(slice(2, 5), slice(2, 5))
    alpha = torch.zeros(UNITS)
    alpha[unit] = 1
    for value in (0.0, 9.0):
        for concept in (RED, BLUE):
            done = measure_effect(passes(), here, concept, alpha, torch.full((UNITS,), value))
            assert done.change == 0
            assert done.disturbed == 0


def test_a_wrong_sign_shows() -> None:
    """Drawing blue where red stands takes red away: a negative effect on red."""
    here = pictures(slice(0, 8), slice(0, 8))
    done = measure_effect(passes(), here, RED, top(np.array([1, 0, 2, 3, 4]), 1), torch.full((UNITS,), ON))
    assert done.before.mean() > 0.1
    assert done.change == pytest.approx(-float(done.before.mean()))


def test_half_a_weight_goes_half_the_way() -> None:
    r = torch.zeros(1, 2, 8, 8)
    coverage = torch.zeros(1, 1, 8, 8)
    coverage[..., :4] = 0.5
    got = edited(r, coverage, torch.tensor([1.0, 0.5]), torch.tensor([8.0, 8.0]))
    assert got[0, 0, 0, 0] == 4
    assert got[0, 1, 0, 0] == 2
    assert got[0, :, 0, 5].abs().max() == 0


def test_each_picture_may_have_units_of_its_own() -> None:
    here = pictures(slice(0, 3), slice(5, 8), 4)
    alpha = torch.zeros(4, UNITS)
    alpha[1, 1] = alpha[3, 2] = 1
    done = measure_effect(passes(), here, BLUE, alpha, torch.full((UNITS,), ON))
    assert done.after[1] == 1
    assert np.array_equal(done.after[[0, 2, 3]], done.before[[0, 2, 3]])


def test_everywhere_is_beyond_the_mask() -> None:
    here = pictures(slice(0, 2), slice(0, 2)).everywhere()
    done = measure_effect(passes(), here, BLUE, top(np.array([1, 0, 2, 3, 4]), 1), torch.full((UNITS,), ON))
    assert done.disturbed > 0.5


def test_a_gain_is_visible_from_a_part_of_the_mask_on() -> None:
    before, nan = np.array([0.2, 0.2, 0.0, 0.0], np.float32), np.full(4, np.nan, np.float32)
    after = np.array([0.2, 0.4, 0.9 * VISIBLE, 1.1 * VISIBLE], np.float32)
    assert Effect(before, after, np.ones(4, np.float32), nan).visible == 0.5


def test_the_activations_stay_as_they_were() -> None:
    here = pictures(slice(0, 3), slice(0, 3))
    before = here.a.r.clone()
    measure_effect(passes(), here, BLUE, torch.ones(UNITS), torch.full((UNITS,), OFF))
    assert torch.equal(here.a.r, before)
