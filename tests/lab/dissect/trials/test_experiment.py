from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from server.lab.dissect.search.scores import score
from server.lab.dissect.trials.experiment import Experiment
from server.lab.dissect.trials.record import Candidate, Drawing, Record, Removal
from tests.helpers.handmade import BLUE, ON, experiments

RANKING = np.array([1, 0, 2, 3, 4])
LEVELS = {"mean": np.full(5, ON, np.float32), "off": np.zeros(5, np.float32)}
RECORD = Record("layer1", {"own": RANKING, "dead": RANKING[::-1].copy()}, LEVELS, np.zeros(5, np.float32), {})


def experiment() -> Experiment:
    return experiments().experiment(BLUE, "layer1", np.ones(5, np.float32), 16)


def draw(on: Experiment, pictures: int, multiple: float = 1.0) -> Drawing:
    trial = on.measure("draw", RECORD, Candidate("layer1", "own", "mean"), 1, pictures, multiple)
    assert isinstance(trial, Drawing)
    return trial


def remove(on: Experiment, pictures: int, count: int = 1) -> Removal:
    trial = on.measure("remove", RECORD, Candidate("layer1", "own"), count, pictures)
    assert isinstance(trial, Removal)
    return trial


def test_a_trial_that_goes_on_is_one_on_all_the_pictures() -> None:
    grown, fresh = experiment(), experiment()
    assert draw(grown, 4).pictures == 4
    assert remove(grown, 4).pictures == 4
    for on in (grown, fresh):
        remove(on, 16)
    again = [draw(on, 16) for on in (grown, fresh)]
    assert again[0] == again[1]
    assert remove(grown, 16) == remove(fresh, 16)


def test_a_trial_tells_what_the_brush_and_what_random_units_do() -> None:
    measured = draw(experiment(), 6)
    assert measured.drawn == pytest.approx(1)
    assert score(measured, 0.9) > score(replace(measured, random_drawn=1.0), 0.9)
    assert measured.random_drawn < 1
    removed = remove(experiment(), 6)
    assert removed.removed == pytest.approx(1)
    assert removed.random_removed < 1


def test_a_multiple_of_a_level_is_that() -> None:
    """Blue shows where its unit is above 1."""
    on = experiment()
    assert draw(on, 6, 1.2 / ON).drawn == pytest.approx(1)
    assert draw(on, 6, 0.3 / ON).drawn == 0


def test_every_picture_has_random_units_of_its_own() -> None:
    """One of the four others draws blue: were they the same in all pictures, the share would be 0 or 1."""
    measured = experiment().measure("draw", RECORD, Candidate("layer1", "dead", "mean"), 1, 16)
    assert isinstance(measured, Drawing)
    assert measured.before < measured.random_drawn < 1


def test_a_brush_is_compared_with_other_units_than_its_own() -> None:
    measured = draw(experiment(), 16)
    assert measured.random_drawn <= measured.before
    assert remove(experiment(), 16).random_removed == pytest.approx(0)


def test_removing_everywhere_is_counted_beyond_where_the_concept_stood() -> None:
    on = experiment()
    tidy = remove(on, 16)
    assert tidy.spoilt == 0
    wild = remove(on, 16, 2)  # red goes as well
    assert wild.removed == pytest.approx(1)
    assert wild.spoilt > 0.02
    assert score(wild, 1.0) < score(tidy, 1.0)


def test_all_units_together_are_the_bound_of_a_level() -> None:
    bounds = experiment().bounds(LEVELS, 16)
    assert bounds["mean"] == pytest.approx(1 - draw(experiment(), 16).before)
    assert bounds["off"] < 0
