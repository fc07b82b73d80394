from __future__ import annotations

import numpy as np
import pytest
import torch

from server.lab.dissect.search.rankings import attributions, eliminate, optimise, train_level
from server.lab.dissect.trials.effect import MaskedPictures
from server.results.brush import OPS
from tests.helpers.handmade import BLUE, OFF, ON, RED, UNITS, experiments, passes

VALUE = torch.tensor([ON, ON, 2.0, 2.0, -ON])


def lessons(concept: int) -> tuple[MaskedPictures, MaskedPictures]:
    """Pictures to draw on, and to remove from."""
    draw, remove = (experiments(learning=16).lessons(op, concept, "layer1") for op in OPS)
    return draw, remove


ZERO = torch.zeros(UNITS)


@pytest.mark.parametrize(("concept", "unit"), [(RED, 0), (BLUE, 1)])
def test_the_unit_that_makes_the_concept_gets_the_effect(concept: int, unit: int) -> None:
    alpha = torch.zeros(UNITS)
    alpha[[unit, 2, 3, 4]] = 1
    draw, remove = lessons(concept)
    drawn = attributions(passes(), draw, concept, VALUE, alpha)
    removed = attributions(passes(), remove, concept, ZERO, alpha, removing=True)
    others = [u for u in range(UNITS) if u != unit]
    assert drawn[unit] > 0.3
    assert removed[unit] > 0.05
    assert drawn[others].abs().max() < 1e-6
    assert removed[others].abs().max() < 1e-6


def test_the_parts_add_up_to_the_change_of_probability() -> None:
    """Completeness, the axiom of integrated gradients; one point a picture leaves sampling noise."""
    draw, _ = lessons(BLUE)
    part = attributions(passes(), draw, BLUE, VALUE, torch.tensor([0.0, 1, 0, 0, 0]))
    p = passes().scores(draw.a, "layer1")[:, BLUE].exp()
    before = float((p * draw.mask).sum((1, 2)).div(draw.mask.sum((1, 2))).mean())
    assert float(part.sum()) == pytest.approx(1 - before, rel=0.35)


def test_covering_units_count_against() -> None:
    """Blue lies over red: editing both, blue's unit hinders red."""
    assert attributions(passes(), lessons(RED)[0], RED, VALUE, torch.ones(UNITS))[1] < 0


@pytest.mark.parametrize(("concept", "unit"), [(RED, 0), (BLUE, 1)])
def test_all_causal_rankings_put_the_right_unit_first(concept: int, unit: int) -> None:
    draw, remove = lessons(concept)
    for pictures, value, removing in ((draw, VALUE, False), (remove, ZERO, True)):
        order, parts = eliminate(passes(), pictures, concept, value, removing)
        assert order[0] == unit
        assert sorted(order) == list(range(UNITS))
        assert float(parts.clamp(min=0).sum()) == pytest.approx(1)
    alpha = optimise(passes(), draw, remove, concept, VALUE, 25, np.random.default_rng(0))
    assert int(alpha.argmax()) == unit
    assert alpha[unit] > 0.5
    dead = [2, 3, 4]
    assert alpha[dead].max() < 0.1  # only the penalty moves them
    assert bool(((alpha >= 0) & (alpha <= 1)).all())


def test_a_trained_level_draws_and_stays_in_the_natural_range() -> None:
    draw, _ = lessons(BLUE)
    start = torch.tensor([0.6, 0.6, 0.0, 0.0, 0.0])
    low, high = torch.full((UNITS,), OFF - 0.6), torch.full((UNITS,), ON)
    level = train_level(passes(), draw, BLUE, np.array([1, 0, 2, 3, 4]), start, low, high, 40, np.random.default_rng(0))
    assert level[1] > 1.2
    assert bool(((level >= low - 1e-5) & (level <= high + 1e-5)).all())
