from __future__ import annotations

import numpy as np
import pytest

from dissection.handmade import CONCEPTS, ON, UNITS, passes
from server.dissection.masks import GRID
from server.dissection.measure import judge_brushes, verdict_documents, verdict_table
from server.dissection.results import Brush, RankedUnit
from server.dissection.samples import cell_shares, draw_samples


def brush(concept: str, first: int) -> Brush:
    order = [first, *(u for u in range(UNITS) if u != first)]
    return Brush(concept, "layer1", tuple(RankedUnit(u, 0.5, 0.5, ON) for u in order), 1, 0.5, 0.5, True)


def test_a_good_brush_is_not_weak_and_a_dead_one_is() -> None:
    samples = draw_samples(passes(), 60, 1000)
    shares = cell_shares(samples.labels, len(CONCEPTS), GRID)
    level = np.full(UNITS, ON, np.float32)
    brushes = [brush("blue", 1), brush("red", 2)]
    blue, red = judge_brushes(passes(), samples, shares, brushes, lambda b: level, 15, 3)
    assert blue.weak == ()
    assert blue.drawn == pytest.approx(1)
    assert blue.removed == 0
    assert (blue.drawing_pictures, blue.removing_pictures) == (15, 15)
    assert red.weak == ("drawing", "removing")
    assert red.drawn == pytest.approx(red.before, abs=0.01)
    table = verdict_table(verdict_documents([blue, red]))
    assert "drawing, removing" in table
    assert len(table.splitlines()) == 4
