"""Edits rehearsed in training, so that brushes are obeyed.

A layout has four numbers a concept in each cell, its shares of the cell's quarters. Setting them is drawing and zeroing
them is removing, and both are rehearsed on twins, for which the true outcome is known. Dissection is blind to that: it
finds units by what they do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from server.lab.scenes.answer import FORMED
from server.lab.scenes.concepts import DOOR, WALL, WINDOW
from server.lab.train.data import Batch
from server.lab.train.layout import GRID, QUARTERS, SHARES
from server.painting.blend import blend


class Tensors:
    """What frozen dataclasses of tensors share: they go to a device together."""

    def to(self, device: torch.device) -> Self:
        """The same on a device."""
        return type(self)(*(getattr(self, field.name).to(device) for field in fields(self)))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Rehearsal(Tensors):
    """Edits with their known outcomes, for a batch of N.

    images: (N, 3, R, R) and layouts: (N, CHANNELS, 16, 16), what is edited. alpha: (N, C, 16, 16) and factor: (N,), see
    `apply`; factor is 0 to remove. target, target_labels: the outcome. inside: (N, 1, R, R), 1 where the outcome comes
    from the edit; counts: (N, 1, R, R), 0 where it is not what the edit asked for, as are doors and windows where wall
    is drawn.
    """

    images: Tensor
    layouts: Tensor
    alpha: Tensor
    factor: Tensor
    target: Tensor
    target_labels: Tensor
    inside: Tensor
    counts: Tensor


# The least of a thing that a stroke meets to draw all of it.
WHOLE = 0.85
# What pierces walls. A stroke that draws wall gives a wall without.
OPENINGS = (DOOR, WINDOW)
# Of a picture's side, what is more than a stroke of a brush.
_LARGE = 0.375
# The least that a concept fills of some cell to be drawn.
_LEAST = 0.15
# What strokes set shares to, of which 1 is a full one. Drawing over something takes more than drawing on bare ground.
DRAWN, COVERING = (0.8, 2.2), (1.5, 2.5)
# The same of strokes that are answered: nearly always the same, so that a faint one is known by its alpha.
ANSWERED = (1.7, 2.3)


def apply(layouts: Tensor, alpha: Tensor, factor: Tensor) -> Tensor:
    """Layouts whose shares are blended towards factor where alpha is, by the painting rule.

    layouts: (N, CHANNELS or more, 16, 16); alpha: (N, C, 16, 16), how much of each cell's quarters of a concept is
    replaced; factor: (N,). Shape kept.
    """
    a = alpha.repeat_interleave(QUARTERS, 1).to(layouts.dtype)  # (N, 4 C, 16, 16)
    value = factor.to(layouts.dtype)[:, None, None, None]
    return torch.cat([blend(layouts[:, SHARES], a, value), layouts[:, SHARES.stop :]], 1)


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


def random_factor(rng: np.random.Generator, kind: str) -> float:
    """What a stroke of that kind sets shares to; see `KINDS`."""
    return float(rng.uniform(*(COVERING if kind == "cover" else DRAWN)))


def random_concept(rng: np.random.Generator, new: Tensor) -> int | None:
    """One of the concepts of which there is enough somewhere in `new`, (C, H, W) shares of cells; None without any."""
    candidates = (new.flatten(1).max(1).values > _LEAST).nonzero().flatten().tolist()
    return candidates[rng.integers(len(candidates))] if candidates else None


def filled_by(new: Tensor, c: int) -> Tensor:
    """What a stroke of the concept fills of what is `new`, (C, H, W): (H, W). Wall fills its doors and windows too."""
    return new[[c, *OPENINGS]].sum(0) if c == WALL else new[c]


def least_filled(c: int) -> float:
    """The least of a stroke that what it draws of the concept fills: a wall is as square as a stroke, a tree is not."""
    return 0.5 if c == WALL else 0.4


def stroke_cells(rng: np.random.Generator, own: Tensor, there: Tensor, reach: int, filled: float) -> Tensor:
    """A stroke that draws what fills the cells by `own`, (H, W) in 0..1, as a mask of such cells, bool.

    A brush does not know outlines, and what it draws must have some of its own. So the stroke covers the cells that
    are `there`, (H, W) bool, or those around them too, in squares of `reach` cells, or a box about them; but the first
    where less than `filled` of the stroke would be. Of what is larger than a brush, a path or a ridge, it is often
    about a part, as much as a window shows.
    """
    size = there.shape[0]
    if max(there.any(0).sum(), there.any(1).sum()) > _LARGE * size and rng.random() < 0.5:
        there = there & _window_on(rng, there, half=rng.uniform(_LARGE, 1.5 * _LARGE) * size / 2)
    around = F.max_pool2d(there[None].float(), reach, 1, reach // 2)[0] > 0
    box = there.any(1)[:, None] & there.any(0)
    stroke = (there, around, box)[rng.integers(3)]
    return stroke if own[stroke].mean() >= filled else there


def _window_on(rng: np.random.Generator, there: Tensor, half: float) -> Tensor:
    """A square, 2 * half a side, about one of the cells that are `there`, (H, W) bool, as a mask of cells, bool."""
    places = there.nonzero()  # (N, 2)
    row, column = places[rng.integers(len(places))].tolist()
    rows, columns = torch.arange(there.shape[0]) - row, torch.arange(there.shape[1]) - column
    window: Tensor = (rows.abs() <= half)[:, None] & (columns.abs() <= half)
    return window


def _lacking(labels: Tensor, twin: Tensor) -> Tensor:
    """How much of each cell is of a concept in `labels` and not in `twin`, (C, R, R) each: (C, 16, 16)."""
    return F.avg_pool2d(labels * (1 - twin), labels.shape[-1] // GRID)


def _removal(labels: Tensor, twin: Tensor, rng: np.random.Generator) -> Tensor:
    """alpha (C, 16, 16) for zeroing all that vanishes from scene to twin, a little past its outline."""
    gone = _lacking(labels, twin)  # (C, 16, 16)
    mask = (gone > 0.02).float()
    if rng.random() < 0.5:
        mask = F.max_pool2d(mask[None], 3, 1, 1)[0]
    vanishing = gone.flatten(1).sum(1) > 0.05  # (C,)
    return mask * vanishing[:, None, None].float()


def _drawing(labels: Tensor, twin: Tensor, rng: np.random.Generator, early: bool) -> Tensor | None:
    """alpha (C, 16, 16) for drawing one concept that `labels` has and `twin` lacks; None where there is none. One for
    a sketch is of whole cells of that, and of what has no form; of what has one, other strokes are answered."""
    new = _lacking(labels, twin)  # (C, 16, 16)
    if early:
        new[list(FORMED)] = 0.0
    c = random_concept(rng, new)
    if c is None:
        return None
    own = filled_by(new, c)  # (16, 16)
    alpha = torch.zeros_like(new)
    there = own > rng.uniform(0.1, 0.45) * own.max()  # (16, 16)
    stroke = stroke_cells(rng, own, there, reach=3, filled=least_filled(c))[None].float()  # (1, 16, 16)
    if early:
        stroke = F.max_pool2d(stroke, 2).repeat_interleave(2, 1).repeat_interleave(2, 2)
    alpha[c] = stroke[0] * rng.uniform(0.85, 1.0)
    return alpha


KINDS = ("plain", "remove", "draw", "cover", "again", "answer")


def random_kinds(rng: np.random.Generator, n: int, plain: int) -> list[str]:
    """Kinds for `rehearse`: the first `plain` scenes unedited, the others removed from, drawn on or covered."""
    return ["plain"] * plain + [str(k) for k in rng.choice(KINDS[1:4], n - plain, p=(0.4, 0.4, 0.2))]


def rehearse(
    batch: Batch, rng: np.random.Generator, kinds: Sequence[str], early: Sequence[bool] | None = None
) -> Rehearsal:
    """Edits for a batch, of these kinds: "plain" for none, "remove" what the twin lacks, "draw" it on the twin, "cover"
    it by drawing what stood behind it, draw it "again" where it stands, or have the scene "answer" a stroke on the
    twin, one on its sketch and so not in the layouts' alpha. `early` says which of the others are for sketches."""
    scenes, twins = batch.scenes, batch.twins
    n, c, size, _ = scenes.labels.shape
    images, layouts = scenes.images.clone(), scenes.layouts.clone()
    target, target_labels = scenes.images.clone(), scenes.labels.clone()
    alpha, factor = torch.zeros(n, c, GRID, GRID), torch.zeros(n)
    inside, counts = torch.zeros(n, 1, size, size), torch.ones(n, 1, size, size)
    for i, kind in enumerate(kinds):
        if kind == "plain":
            continue
        before = twins if kind in ("draw", "answer") else scenes
        after = scenes if kind in ("draw", "again", "answer") else twins
        images[i], layouts[i] = before.images[i], before.layouts[i]
        if kind == "answer":
            target[i], target_labels[i], factor[i] = after.images[i], after.labels[i], rng.uniform(*ANSWERED)
            inside[i] = (after.labels[i] != before.labels[i]).any(0, keepdim=True)
            continue
        target[i], target_labels[i] = before.images[i], before.labels[i]
        present, absent = scenes.labels[i], twins.labels[i]  # with and without what the edit is about
        if kind == "cover":
            present, absent = absent, present
        coarse = early is not None and early[i]
        a = _removal(present, absent, rng) if kind == "remove" else _drawing(present, absent, rng, coarse)
        if a is None or not a.any():
            continue
        alpha[i] = a
        m = F.interpolate((a.amax(0)[None, None] > 0).float(), size=(size, size))[0]  # (1, R, R)
        inside[i] = m
        if kind == "remove" or (kind == "draw" and _alone(a, scenes.labels[i], twins.labels[i])):
            m = torch.ones_like(m)  # all that belongs to it, its shadow too
        if kind != "remove":
            factor[i] = random_factor(rng, kind)
        target[i] = after.images[i] * m + target[i] * (1 - m)
        target_labels[i] = after.labels[i] * m + target_labels[i] * (1 - m)
        if kind != "remove" and bool(a[WALL].any()):
            counts[i] -= inside[i] * target_labels[i, list(OPENINGS)].sum(0)
    return Rehearsal(images, layouts, alpha, factor, target, target_labels, inside, counts)


def _alone(alpha: Tensor, scene: Tensor, twin: Tensor) -> bool:
    """Whether all that the scene (C, R, R) has and the twin lacks is of the concept that alpha (C, 16, 16) draws, and
    most of it where the stroke is, so that the stroke can stand for it all."""
    new = _lacking(scene, twin)  # (C, 16, 16)
    return bool((new * (alpha > 0)).sum() > WHOLE * new.sum())
