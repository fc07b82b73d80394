"""Edits rehearsed in training, so that brushes are obeyed.

A part of the edit layer's units is assigned to concepts, `units_a_concept` each, and aligned with them: about zero
where the concept is absent, `level` in the mean where it fills the cell. Setting them is then drawing and zeroing
them is removing, and both are rehearsed on twins, for which the true outcome is known. Dissection is blind to the
assignment: it finds the units by what they do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from server.training.data import GRID, Batch


@dataclass(frozen=True)
class Rehearsal:
    """Edits with their known outcomes, for a batch of N.

    latents: (N, D), of the scenes. images, labels: what is edited. alpha: (N, C, 16, 16), how much of each cell's units
    of a concept is replaced. factor: (N,), the value as a multiple of the level, 0 to remove. target, target_labels:
    the outcome. inside: (N, 1, R, R), 1 where the outcome comes from the edit.
    """

    latents: Tensor
    images: Tensor
    labels: Tensor
    alpha: Tensor
    factor: Tensor
    target: Tensor
    target_labels: Tensor
    inside: Tensor


def expand(alpha: Tensor, units: int, per_concept: int) -> Tensor:
    """From concepts to units: (N, C, H, W) to (N, units, H, W); unassigned units get 0."""
    full = alpha.repeat_interleave(per_concept, 1)  # (N, C * K, H, W)
    return F.pad(full, (0, 0, 0, 0, 0, units - full.shape[1]))


def apply(r: Tensor, alpha: Tensor, factor: Tensor, levels: Tensor) -> Tensor:
    """r blended towards factor * level where alpha: the painting rule of the server.

    r: (N, U, 16, 16); alpha: (N, C, 16, 16); factor: (N,); levels: (C * K,).
    """
    per_concept = levels.shape[0] // alpha.shape[1]
    a = expand(alpha, r.shape[1], per_concept).to(r.dtype)
    v = F.pad(levels, (0, r.shape[1] - levels.shape[0]))[None, :] * factor[:, None]  # (N, U)
    return r * (1 - a) + v[:, :, None, None].to(r.dtype) * a


def align_loss(r: Tensor, shares: Tensor, per_concept: int, level: float) -> Tensor:
    """How far the assigned units are from 0 where their concept is absent and from `level` in the mean where present.

    r: (N, U, 16, 16); shares: (N, C, 16, 16), the concept's share of the cell.
    """
    n, c = shares.shape[:2]
    b = r[:, : c * per_concept].float().reshape(n, c, per_concept, GRID, GRID) / level
    present = (b.mean(2) - 1).square()  # (N, C, 16, 16)
    absent = b.square().mean(2)  # (N, C, 16, 16)
    # Rare concepts would be drowned by the cells that lack them: both sides are averaged apart.
    yes = (present * shares).sum((0, 2, 3)) / shares.sum((0, 2, 3)).clamp(min=1.0)
    no = (absent * (1 - shares)).sum((0, 2, 3)) / (1 - shares).sum((0, 2, 3)).clamp(min=1.0)
    return (yes + 2 * no).mean()


def measure_levels(r: Tensor, shares: Tensor, per_concept: int) -> Tensor:
    """Mean activation of each assigned unit over the cells its concept fills: (C * K,)."""
    n, c = shares.shape[:2]
    b = r[:, : c * per_concept].float().reshape(n, c, per_concept, GRID, GRID)
    w = shares * (shares > 0.5) + 1e-3 * shares  # (N, C, 16, 16)
    total = (b * w[:, :, None]).sum((0, 3, 4)) / w.sum((0, 2, 3))[:, None].clamp(min=1e-3)  # (C, K)
    return total.flatten()


def blobs(rng: np.random.Generator, n: int) -> Tensor:
    """Irregular masks, (n, 1, 16, 16) in 0..1: a few brush dabs along a short random stroke."""
    ys, xs = np.mgrid[0:GRID, 0:GRID] + 0.5
    out = np.zeros((n, 1, GRID, GRID), np.float32)
    for i in range(n):
        x, y = rng.uniform(0, GRID, 2)
        radius = rng.uniform(1.0, 3.2)
        dx, dy = rng.normal(0, 1.2, 2)
        for _ in range(rng.integers(1, 5)):
            distance = np.hypot(xs - x, ys - y)
            out[i, 0] = np.maximum(out[i, 0], np.clip(radius + 0.5 - distance, 0, 1))
            x, y = x + dx, y + dy
    return torch.from_numpy(out)


def _removal(labels: Tensor, twin: Tensor, rng: np.random.Generator) -> Tensor:
    """alpha (C, 16, 16) for zeroing all that vanishes from scene to twin, a little past its outline."""
    cell = labels.shape[-1] // GRID
    gone = F.avg_pool2d(labels * (1 - twin), cell)  # (C, 16, 16)
    mask = (gone > 0.02).float()
    if rng.random() < 0.5:
        mask = F.max_pool2d(mask[None], 3, 1, 1)[0]
    vanishing = gone.flatten(1).sum(1) > 0.05  # (C,)
    return mask * vanishing[:, None, None].float()


def _drawing(labels: Tensor, twin: Tensor, rng: np.random.Generator) -> Tensor | None:
    """alpha (C, 16, 16) for drawing one concept that `labels` has and `twin` lacks; None where there is none."""
    cell = labels.shape[-1] // GRID
    new = F.avg_pool2d(labels * (1 - twin), cell)  # (C, 16, 16)
    strength = new.flatten(1).max(1).values  # (C,)
    candidates = (strength > 0.3).nonzero().flatten().tolist()
    if not candidates:
        return None
    c = candidates[rng.integers(len(candidates))]
    share = new[c]
    hard = (share > rng.uniform(0.25, 0.6) * share.max()).float()
    alpha = torch.zeros_like(new)
    alpha[c] = hard * rng.uniform(0.85, 1.0)
    return alpha


KINDS = ("plain", "remove", "draw", "cover")


def chance_kinds(rng: np.random.Generator, n: int, plain: int) -> list[str]:
    """Kinds for `rehearse`: the first `plain` scenes unedited, the others by chance."""
    return ["plain"] * plain + [str(k) for k in rng.choice(KINDS[1:], n - plain, p=(0.4, 0.4, 0.2))]


def rehearse(batch: Batch, rng: np.random.Generator, kinds: Sequence[str]) -> Rehearsal:
    """Edits for a batch, of these kinds: "plain" for none, "remove" what the twin lacks, "draw" it on the twin, or
    "cover" it by drawing what stood behind it."""
    x, y, tx, ty = batch.images, batch.labels, batch.twin_images, batch.twin_labels
    n, c, size, _ = y.shape
    images, labels = x.clone(), y.clone()
    target, target_labels = x.clone(), y.clone()
    alpha, factor = torch.zeros(n, c, GRID, GRID), torch.zeros(n)
    inside = torch.zeros(n, 1, size, size)
    for i, kind in enumerate(kinds):
        if kind == "plain":
            continue
        if kind == "remove":
            a: Tensor | None = _removal(y[i], ty[i], rng)
            after, after_labels = tx[i], ty[i]
        else:
            swap = kind == "draw"
            before, before_labels = (tx[i], ty[i]) if swap else (x[i], y[i])
            after, after_labels = (x[i], y[i]) if swap else (tx[i], ty[i])
            a = _drawing(after_labels, before_labels, rng)
            images[i], labels[i] = before, before_labels
            target[i], target_labels[i] = before, before_labels
            factor[i] = float(rng.uniform(1.3, 2.5))
        if a is None or not a.any():
            factor[i] = 0.0
            continue
        alpha[i] = a
        touched = a.amax(0)[None, None]  # (1, 1, 16, 16)
        m = F.interpolate((touched > 0).float(), size=(size, size))[0]  # (1, R, R)
        inside[i] = m
        if kind == "remove":
            m = torch.ones_like(m)  # removal gives the twin everywhere, its shadow gone too
        target[i] = after * m + target[i] * (1 - m)
        target_labels[i] = after_labels * m + target_labels[i] * (1 - m)
    last = torch.channels_last
    return Rehearsal(
        batch.latents,
        images.contiguous(memory_format=last),
        labels.contiguous(memory_format=last),
        alpha,
        factor,
        target.contiguous(memory_format=last),
        target_labels.contiguous(memory_format=last),
        inside,
    )
