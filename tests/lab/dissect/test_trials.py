from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from server.lab.dissect.field import Field
from server.lab.dissect.samples import draw_samples
from server.lab.dissect.trials import Bench
from tests.helpers.handmade import BLUE, ON, passes

RANKING = np.array([1, 0, 2, 3, 4])
LEVELS = {"mean": np.full(5, ON, np.float32), "off": np.zeros(5, np.float32)}


def bench() -> Bench:
    p = passes()
    return Field(p, draw_samples(p, 120, 0), 8, 16, 0).bench(BLUE, "layer1", LEVELS, np.ones(5, np.float32), 16)


def test_a_trial_that_goes_on_is_one_on_all_the_pictures() -> None:
    grown, fresh = bench(), bench()
    assert grown.try_drawing("own", RANKING, "mean", 1.0, 1, 4).pictures == 4
    assert grown.try_removing("own", RANKING, 1, 4).pictures == 4
    for on in (grown, fresh):
        on.try_removing("own", RANKING, 1, 16)
    again = [on.try_drawing("own", RANKING, "mean", 1.0, 1, 16) for on in (grown, fresh)]
    assert again[0] == again[1]
    assert grown.try_removing("own", RANKING, 1, 16) == fresh.try_removing("own", RANKING, 1, 16)


def test_a_trial_tells_what_the_brush_and_what_random_units_do() -> None:
    measured = bench().try_drawing("own", RANKING, "mean", 1.0, 1, 6)
    assert measured.drawn == pytest.approx(1)
    assert measured.score(0.9) > replace(measured, random_drawn=1.0).score(0.9)
    assert measured.random_drawn < 1
    removed = bench().try_removing("own", RANKING, 1, 6)
    assert removed.removed == pytest.approx(1)
    assert removed.random_removed < 1


def test_a_multiple_of_a_level_is_that() -> None:
    """Blue shows where its unit is above 1."""
    on = bench()
    assert on.try_drawing("own", RANKING, "mean", 1.2 / ON, 1, 6).drawn == pytest.approx(1)
    assert on.try_drawing("own", RANKING, "mean", 0.3 / ON, 1, 6).drawn == 0


def test_every_picture_has_random_units_of_its_own() -> None:
    """One of five units draws blue: were they the same in all pictures, the share would be 0 or 1."""
    measured = bench().try_drawing("own", RANKING, "mean", 1.0, 1, 16)
    assert measured.before < measured.random_drawn < 1


def test_removing_everywhere_is_counted_beyond_where_the_concept_stood() -> None:
    on = bench()
    tidy = on.try_removing("own", RANKING, 1, 16)
    assert tidy.spoilt == 0
    wild = on.try_removing("all", np.array([1, 0, 2, 3, 4]), 2, 16)  # red goes as well
    assert wild.removed == pytest.approx(1)
    assert wild.spoilt > 0.02
    assert wild.score() < tidy.score()
