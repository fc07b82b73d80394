from __future__ import annotations

import math

import pytest

from server.dissection.brushes import choose
from server.dissection.records import finite
from server.dissection.trials import Measured


def trial(units: int, drawn: float, **other: float) -> Measured:
    """A trial on 20 pictures that removes half."""
    figures: dict[str, float] = {
        "before": 0.1,
        "removed": 0.5,
        "disturbed": 0.01,
        "detail": 1.0,
        "random_drawn": 0.1,
        "random_removed": 0.0,
        **other,
    }
    return Measured("layer4", "causal", "mean", units, int(figures.pop("pictures", 20)), drawn=drawn, **figures)


def test_the_strongest_brush_wins() -> None:
    best, *rest = choose([trial(20, 0.4), trial(8, 0.2), trial(32, 0.9)], 0.8)
    assert best.units == 32
    assert [t.units for t in rest] == [20, 8]


def test_fewer_units_win_over_a_hair() -> None:
    assert choose([trial(64, 0.801), trial(16, 0.8)], 0.7)[0].units == 16


@pytest.mark.parametrize(
    "worse",
    [
        {"removed": -0.5},
        {"disturbed": 0.3},
        {"detail": 0.1},
        {"detail": math.nan},
        {"random_drawn": 0.7},
    ],
)
def test_what_else_a_brush_does_counts(worse: dict[str, float]) -> None:
    assert choose([trial(8, 0.8, **worse), trial(16, 0.75)], 0.7)[0].units == 16


def test_a_lone_peak_is_an_accident() -> None:
    plateau = [
        trial(n, drawn) for n, drawn in ((1, 0.2), (2, 0.2), (4, 0.75), (8, 0.2), (16, 0.6), (32, 0.6), (64, 0.6))
    ]
    assert choose(plateau, 0.6)[0].units in (16, 32)


def test_first_looks_on_few_pictures_do_not_compete() -> None:
    best, *rest = choose([trial(8, 1.0, pictures=6), trial(16, 0.5)], 0.9)
    assert best.units == 16
    assert rest == []


def test_numbers_that_are_none_become_null() -> None:
    assert finite({"a": math.nan, "b": 0.1234567, "c": "x", "d": 3}) == {"a": None, "b": 0.12346, "c": "x", "d": 3}
