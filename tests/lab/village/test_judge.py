"""The judge of decisions: what its losses say, and how maps are cut for it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from server.lab.village.judge import Judge, misjudged, plausible, shifted, slope


@pytest.fixture
def judge() -> Judge:
    torch.manual_seed(0)
    return Judge(3, (8, 8, 8, 8))


def test_it_has_a_score_for_each_place_of_three_reaches_and_one_for_the_whole(judge: Judge) -> None:
    scores = judge(torch.rand(2, 3, 112, 112))
    assert [tuple(s.shape) for s in scores] == [(2, 28 * 28), (2, 14 * 14), (2, 7 * 7), (2, 1)]


def test_it_learns_to_tell_two_kinds_of_maps_and_then_finds_one_implausible(judge: Judge) -> None:
    real, made = torch.zeros(4, 3, 32, 32), torch.zeros(4, 3, 32, 32)
    real[:, 0], made[:, 1] = 1, 1
    optimiser = torch.optim.Adam(judge.parameters(), 0.01)
    for _ in range(20):
        optimiser.zero_grad()
        misjudged(judge, real, made).backward()
        optimiser.step()
    assert float(misjudged(judge, real, made).detach()) < 0.7
    assert float(plausible(judge, real).detach()) < float(plausible(judge, made).detach())


def test_the_slope_is_the_gradient_of_the_scores(judge: Judge) -> None:
    real = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        for parameter in judge.parameters():
            parameter.zero_()
    assert float(slope(judge, real).detach()) == 0
    judge.read.weight.data.fill_(1)
    for layer, halve in zip(judge.heads, judge.halve, strict=True):
        layer.weight.data.fill_(1)
        halve.around.weight.data.fill_(1)  # type: ignore[union-attr]
    assert float(slope(judge, real).detach()) > 0


def test_maps_are_cut_alike_and_not_always_at_the_same_place() -> None:
    grid = torch.arange(32.0 * 32).view(1, 1, 32, 32)
    rng = np.random.default_rng(0)
    places = set()
    for _ in range(20):
        one, two = shifted([grid, grid], rng)
        assert one.shape == (1, 1, 16, 16)
        assert torch.equal(one, two)
        places.add(float(one[0, 0, 0, 0]))
    assert len(places) > 10


def test_maps_that_are_all_alike_have_a_gradient(judge: Judge) -> None:
    alike = torch.ones(2, 3, 32, 32)
    (misjudged(judge, alike, alike) + slope(judge, alike)).backward()
    assert all(p.grad is None or bool(p.grad.isfinite().all()) for p in judge.parameters())
