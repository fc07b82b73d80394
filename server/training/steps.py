"""Single training steps: what each network is asked for, and how it is told.

Pictures of three kinds go through the tail: scenes, edits of scenes whose outcome is known (`edits.rehearse`), and
strokes whose outcome is not. The discriminator sees label maps beside pictures; the generator's label head makes those
of its pictures.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from server.dissection.passes import bfloat16_is_fast
from server.training import edits
from server.training.config import TrainConfig
from server.training.data import GRID, carried, layout
from server.training.networks import Judgement
from server.training.state import RunState
from server.training.window import Window

Figures = dict[str, float]


@dataclass(frozen=True)
class Functions:
    """The networks as they run: compiled where that is wanted, under `half` in bf16 where the device has it."""

    edit_block: Callable[[Tensor], Tensor]
    tail: Callable[[Tensor], tuple[Tensor, Tensor]]
    trunk: Callable[[Tensor], Tensor]
    judge: Callable[[Tensor], Judgement]
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

    made: list[Callable[..., Any]] = [edit_block, tail, trunk, state.discriminator.forward]
    if compiled:
        made = [torch.compile(f, dynamic=False) for f in made]
    fast = bfloat16_is_fast(state.device)

    def half() -> AbstractContextManager[object]:
        return torch.autocast(state.device.type, torch.bfloat16) if fast else nullcontext()

    block, draw, first, judge = made
    return Functions(block, draw, first, judge, half)


def show(images: Tensor, labels: Tensor, keep: Tensor) -> Tensor:
    """What the discriminator sees: (N, 3 + C, R, R). Labels are blurred, as soft maps would give samples away, and
    hidden where `keep` (N, 1, 1, 1) is 0, so that pictures must convince by themselves too."""
    soft = F.avg_pool2d(labels, 3, 1, 1, count_include_pad=False)
    return torch.cat([images, soft * keep], 1)


def kept(n: int, hide: float, device: torch.device) -> Tensor:
    """(n, 1, 1, 1): 0 with probability `hide`, else 1."""
    return (torch.rand(n, 1, 1, 1, device=device) >= hide).float()


def judge_loss(real: Judgement, fake: Judgement) -> Tensor:
    """The non-saturating loss (Goodfellow et al., 2014)."""
    return F.softplus(-real.scores.float()).mean() + F.softplus(fake.scores.float()).mean()


def maker_loss(fake: Judgement) -> Tensor:
    """The generator's side of `judge_loss`."""
    return F.softplus(-fake.scores.float()).mean()


def match_loss(real: Judgement, fake: Judgement, rows: int) -> Tensor:
    """Mean distance of the first `rows` pictures' features from those of the pictures they should be, in units of the
    features' mean size (feature matching: Wang et al., "High-Resolution Image Synthesis", CVPR 2018, eq. 3)."""
    terms = []
    for a, b in zip(real.features, fake.features, strict=True):
        true = a[:rows].detach().float()
        terms.append((b[:rows].float() - true).abs().mean() / true.abs().mean().clamp(min=1e-3))
    return torch.stack(terms).mean()


def penalty(judge: torch.nn.Module, real: Tensor, weight: float) -> Tensor:
    """R1 gradient penalty on real examples (Mescheder et al., ICML 2018)."""
    x = real.detach().requires_grad_(True)
    scores = judge(x).scores
    (slope,) = torch.autograd.grad(scores.sum(), x, create_graph=True)
    # A pixel is seen by a few patches, so the sum is per patch as it would be per picture elsewhere.
    loss: Tensor = 0.5 * weight * slope.square().sum((1, 2, 3)).mean() / scores[0].numel()
    return loss


def blurred_colours(seen: Tensor, concepts: int) -> Tensor:
    """Layouts whose colours are blurred, each picture's by chance: the trunk knows colours roughly, and the tail must
    draw a tree in the colours of its season where it is told no better.

    seen: (N, C + 6, 16, 16). Shape kept.
    """
    colours = seen[:, concepts : concepts + 3]  # (N, 3, 16, 16)
    soft = F.avg_pool2d(F.pad(colours, (2, 2, 2, 2), mode="replicate"), 5, 1)
    share = torch.rand(len(seen), 1, 1, 1, device=seen.device)
    mixed = colours + share * (soft - colours)
    return torch.cat([seen[:, :concepts], mixed, seen[:, concepts + 3 :]], 1)


def encode(state: RunState, f: Functions, batch: edits.Rehearsal, rows: int, noise: bool) -> Tensor:
    """The edit layer's activations of the first `rows` pictures, whose layouts are known: (N, U, 16, 16).

    `noise`: make the layouts a little like the trunk's.
    """
    seen = layout(batch.images[:rows], batch.labels[:rows], batch.latents[:rows])  # (N, C + 6, 16, 16)
    if noise:
        seen = blurred_colours(seen, batch.labels.shape[1])
        seen = seen + state.config.noise * torch.randn_like(seen)
    r: Tensor = f.edit_block(carried(seen, state.config.edit_width))
    return r


def concept_weights(shares: Tensor) -> Tensor:
    """(1, C, 1, 1): rare concepts count more, by the inverse root of their share of the pixels."""
    freq = shares.mean((1, 2))  # (C,)
    w = (freq + 0.004).rsqrt()
    return (w / (w * freq).sum()).view(1, -1, 1, 1)


@dataclass(frozen=True)
class Drawn:
    """Outcome of `draw`: the window's pictures and label scores, what they should be, and the loss that those with a
    known outcome carry. All (N, ., h, w)."""

    images: Tensor
    scores: Tensor
    target: Tensor
    target_labels: Tensor
    loss: Tensor
    figures: Figures


def draw(
    state: RunState, f: Functions, r: Tensor, task: edits.Rehearsal, weights: Tensor, known: int, window: Window
) -> Drawn:
    """Edit featuremaps, draw a window of them, and compare the first `known` pictures with what they should become.

    r: (N, U, 16, 16), the edit layer's activations of the task's scenes; weights: see `concept_weights`.
    """
    config: TrainConfig = state.config
    k, cell = config.units_a_concept, config.size // GRID
    edited = edits.apply(r, task.alpha, task.factor, state.levels)
    with f.half():
        images, scores = f.tail(window.opened(edited))
    images, scores = window.trimmed(images.float(), cell), window.trimmed(scores.float(), cell)
    target, labels = window.inner(task.target, cell), window.inner(task.target_labels, cell)
    inside = window.inner(task.inside, cell)[:known]
    shares = F.avg_pool2d(task.labels[:known], cell)  # (K, C, 16, 16)
    align = edits.align_loss(r[:known], shares, k, config.level)
    with torch.no_grad():
        state.levels.lerp_(edits.measure_levels(r[:known].detach(), shares, k), 0.02)
    wrong = images[:known] - target[:known]
    fine, coarse = wrong.abs().mean(), F.avg_pool2d(wrong, 4).abs().mean()
    # Edited pixels are few: their labels count as much as all the others together.
    cross = -(weights * labels[:known] * F.log_softmax(scores[:known], 1)).sum(1, keepdim=True)  # (K, 1, h, w)
    label = cross.mean() + (cross * inside).sum() / inside.sum().clamp(min=1.0)
    loss = config.reconstruct * (fine + coarse) + config.label * label + config.align * align
    figures = {"l1": float(fine.detach()), "label": float(label.detach()), "align": float(align.detach())}
    return Drawn(images, scores, target, labels, loss, figures)


def random_edits(rng: np.random.Generator, shares: Tensor, n: int) -> tuple[Tensor, Tensor, Tensor]:
    """Strokes on scenes: alpha (n, C, 16, 16), factor (n,) and the concept drawn (n,), at places where the concept
    stands in the world often enough."""
    c = shares.shape[0]
    masks = edits.blobs(rng, n)  # (n, 1, 16, 16)
    alpha, chosen = torch.zeros(n, c, GRID, GRID), torch.zeros(n, dtype=torch.int64)
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

    before, after: (N, 3, h, w), without and with the stroke; scores: (N, C, h, w), of the pictures with it;
    alpha: (N, C, rows, columns), the same window's cells; chosen: (N,), the concept. Returns (cross entropy inside,
    mean change outside).
    """
    size, n = after.shape[-2:], after.shape[0]
    mask = alpha.amax(1, keepdim=True)  # (N, 1, rows, columns)
    inside = F.interpolate(mask, size=size, mode="bilinear")  # (N, 1, h, w)
    far = 1 - F.interpolate(F.max_pool2d(mask, 5, 1, 2).ceil(), size=size)  # (N, 1, h, w)
    pick = scores.log_softmax(1)[torch.arange(n), chosen][:, None]  # (N, 1, h, w)
    obey = -(pick * inside).sum() / inside.sum().clamp(min=1.0)
    calm = ((after - before.detach()).abs() * far).mean()
    return obey, calm
