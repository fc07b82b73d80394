from __future__ import annotations

import numpy as np
import pytest

from dissection.handmade import CONCEPTS, ON, UNITS, passes
from server.dissection.masks import GRID
from server.dissection.measure import Places, Verdict, judge_brushes, verdict_documents, verdict_table
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
    blue, red = judge_brushes(passes(), samples, shares, brushes, lambda b: level, 15, 3, Places.of(samples.labels, 3))
    assert blue.weak == ()
    assert blue.drawn == pytest.approx(1)
    assert blue.removed == 0
    assert (blue.drawing_pictures, blue.removing_pictures) == (15, 15)
    assert red.weak == ("drawing", "removing")
    assert red.drawn == pytest.approx(red.before, abs=0.01)
    table = verdict_table(verdict_documents([blue, red]))
    assert "drawing, removing" in table
    assert len(table.splitlines()) == 6
    assert "15 seeds" in table


def verdict(**other: float) -> Verdict:
    figures = {
        "before": 0.1, "drawn": 0.7, "random_drawn": 0.1, "all_drawn": 0.9, "holds": 0.8, "kept": 0.95,
        "stood": 0.4, "removed": 0.1, "random_removed": 0.4, "kept_removing": 0.95, **other,
    }  # fmt: skip
    return Verdict(concept="tree", layer="layer4", units=8, of=64, drawing_pictures=9, removing_pictures=9, **figures)  # type: ignore[arg-type]


def test_what_brushes_are_meant_to_do() -> None:
    assert verdict().meets == {"draw": True, "remove": True, "keep": True}
    assert not verdict(drawn=0.59).meets["draw"]
    assert verdict(drawn=0.41, holds=0.5).meets["draw"]  # 0.8 of what the mask can hold
    assert verdict(removed=0.12).gone == pytest.approx(0.7)
    assert not verdict(removed=0.13).meets["remove"]
    assert not verdict(kept_removing=0.89).meets["keep"]
    assert verdict(random_removed=0.3).random_gone == pytest.approx(0.25)
    (document,) = verdict_documents([verdict()])
    assert document["meets"]["remove"] is True
    assert document["gone"] == pytest.approx(0.75)


def test_what_a_mask_can_hold_is_what_the_fullest_squares_show() -> None:
    labels = np.zeros((10, 64, 64), np.uint8)
    labels[:, 8:32, 8:20] = 1  # half of a square of 3x3 cells
    places = Places.of(labels, 3)
    assert places.holds == pytest.approx((1.0, 0.5, 0.0))
    assert places.usual[1, 1, 1] == 1
    assert places.usual[1, 7].max() == 0
