from __future__ import annotations

import numpy as np
import pytest
import torch

from server.lab.dissect.causal import attributions, eliminate, optimise, train_level
from server.lab.dissect.effect import Trial
from server.lab.dissect.field import Field
from server.lab.dissect.samples import draw_samples
from tests.helpers.handmade import BLUE, OFF, ON, RED, UNITS, passes

VALUE = torch.tensor([ON, ON, 2.0, 2.0, -ON])


def trials(concept: int) -> tuple[Trial, Trial]:
    p = passes()
    return Field(p, draw_samples(p, 120, 0), 16, 16, 0).learn(concept, "layer1")


ZERO = torch.zeros(UNITS)


@pytest.mark.parametrize(("concept", "unit"), [(RED, 0), (BLUE, 1)])
def test_the_unit_that_makes_the_concept_gets_the_effect(concept: int, unit: int) -> None:
    alpha = torch.zeros(UNITS)
    alpha[[unit, 2, 3, 4]] = 1
    draw, remove = trials(concept)
    drawn = attributions(passes(), draw, concept, VALUE, alpha)
    removed = attributions(passes(), remove, concept, ZERO, alpha, removing=True)
    others = [u for u in range(UNITS) if u != unit]
    assert drawn[unit] > 0.3
    assert removed[unit] > 0.05
    assert drawn[others].abs().max() < 1e-6
    assert removed[others].abs().max() < 1e-6


def test_the_parts_add_up_to_the_change_of_probability() -> None:
    """Completeness, the axiom of integrated gradients; one point a picture leaves sampling noise."""
    draw, _ = trials(BLUE)
    part = attributions(passes(), draw, BLUE, VALUE, torch.tensor([0.0, 1, 0, 0, 0]))
    p = passes().scores(draw.r, "layer1")[:, BLUE].exp()
    before = float((p * draw.mask).sum((1, 2)).div(draw.mask.sum((1, 2))).mean())
    assert float(part.sum()) == pytest.approx(1 - before, rel=0.35)


def test_covering_units_count_against() -> None:
    """Blue lies over red: editing both, blue's unit hinders red."""
    assert attributions(passes(), trials(RED)[0], RED, VALUE, torch.ones(UNITS))[1] < 0


@pytest.mark.parametrize(("concept", "unit"), [(RED, 0), (BLUE, 1)])
def test_all_causal_rankings_put_the_right_unit_first(concept: int, unit: int) -> None:
    draw, remove = trials(concept)
    for trial, value, removing in ((draw, VALUE, False), (remove, ZERO, True)):
        order, parts = eliminate(passes(), trial, concept, value, removing, least=1)
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
    draw, _ = trials(BLUE)
    start = torch.tensor([0.6, 0.6, 0.0, 0.0, 0.0])
    low, high = torch.full((UNITS,), OFF - 0.6), torch.full((UNITS,), ON)
    level = train_level(passes(), draw, BLUE, np.array([1, 0, 2, 3, 4]), start, low, high, 40, np.random.default_rng(0))
    assert level[1] > 1.2
    assert bool(((level >= low - 1e-5) & (level <= high + 1e-5)).all())
