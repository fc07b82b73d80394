from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from server.lab.dissect.constants import CROWD, HAIR, TOLERANCE
from server.lab.dissect.search.scores import best_first, score, standings, weakest
from server.lab.dissect.trials.record import Candidate, Drawing, Record, Removal, Trial


def drawing(units: int, drawn: float, **other: float) -> Drawing:
    figures: dict[str, float] = {"disturbed": 0.01, "strange": 1.0, "random_drawn": 0.1, "multiple": 1.0, **other}
    pictures = int(figures.pop("pictures", 20))
    return Drawing("layer4", "causal", "mean", units=units, pictures=pictures, before=0.1, drawn=drawn, **figures)


def removal(units: int, removed: float, **other: float) -> Removal:
    figures: dict[str, float] = {"disturbed": 0.01, "spoilt": 0.01, "random_removed": 0.0, **other}
    return Removal("layer4", "causal removing", units, 20, removed, **figures)


def test_a_swatch_is_no_better_than_what_a_mask_holds_by_itself() -> None:
    natural, swatch = drawing(16, 0.5, holds=0.5), drawing(16, 0.9, strange=2.0, holds=0.5)
    assert swatch.natural_gain == natural.natural_gain == pytest.approx(0.4)
    assert best_first([swatch, natural], 0.4)[0] is natural
    assert best_first([replace(swatch, holds=1.0), replace(natural, holds=1.0)], 0.8)[0].drawn == 0.9
    assert drawing(16, 0.05, holds=0.02).natural_gain == pytest.approx(-0.05)


def test_the_strongest_brush_wins() -> None:
    best, *rest = best_first([drawing(20, 0.4), drawing(8, 0.2), drawing(32, 0.9)], 0.8)
    assert best.units == 32
    assert [t.units for t in rest] == [20, 8]


def test_fewer_units_win_over_a_hair() -> None:
    assert best_first([drawing(64, 0.801), drawing(16, 0.8)], 0.7)[0].units == 16
    assert best_first([removal(64, 0.801), removal(16, 0.8)], 1.0)[0].units == 16
    assert best_first([removal(64, 0.8 + 2 * TOLERANCE), removal(16, 0.8)], 1.0)[0].units == 64


@pytest.mark.parametrize("worse", [{"disturbed": 0.3}, {"strange": 3.0}, {"strange": math.nan}, {"random_drawn": 0.7}])
def test_what_else_drawing_does_counts(worse: dict[str, float]) -> None:
    assert best_first([drawing(8, 0.8, **worse), drawing(16, 0.75)], 0.7)[0].units == 16


def test_many_units_cost_something() -> None:
    assert score(drawing(64, 0.8), 0.7) == pytest.approx(score(drawing(4, 0.8), 0.7) - 4 * CROWD)


@pytest.mark.parametrize("worse", [{"disturbed": 0.3}, {"spoilt": 0.3}, {"random_removed": 0.7}])
def test_what_else_removing_does_counts(worse: dict[str, float]) -> None:
    assert best_first([removal(8, 0.8, **worse), removal(16, 0.7)], 1.0)[0].units == 16


def test_the_weakest_level_within_a_hair_wins() -> None:
    bound = 1.0
    strong, even, weak, faint = (
        drawing(8, drawn, multiple=m)
        for m, drawn in ((2.0, 0.9), (1.0, 0.9 - 0.2 * HAIR), (0.5, 0.9 - 0.9 * HAIR), (0.35, 0.9 - 1.1 * HAIR))
    )
    assert weakest([strong, even, weak, faint], bound) is weak
    assert best_first([faint, weak, even, strong], bound) == [weak, strong, even, faint]


def test_a_level_that_paints_strangely_loses_to_a_weaker_one_that_draws_a_little_less() -> None:
    black, lovely = drawing(8, 0.62, strange=3.4), drawing(8, 0.55, strange=1.2, multiple=0.35)
    assert weakest([black, lovely], 0.6) is lovely
    assert weakest([replace(black, strange=1.0), lovely], 0.6).multiple == 1


def test_multiples_do_not_decide_the_number_of_units() -> None:
    best = best_first([drawing(8, 0.6), drawing(16, 0.7), drawing(8, 0.95, multiple=1.4)], 0.8)[0]
    assert (best.units, best.multiple) == (16, 1.0)


def test_a_lone_peak_is_an_accident() -> None:
    bound, heights = 0.6, ((1, 0.2), (2, 0.2), (4, 0.75), (8, 0.2), (16, 0.6), (32, 0.6), (64, 0.6))
    price = {n: CROWD * math.log2(n) * bound for n, _ in heights}  # drawn more for it, so that heights alone decide
    assert best_first([drawing(n, drawn + price[n]) for n, drawn in heights], bound)[0].units in (16, 32)


def test_first_looks_on_few_pictures_do_not_compete() -> None:
    best, *rest = best_first([drawing(8, 1.0, pictures=6), drawing(16, 0.5)], 0.9)
    assert best.units == 16
    assert rest == []


def record(*trials: Trial) -> Record:
    empty = Record("layer4", {}, {}, np.zeros(0, np.float32), {})
    return replace(
        empty,
        drawings=tuple(t for t in trials if isinstance(t, Drawing)),
        removals=tuple(t for t in trials if isinstance(t, Removal)),
    )


def test_a_candidate_is_worth_its_best_trial_on_the_most_pictures() -> None:
    trials = [drawing(4, 0.3), drawing(16, 0.5), drawing(16, 0.9, pictures=6), replace(drawing(4, 0.6), ranking="iou")]
    scores = standings("draw", [record(*trials, drawing(16, 0.9, multiple=2.0), removal(4, 0.7))], 0.8)
    assert scores == {
        Candidate("layer4", "causal", "mean"): score(trials[1], 0.8),
        Candidate("layer4", "iou", "mean"): score(trials[3], 0.8),
    }
    assert list(standings("remove", [record(removal(4, 0.7))], 0.8)) == [Candidate("layer4", "causal removing")]
