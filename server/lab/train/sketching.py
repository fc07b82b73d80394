"""Strokes rehearsed on sketches, so that the layers behind make of them a layout in which things stand and fall.

The sketch says of every concept how much of each cell it fills. Setting that is drawing and zeroing it removing, as
with the layout, but between sketch and layout lie layers that can give what is drawn a form, and fill in what stood
behind what is removed. Which layout a stroke should lead to is known of scenes and their twins, and costs no picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from server.lab.scenes.answer import FORMED, BrushStroke
from server.lab.train.data import Pair
from server.lab.train.edits import (
    ANSWERED,
    WHOLE,
    Tensors,
    least_filled,
    random_concept,
    random_factor,
    stroke_cells,
)
from server.lab.train.layout import GRID, SHARES, C
from server.painting.mask import coverage

SKETCH_GRID = GRID // 2
# Parts of a concept's share in a quarter of a cell that count as there, or as gone.
_THERE, _GONE = 0.3, 0.05
# How much of a cell a stroke of whole cells meets at least, of the most that it meets of any.
_MET = (0.05, 0.5)


@dataclass(frozen=True)
class Sketched(Tensors):
    """Strokes on N sketches, and the layouts that they should lead to.

    latents: (N, D). before, target: layouts (N, CHANNELS, 16, 16), without the stroke and with it. alpha: (N, C, 8, 8)
    and factor: (N,), see `server.lab.train.edits.apply`. inside: (N, 1, 16, 16), 1 where the stroke changes the layout.
    """

    latents: Tensor
    before: Tensor
    target: Tensor
    alpha: Tensor
    factor: Tensor
    inside: Tensor


@dataclass(frozen=True)
class _Stroke:
    """Its alpha (C, 8, 8), the cells (1, 16, 16) that it is to change, and whether it tells of all that is new."""

    alpha: Tensor
    cells: Tensor
    whole: bool


def _stroke(new: Tensor, rng: np.random.Generator) -> _Stroke | None:
    """A stroke that draws one of the concepts that are `new`, (C, 32, 32) in 0..1; None where nothing is. Of what has a
    form there are better ones, see `stroke_alpha`."""
    new = new.clone()
    new[list(FORMED)] = 0.0
    c = random_concept(rng, F.avg_pool2d(new, 4))
    if c is None:
        return None
    own = new[c]  # (32, 32)
    shape = stroke_cells(rng, own, own > _THERE * own.max(), int(rng.choice([3, 5, 7])), least_filled(c))
    soft = F.avg_pool2d(shape[None].float(), 4)[0]  # (8, 8)
    alpha = torch.zeros(C, SKETCH_GRID, SKETCH_GRID)
    cells = F.max_pool2d(shape[None].float(), 2)  # (1, 16, 16)
    if rng.random() < 0.5:  # whole cells, as in masks of few
        soft = (soft > rng.uniform(*_MET) * soft.max()).float()
        cells = torch.maximum(cells, soft.repeat_interleave(2, 0).repeat_interleave(2, 1))
    alpha[c] = soft * rng.uniform(0.85, 1.0)
    met = new * F.max_pool2d(shape[None].float(), 5, 1, 2)
    return _Stroke(alpha, cells, bool(met.sum() > WHOLE * new.sum()))


def stroke_alpha(stroke: BrushStroke, grid: int) -> Tensor:
    """alpha (C, grid, grid) of a stroke that is answered, as the server has it of such a mask."""
    alpha = torch.zeros(C, grid, grid)
    alpha[stroke.concept] = torch.from_numpy(coverage(stroke.mask, grid, grid)) * stroke.strength
    return alpha


def _removal(gone: Tensor, rng: np.random.Generator) -> Tensor:
    """alpha (C, 8, 8) that removes all that is `gone`, (C, 32, 32), often with some cells more."""
    mask = (gone > _GONE).float()
    if rng.random() < 0.6:
        mask = F.max_pool2d(mask[None], 5, 1, 2)[0]
    pool = F.max_pool2d if rng.random() < 0.6 else F.avg_pool2d
    return pool(mask, 4) * (gone.sum((1, 2)) > 0.5)[:, None, None]


KINDS, ODDS = ("remove", "draw", "again", "cover"), (0.5, 0.3, 0.05, 0.15)


def _plain(latent: Tensor, layout: Tensor) -> Sketched:
    """No stroke, unbatched."""
    nothing = torch.zeros(C, SKETCH_GRID, SKETCH_GRID)
    return Sketched(latent, layout, layout, nothing, torch.tensor(0.0), torch.zeros(1, GRID, GRID))


def _answered(pair: Pair, stroke: BrushStroke, latent: Tensor, rng: np.random.Generator) -> Sketched:
    """A stroke that the pair's scene answers, unbatched."""
    changed = (pair.scene[SHARES] - pair.twin[SHARES]).abs().amax(0, keepdim=True) > _GONE  # (1, 16, 16)
    met = stroke_alpha(stroke, GRID).amax(0, keepdim=True) > 0  # (1, 16, 16)
    factor, alpha = torch.tensor(rng.uniform(*ANSWERED), dtype=torch.float32), stroke_alpha(stroke, SKETCH_GRID)
    return Sketched(latent, pair.twin, pair.scene, alpha, factor, (changed | met).float())


def _sketched(pair: Pair, rng: np.random.Generator, plain: bool) -> Sketched:
    """One stroke, unbatched: one that is answered, or removes what the twin lacks, draws it on the twin, or "again"
    where it stands, or covers it by drawing what stood behind it; or, where `plain`, what such a stroke would be on."""
    kind = str(rng.choice(KINDS, p=ODDS))
    if pair.absent is not None and (kind == "draw" or pair.latent is None):
        latent, before = pair.absent, pair.twin
    elif pair.latent is not None:
        latent, before = pair.latent, pair.scene
        kind = kind if kind != "draw" else ("remove", "again")[rng.integers(2)]
    else:
        raise ValueError("a pair has a latent of one of its layouts at least")
    if plain:
        return _plain(latent, before)
    if pair.stroke is not None:
        return _answered(pair, pair.stroke, latent, rng)
    scene, twin = F.pixel_shuffle(torch.stack([pair.scene, pair.twin])[:, SHARES], 2)  # (C, 32, 32) each
    gone, behind = (scene - twin).clamp(min=0), (twin - scene).clamp(min=0)
    if kind == "remove":
        inside = (F.max_pool2d(gone.amax(0, keepdim=True), 2) > _GONE).float()  # (1, 16, 16)
        return Sketched(latent, before, pair.twin, _removal(gone, rng), torch.tensor(0.0), inside)
    stroke = _stroke(behind if kind == "cover" else gone, rng)
    if stroke is None:
        return _plain(latent, before)
    after = pair.twin if kind == "cover" else pair.scene
    target = after if stroke.whole and kind != "cover" else torch.where(stroke.cells > 0, after, before)
    return Sketched(latent, before, target, stroke.alpha, torch.tensor(random_factor(rng, kind)), stroke.cells)


def rehearse_sketches(pairs: Sequence[Pair], rng: np.random.Generator, plain: int) -> Sketched:
    """A batch of strokes on the pairs' scenes or twins, with none on the first `plain` of them."""
    every = [_sketched(pair, rng, plain=i < plain) for i, pair in enumerate(pairs)]
    return Sketched(*(torch.stack([getattr(one, field.name) for one in every]) for field in fields(Sketched)))
