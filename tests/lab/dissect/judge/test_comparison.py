from __future__ import annotations

import numpy as np
import pytest

from server.lab.dissect.judge.comparison import Comparison, compare


def effects(mean: float, spread: float, count: int = 200, seed: int = 0) -> np.ndarray:
    return (mean + spread * np.random.default_rng(seed).standard_normal(count)).astype(np.float32)


def against(own: np.ndarray, random: np.ndarray, least: float = 0.02) -> Comparison:
    return compare(own, random, np.ones_like(own), least, np.random.default_rng(1))


def test_a_strong_brush_is_clear() -> None:
    found = against(effects(0.5, 0.2), effects(0.05, 0.1, seed=1))
    assert found.clear
    assert found.own == pytest.approx(0.5, abs=0.05)
    assert 0.38 < found.low < 0.46
    assert found.document()["holds"] is True


def test_what_chance_could_have_done_is_not() -> None:
    found = against(effects(0.05, 0.5, 30), effects(0.0, 0.5, 30, seed=1))
    assert found.low < 0
    assert not found.clear


def test_less_than_twice_random_units_or_next_to_nothing_is_not() -> None:
    assert not against(effects(0.5, 0.01), effects(0.3, 0.01, seed=1)).clear
    assert against(effects(0.5, 0.01), effects(0.2, 0.01, seed=1)).clear
    assert not against(effects(0.015, 0.001), effects(0.0, 0.001, seed=1)).clear


def test_random_units_that_do_harm_do_not_help() -> None:
    assert not against(effects(0.01, 0.001), effects(-0.005, 0.001, seed=1)).clear


def test_parts_are_of_the_whole() -> None:
    """Removing: large things count more than small ones."""
    whole = np.array([100.0, 1.0] * 50, np.float32)
    own = np.array([50.0, 1.0] * 50, np.float32)
    found = compare(own, np.zeros_like(own), whole, 0.1, np.random.default_rng(0))
    assert found.own == pytest.approx(51 / 101)
    assert found.clear
