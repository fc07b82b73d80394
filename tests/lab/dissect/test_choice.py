from __future__ import annotations

import math
from dataclasses import replace

import pytest

from server.lab.dissect.choice import HAIR, TOLERANCE, choose_drawing, choose_removing, pairs, weakest
from server.lab.dissect.trials import CROWD, Drawing, Removal


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
    assert choose_drawing([swatch, natural], 0.4)[0] is natural
    assert choose_drawing([replace(swatch, holds=1.0), replace(natural, holds=1.0)], 0.8)[0].drawn == 0.9
    assert drawing(16, 0.05, holds=0.02).natural_gain == pytest.approx(-0.05)


def test_the_strongest_brush_wins() -> None:
    best, *rest = choose_drawing([drawing(20, 0.4), drawing(8, 0.2), drawing(32, 0.9)], 0.8)
    assert best.units == 32
    assert [t.units for t in rest] == [20, 8]


def test_fewer_units_win_over_a_hair() -> None:
    assert choose_drawing([drawing(64, 0.801), drawing(16, 0.8)], 0.7)[0].units == 16
    assert choose_removing([removal(64, 0.801), removal(16, 0.8)])[0].units == 16
    assert choose_removing([removal(64, 0.8 + 2 * TOLERANCE), removal(16, 0.8)])[0].units == 64


@pytest.mark.parametrize("worse", [{"disturbed": 0.3}, {"strange": 3.0}, {"strange": math.nan}, {"random_drawn": 0.7}])
def test_what_else_drawing_does_counts(worse: dict[str, float]) -> None:
    assert choose_drawing([drawing(8, 0.8, **worse), drawing(16, 0.75)], 0.7)[0].units == 16


def test_many_units_cost_something() -> None:
    assert drawing(64, 0.8).score(0.7) == pytest.approx(drawing(4, 0.8).score(0.7) - 4 * CROWD)


@pytest.mark.parametrize("worse", [{"disturbed": 0.3}, {"spoilt": 0.3}, {"random_removed": 0.7}])
def test_what_else_removing_does_counts(worse: dict[str, float]) -> None:
    assert choose_removing([removal(8, 0.8, **worse), removal(16, 0.7)])[0].units == 16


def test_the_weakest_level_within_a_hair_wins() -> None:
    bound = 1.0
    strong, even, weak, faint = (
        drawing(8, drawn, multiple=m)
        for m, drawn in ((2.0, 0.9), (1.0, 0.9 - 0.2 * HAIR), (0.5, 0.9 - 0.9 * HAIR), (0.35, 0.9 - 1.1 * HAIR))
    )
    assert weakest([strong, even, weak, faint], bound) is weak
    assert choose_drawing([faint, weak, even, strong], bound) == [weak, strong, even, faint]


def test_a_level_that_paints_strangely_loses_to_a_weaker_one_that_draws_a_little_less() -> None:
    black, lovely = drawing(8, 0.62, strange=3.4), drawing(8, 0.55, strange=1.2, multiple=0.35)
    assert weakest([black, lovely], 0.6) is lovely
    assert weakest([replace(black, strange=1.0), lovely], 0.6).multiple == 1


def test_multiples_do_not_decide_the_number_of_units() -> None:
    best = choose_drawing([drawing(8, 0.6), drawing(16, 0.7), drawing(8, 0.95, multiple=1.4)], 0.8)[0]
    assert (best.units, best.multiple) == (16, 1.0)


def test_a_lone_peak_is_an_accident() -> None:
    bound, heights = 0.6, ((1, 0.2), (2, 0.2), (4, 0.75), (8, 0.2), (16, 0.6), (32, 0.6), (64, 0.6))
    price = {n: CROWD * math.log2(n) * bound for n, _ in heights}  # drawn more for it, so that heights alone decide
    assert choose_drawing([drawing(n, drawn + price[n]) for n, drawn in heights], bound)[0].units in (16, 32)


def test_first_looks_on_few_pictures_do_not_compete() -> None:
    best, *rest = choose_drawing([drawing(8, 1.0, pictures=6), drawing(16, 0.5)], 0.9)
    assert best.units == 16
    assert rest == []


def test_pairs_are_ordered_by_their_best_trial() -> None:
    trials = [drawing(4, 0.3), drawing(16, 0.5), replace(drawing(4, 0.6), ranking="iou")]
    assert [pair for _, pair in pairs(trials, lambda t: t.score(0.8))] == [("iou", "mean"), ("causal", "mean")]
    assert pairs([removal(4, 0.7)], lambda t: t.score())[0][1] == ("causal removing", "")
