from __future__ import annotations

import numpy as np
import pytest

from server.lab.dissect.judge.verdict import Verdict, judge_concept
from server.lab.dissect.trials.layout import Layout, rasters
from server.lab.dissect.units.samples import draw_samples
from server.results.brush import Brush, RankedUnit, Removing
from tests.helpers.handmade import ON, UNITS, passes


def brush(concept: str, first: int, removing: int) -> Brush:
    order = [first, *(u for u in range(UNITS) if u != first)]
    other = (removing, *(u for u in range(UNITS) if u != removing))
    units = tuple(RankedUnit(u, 0.5, 0.5, ON) for u in order)
    return Brush(concept, "layer1", units, 1, 0.5, 0.5, True, removing=Removing(other, 1, True))


def judged(own: Brush, deviation: tuple[float, ...] = (1, 1, 1, 1, 1)) -> Verdict:
    samples = draw_samples(passes(), 120, 1000)
    layout, shares = Layout.of(samples.labels, 3), rasters(samples.labels, 3)
    deviations = {"layer1": np.array(deviation, np.float32)}
    verdict = judge_concept(passes(), samples, shares, layout, own, own, deviations, 30, 3)
    assert verdict is not None
    return verdict


def test_a_good_brush_is_not_weak() -> None:
    blue = judged(brush("blue", 1, 1))
    assert blue.weak == ()
    assert blue.drawn == pytest.approx(1)
    assert blue.visible == 1
    assert 0 < blue.random_visible < 0.6  # one living unit of five draws blue
    assert blue.removed == 0
    assert blue.kept_everywhere == 1
    assert (blue.drawing_pictures, blue.removing_pictures) == (30, 30)
    assert blue.clear_remove.own == pytest.approx(blue.gone, abs=0.02)


def test_a_brush_of_dead_units_is_weak() -> None:
    red = judged(brush("red", 2, 3))
    assert red.weak == ("drawing", "removing")
    assert red.drawn == pytest.approx(red.before, abs=0.01)


def test_drawing_and_removing_go_by_units_of_their_own() -> None:
    mixed = judged(brush("blue", 1, 2))
    assert mixed.weak == ("removing",)


def test_dead_units_are_no_control() -> None:
    """With only the right unit alive, random units are as good as the brush: it is not clear."""
    alone = judged(brush("blue", 1, 1), (0, 1, 0, 0, 0))
    assert alone.random_drawn == pytest.approx(alone.drawn)
    assert alone.weak == ("drawing", "removing")
