from __future__ import annotations

import numpy as np
import pytest
import torch

from server.lab.dissect.constants import CONTEXT_SIDE
from server.lab.dissect.judge.context import masks_on, measure_context
from server.lab.dissect.units.samples import draw_samples
from server.model.segmenter import cell_shares
from server.results.brush import Brush, RankedUnit
from tests.helpers.handmade import BLUE, CONCEPTS, ON, UNITS, passes

GRID = 8


def brush(concept: str, unit: int) -> Brush:
    others = [u for u in range(UNITS) if u != unit]
    units = tuple(RankedUnit(u, 0.5, 0.5, ON) for u in (unit, *others))
    return Brush(concept, "layer1", units, 1, 0.5, 0.5, True)


def test_masks_are_filled_with_what_stood_there() -> None:
    samples = draw_samples(passes(), 60, 0)
    shares = cell_shares(samples.labels, len(CONCEPTS), GRID)
    masks = masks_on(shares, BLUE, 9, np.random.default_rng(0))
    assert len(masks) == 9
    for i, cells in zip(masks.index, masks.cells, strict=True):
        assert cells.sum() == CONTEXT_SIDE**2
        assert shares[i, BLUE][torch.from_numpy(cells)].mean() >= 0.6


def test_blue_takes_on_everything_and_red_not_on_blue() -> None:
    samples = draw_samples(passes(), 80, 0)
    shares = cell_shares(samples.labels, len(CONCEPTS), GRID)
    blue = measure_context(passes(), samples, shares, brush("blue", 1), 6, 0)
    red = measure_context(passes(), samples, shares, brush("red", 0), 6, 0)
    assert blue["blue"] is None
    assert red["blue"] is not None
    assert red["ground"] is not None
    assert blue["red"] is not None
    assert blue["red"]["drawn"] == pytest.approx(1)
    assert red["ground"]["drawn"] > 0.9
    assert red["blue"]["drawn"] < 0.3  # blue lies over red
    assert red["ground"]["visible"] == 1
    assert red["blue"]["visible"] < 0.5
    assert red["ground"]["pictures"] == 6
