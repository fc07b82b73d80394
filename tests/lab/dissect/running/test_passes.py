from __future__ import annotations

import torch

from server.lab.dissect.running.passes import Passes, batches
from server.model.latents import latents_of
from server.model.progressive import ProgressiveGenerator
from tests.helpers.handmade import ColourSegmenter


def random_passes(low: bool) -> Passes:
    """A random generator of 16x16 pixels."""
    torch.manual_seed(0)
    return Passes(ProgressiveGenerator(8, (12, 10, 8)), ColourSegmenter(), low, torch.device("cpu"))


def test_the_frozen_generator_draws_what_the_trained_one_does() -> None:
    p = random_passes(low=False)
    z = latents_of(range(3), 8)
    a = p.trunk(z, "layer4")
    torch.testing.assert_close(a.r, p.generator.trunk(z, "layer4").r, atol=1e-4, rtol=1e-4)
    want = p.generator.tail(a, "layer4").clamp(-1, 1)
    torch.testing.assert_close(p.images(a, "layer4"), want, atol=1e-4, rtol=1e-4)


def test_low_precision_is_close() -> None:
    exact, low = random_passes(low=False), random_passes(low=True)
    z = latents_of(range(3), 8)
    off = low.images(low.trunk(z, "layer3"), "layer3") - exact.images(exact.trunk(z, "layer3"), "layer3")
    assert off.abs().mean() < 0.02


def test_scores_are_log_probabilities_with_gradients() -> None:
    p = random_passes(low=False)
    a = p.generator.trunk(latents_of(range(2), 8), "layer4")
    a = a.edited(a.r.requires_grad_())
    scores = p.scores(a, "layer4")
    assert torch.allclose(scores.exp().sum(1), torch.ones(2, 16, 16), atol=1e-5)
    (gradient,) = torch.autograd.grad(scores[:, 1].sum(), a.r)
    assert gradient.abs().max() > 0
    first, second = scores.topk(2, 1).values.unbind(1)  # (N, 16, 16) each
    clear = first - second > 1e-3  # the others lie between two concepts: where two colours are clamped, they are equal
    assert clear.float().mean() > 0.8
    assert torch.equal(scores.argmax(1)[clear], p.labels(p.images(a.edited(a.r.detach()), "layer4")).long()[clear])


def test_batches_cover_everything_once() -> None:
    assert [list(range(10))[s] for s in batches(10, 4)] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert list(batches(0, 4)) == []
