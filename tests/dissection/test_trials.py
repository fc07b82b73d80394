from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from dissection.handmade import BLUE, ON, passes
from server.dissection.brushes import Tried, race, try_pairs
from server.dissection.field import Field
from server.dissection.samples import draw_samples
from server.dissection.trials import Bench

RANKING = np.array([1, 0, 2, 3, 4])
LEVELS = {"mean": np.full(5, ON, np.float32), "off": np.zeros(5, np.float32)}


def bench() -> Bench:
    p = passes()
    return Field(p, draw_samples(p, 120, 0), 8, 16, 0).bench(BLUE, "layer1", LEVELS, 16)


def test_a_trial_that_goes_on_is_one_on_all_the_pictures() -> None:
    grown, fresh = bench(), bench()
    assert grown.measure("own", RANKING, "mean", 1, 4, False).pictures == 4
    assert grown.measure("own", RANKING, "mean", 1, 16, True) == fresh.measure("own", RANKING, "mean", 1, 16, True)


def test_random_units_are_left_out_unless_asked_for() -> None:
    measured = bench().measure("own", RANKING, "mean", 1, 6, False)
    assert math.isnan(measured.random_drawn)
    assert measured.drawn == pytest.approx(1)
    assert measured.removed == pytest.approx(1)
    assert measured.score(0.9) == pytest.approx(replace(measured, random_drawn=measured.before).score(0.9))


def test_the_race_puts_the_pair_that_draws_first() -> None:
    on = bench()
    rankings = {"own": RANKING, "dead": RANKING[::-1].copy()}
    tried = Tried(rankings, LEVELS, np.zeros(5, np.float32), on.bounds(4), ())
    pairs = [(ranking, level) for ranking in rankings for level in LEVELS]
    tried = tried.with_trials(try_pairs(on, tried, pairs, (1, 2), 4))
    after, order = race({"layer1": on}, {"layer1": tried}, 3, 12)
    assert order[0] == ("layer1", ("own", "mean"))
    assert len(order) == 3
    assert {t.pictures for t in after["layer1"].trials} == {4, 12}
    assert tried.sound_level() == "mean"
