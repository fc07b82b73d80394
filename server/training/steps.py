"""Single training steps: what each network is asked for, and how it is told.

Three kinds of pictures go through the tail: scenes rebuilt from their encoding, rehearsed edits of them, and samples
of the trunk. Discriminators see label maps beside pictures; the generator's label head makes those of its pictures.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from server.training import edits
from server.training.config import TrainConfig
from server.training.latents import Moments
from server.training.state import RunState

Figures = dict[str, float]


@dataclass(frozen=True)
class Functions:
    """The networks as they run: compiled where a compiler is there, in bf16."""

    encode: Callable[[Tensor, Tensor], Tensor]
    edit_block: Callable[[Tensor], Tensor]
    tail: Callable[[Tensor], tuple[Tensor, Tensor]]
    trunk: Callable[[Tensor], Tensor]
    judge: Callable[[Tensor], tuple[Tensor, Tensor]]
    judge_features: Callable[[Tensor], tuple[Tensor, Tensor]]
    encode_latent: Callable[[Tensor], tuple[Tensor, Tensor]]
    half: Callable[[], AbstractContextManager[object]]


def functions(state: RunState, compiled: bool) -> Functions:
    """The run's networks as functions; see `Functions`."""
    config = state.config
    before = f"layer{int(config.edit_layer.removeprefix('layer')) - 1}"
    generator = state.generator

    def tail(r: Tensor) -> tuple[Tensor, Tensor]:
        f = generator.advance(r, config.edit_layer, config.last_layer)  # (N, width, R, R)
        return generator.block(generator.output_name)(f), state.head(f)

    def trunk(z: Tensor) -> Tensor:
        return generator.trunk(z, before)

    def edit_block(h: Tensor) -> Tensor:
        return generator.block(config.edit_layer)(h)  # type: ignore[no-any-return]

    made: list[Callable[..., Any]] = [
        state.encoder.forward,
        edit_block,
        tail,
        trunk,
        state.discriminator.forward,
        state.features.forward,
        state.latent_encoder.forward,
    ]
    if compiled:
        made = [torch.compile(f, dynamic=False) for f in made]
    kind = state.device.type

    def half() -> AbstractContextManager[object]:
        return torch.autocast(kind, torch.bfloat16)

    encode, block, draw, first, judge, judge_features, latent = made
    return Functions(encode, block, draw, first, judge, judge_features, latent, half)


def show(images: Tensor, labels: Tensor, keep: Tensor) -> Tensor:
    """What the discriminator sees: (N, 3 + C, R, R). Labels are blurred, as soft maps would give samples away, and
    hidden where `keep` (N, 1, 1, 1) is 0, so that pictures must convince by themselves too."""
    soft = F.avg_pool2d(labels, 3, 1, 1, count_include_pad=False)
    return torch.cat([images, soft * keep], 1)


def kept(n: int, hide: float) -> Tensor:
    """(n, 1, 1, 1): 0 with probability `hide`, else 1."""
    return (torch.rand(n, 1, 1, 1) >= hide).float()


def judge_loss(real: tuple[Tensor, Tensor], fake: tuple[Tensor, Tensor]) -> Tensor:
    """The non-saturating loss (Goodfellow et al., 2014), on whole and local scores."""
    terms = [F.softplus(-a.float()).mean() + F.softplus(b.float()).mean() for a, b in zip(real, fake, strict=True)]
    return terms[0] + 0.5 * terms[1]


def maker_loss(fake: tuple[Tensor, Tensor]) -> Tensor:
    """The generator's side of `judge_loss`."""
    return F.softplus(-fake[0].float()).mean() + 0.5 * F.softplus(-fake[1].float()).mean()


def penalty(judge: torch.nn.Module, real: Tensor, weight: float) -> Tensor:
    """R1 gradient penalty on real examples (Mescheder et al., ICML 2018)."""
    x = real.detach().requires_grad_(True)
    score, local = judge(x)
    (slope,) = torch.autograd.grad(score.sum() + local.sum() / 16, x, create_graph=True)
    return 0.5 * weight * slope.square().sum((1, 2, 3)).mean()


def encode(state: RunState, f: Functions, images: Tensor, labels: Tensor, noise: bool) -> Tensor:
    """The edit layer's activations of scenes, (N, U, 16, 16)."""
    h = f.encode(images, labels).float()
    if noise:
        size = h.detach().square().mean(1, keepdim=True).sqrt()
        h = h + state.config.noise * size * torch.randn_like(h)
    return f.edit_block(h)


def remember(state: RunState, f: Functions, real: Tensor, moments: Moments) -> tuple[Tensor, Tensor, Tensor]:
    """Featuremaps of scenes through the trunk, by way of latents: (N, U, 16, 16), with what was lost on the way
    (mean squared error in units of the variance) and the cost of the latents (nats a dimension, and their
    distance from the prior's moments).

    real: (N, U, 16, 16).
    """
    with f.half():
        mean, log_variance = f.encode_latent(real)
    mean, log_variance = mean.float(), log_variance.float().clamp(-8, 4)
    z = mean + (0.5 * log_variance).exp() * torch.randn_like(mean)  # (N, latent_dim)
    with f.half():
        again = f.edit_block(f.trunk(z).float()).float()
    lost = (again - real).square().mean() / real.var()
    cost = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).mean() + moments.loss(z)
    return again, lost, cost


@dataclass(frozen=True)
class Rebuilt:
    """Outcome of `rebuild`: pictures, label scores, and the loss that they carry."""

    images: Tensor
    scores: Tensor
    loss: Tensor
    figures: Figures


def concept_weights(shares: Tensor) -> Tensor:
    """(1, C, 1, 1): rare concepts count more, by the inverse root of their share of the pixels."""
    freq = shares.mean((1, 2))  # (C,)
    w = (freq + 0.004).rsqrt()
    return (w / (w * freq).sum()).view(1, -1, 1, 1)


def rebuild(
    state: RunState, f: Functions, task: edits.Rehearsal, weights: Tensor, moments: Moments | None = None
) -> Rebuilt:
    """Encode scenes, edit them, draw them, and compare with what they should have become.

    moments: with them, every second scene goes through its latent and the trunk, so that the tail learns to draw
    cleanly what the trunk makes, and the trunk what the tail can draw.
    """
    config: TrainConfig = state.config
    k = config.units_a_concept
    with f.half():
        r = encode(state, f, task.images, task.labels, noise=True)
    extra, figures = torch.zeros(()), {}
    if moments is not None:
        again, lost, cost = remember(state, f, r.detach().float(), moments)
        odd = (torch.arange(r.shape[0]) % 2 == 1).view(-1, 1, 1, 1)
        r = torch.where(odd, again, r.float())
        extra = config.remember * lost + config.latent_cost * cost
        figures = {"lost": float(lost.detach())}
    with f.half():
        edited = edits.apply(r, task.alpha, task.factor, state.levels)
        images, scores = f.tail(edited)
    images, scores = images.float(), scores.float()
    shares = F.avg_pool2d(task.labels, config.size // edits.GRID)  # (N, C, 16, 16)
    align = edits.align_loss(r, shares, k, config.level)
    with torch.no_grad():
        state.levels.lerp_(edits.measure_levels(r.detach(), shares, k), 0.02)
    fine = (images - task.target).abs().mean()
    coarse = F.avg_pool2d(images - task.target, 4).abs().mean()
    # Edited pixels are few: their labels count as much as all the others together.
    cross = -(weights * task.target_labels * F.log_softmax(scores, 1)).sum(1, keepdim=True)  # (N, 1, R, R)
    label = cross.mean() + (cross * task.inside).sum() / task.inside.sum().clamp(min=1.0)
    loss = config.reconstruct * (fine + coarse) + config.label * label + config.align * align + extra
    figures |= {"l1": float(fine.detach()), "label": float(label.detach()), "align": float(align.detach())}
    return Rebuilt(images, scores, loss, figures)


def random_edits(rng: np.random.Generator, shares: Tensor, n: int) -> tuple[Tensor, Tensor, Tensor]:
    """Strokes on samples: alpha (n, C, 16, 16), factor (n,) and the concept drawn (n,), at places where the concept
    stands in the world often enough."""
    c = shares.shape[0]
    masks = edits.blobs(rng, n)  # (n, 1, 16, 16)
    alpha, chosen = torch.zeros(n, c, edits.GRID, edits.GRID), torch.zeros(n, dtype=torch.int64)
    for i in range(n):
        inside = (shares * masks[i]).sum((1, 2)) / masks[i].sum().clamp(min=1.0)  # (C,)
        typical = shares.flatten(1).max(1).values
        fitting = (inside > 0.15 * typical).nonzero().flatten().tolist() or [int(inside.argmax())]
        chosen[i] = fitting[rng.integers(len(fitting))]
        alpha[i, chosen[i]] = masks[i, 0]
    return alpha, torch.from_numpy(rng.uniform(1.3, 2.5, n).astype(np.float32)), chosen


def stroke_losses(
    before: Tensor, after: Tensor, scores: Tensor, alpha: Tensor, chosen: Tensor
) -> tuple[Tensor, Tensor]:
    """What random strokes are held to: that the concept is drawn inside, and that nothing changes far away.

    before, after: (N, 3, R, R), without and with the stroke; scores: (N, C, R, R), of the pictures with it;
    alpha: (N, C, 16, 16); chosen: (N,), the concept. Returns (cross entropy inside, mean change outside).
    """
    size, n = after.shape[-1], after.shape[0]
    mask = alpha.amax(1, keepdim=True)  # (N, 1, 16, 16)
    inside = F.interpolate(mask, size=size, mode="bilinear")  # (N, 1, R, R)
    far = 1 - F.interpolate(F.max_pool2d(mask, 5, 1, 2).ceil(), size=size)  # (N, 1, R, R)
    pick = scores.log_softmax(1)[torch.arange(n), chosen][:, None]  # (N, 1, R, R)
    obey = -(pick * inside).sum() / inside.sum().clamp(min=1.0)
    calm = ((after - before.detach()).abs() * far).mean()
    return obey, calm
