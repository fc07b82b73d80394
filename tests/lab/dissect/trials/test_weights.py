from __future__ import annotations

import numpy as np

from server.lab.dissect.trials.weights import alive, edit_of, others_first, random_units, random_weights, top
from server.results.brush import Brush, RankedUnit, Removing


def test_the_first_units_of_a_ranking() -> None:
    assert top(np.array([2, 0, 1]), 2).tolist() == [1, 0, 1]


def test_dead_units_are_never_random_ones() -> None:
    living = alive(np.array([0.5, 0.0, 1e-6, 2.0, 0.01], np.float32))
    assert living.tolist() == [0, 3, 4]
    orders = random_units(living, 50, np.random.default_rng(0))
    weights = random_weights(orders, 2, 5)
    assert weights.sum(1).tolist() == [2] * 50
    assert weights[:, [1, 2]].sum() == 0
    assert len(weights.unique(dim=0)) == 3  # all pairs of three occur
    assert random_weights(orders, 9, 5).sum(1).tolist() == [3] * 50


def test_what_an_edit_sets_itself_is_compared_with_other_units_while_there_are_any() -> None:
    orders = random_units(np.arange(6), 40, np.random.default_rng(0))
    own = top(np.array([4, 1, 0, 2, 3, 5]), 2)
    others = others_first(orders, own)
    assert random_weights(others, 2, 6)[:, [1, 4]].sum() == 0
    assert len(random_weights(others, 2, 6).unique(dim=0)) == 6  # all pairs of four occur
    assert random_weights(others, 5, 6)[:, [1, 4]].sum(1).tolist() == [1] * 40


def test_a_layer_of_dead_units_still_has_units() -> None:
    assert alive(np.zeros(4, np.float32)).tolist() == [0, 1, 2, 3]


def test_a_brush_draws_with_levels_and_removes_with_zeros_and_its_own_units() -> None:
    units = tuple(RankedUnit(u, 0.1, 0.1, level) for u, level in ((2, 3.0), (0, 1.0), (1, 2.0)))
    brush = Brush("tree", "layer1", units, 1, 0.5, 0.5, True, removing=Removing((1, 0, 2), 2, True))
    alpha, value = edit_of(brush, "draw")
    assert (alpha.tolist(), value.tolist()) == ([0, 0, 1], [1, 2, 3])
    alpha, value = edit_of(brush, "remove")
    assert (alpha.tolist(), value.tolist()) == ([1, 1, 0], [0, 0, 0])
