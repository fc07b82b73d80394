"""The generator that decides and then draws: shapes, trunk and tail, and edits of the decision."""

from __future__ import annotations

import pytest
import torch

from server.lab.village.decided import DecidedGenerator, Shape, decided, multiplications

SMALL = Shape(
    latent_dim=6,
    trunk=(8, 8, 8),
    sketch=7,
    plan=((0.5, 12), (0.5, 12), (1, 10), (2, 8), (4, 8), (4, 8)),
    parts=5,
    draw=((4, 8), (8, 6), (16, 4)),
)


@pytest.fixture
def generator() -> DecidedGenerator:
    torch.manual_seed(3)
    return DecidedGenerator(SMALL).eval()


def test_layers_and_their_sizes(generator: DecidedGenerator) -> None:
    assert [layer.height for layer in generator.layers] == [4, 4, 8, 8, 16, 16, 8, 8, 16, 32, 64, 64, 128, 64, 128, 256]
    assert (generator.sketch, generator.decision, generator.resolution) == ("layer6", "layer13", 256)
    assert generator.layer("layer6").units == 7
    assert generator.layer("layer13").units == 5 + 2


def test_trunk_advance_and_tail_make_the_whole(generator: DecidedGenerator) -> None:
    z = torch.randn(2, 6)
    with torch.no_grad():
        whole = generator(z)
        assert whole.shape == (2, 3, 256, 256)
        for layer in generator.layers:
            a = generator.trunk(z, layer.name)
            assert a.r.shape == (2, layer.units, layer.height, layer.width)
            torch.testing.assert_close(generator.tail(a, layer.name), whole, atol=1e-4, rtol=1e-4)


def test_the_decision_is_one_part_a_cell(generator: DecidedGenerator) -> None:
    with torch.no_grad():
        r = generator.trunk(torch.randn(2, 6), generator.decision).r[:, :5]
    assert torch.equal(r.sum(1), torch.ones(2, 128, 128))
    assert set(r.unique().tolist()) == {0.0, 1.0}


def test_what_is_set_in_the_decision_is_drawn_there_and_nowhere_else(generator: DecidedGenerator) -> None:
    with torch.no_grad():
        a = generator.trunk(torch.randn(1, 6), generator.decision)
        edited = a.r.clone()
        edited[:, :5, 40:60, 40:60] = 0
        edited[:, 2, 40:60, 40:60] = 1
        drawn = generator.tail(a.edited(edited), generator.decision)
        change = (drawn - generator.tail(a, generator.decision)).abs().amax((0, 1))
    assert bool(change[84:116, 84:116].mean() > 0)
    outside = change.clone()
    outside[60:140, 60:140] = 0
    assert float(outside.max()) == 0


def test_gradients_reach_every_parameter_through_the_decision(generator: DecidedGenerator) -> None:
    generator(torch.randn(2, 6)).square().mean().backward()
    assert all(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in generator.parameters())


def test_decisions_have_the_gradient_of_the_softmax() -> None:
    scores = torch.randn(1, 4, 3, 3, requires_grad=True)
    weights = torch.randn(1, 4, 3, 3)
    (gradient,) = torch.autograd.grad((decided(scores) * weights).sum(), scores)
    (expected,) = torch.autograd.grad((scores.softmax(1) * weights).sum(), scores)
    torch.testing.assert_close(gradient, expected)


def test_the_village_stays_within_its_budget() -> None:
    generator = DecidedGenerator()
    assert sum(multiplications(generator).values()) <= 3.5e9
    assert 2 * sum(p.numel() for p in generator.parameters()) <= 20e6
