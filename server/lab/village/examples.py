"""Examples to train on: imperfect sketches, edited or not, and what should be drawn of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from server.lab.scenes.latent import LATENT_DIM
from server.lab.village.colours import GRID
from server.lab.village.parts import PARTS
from server.lab.village.sketch import SHARES, applied, onehot
from server.lab.village.store import Store, seed_at
from server.model.decided import DecidedGenerator
from server.model.latents import latents_of
from server.model.pixels import to_images

_NOISE = 0.06
# Of examples, how many have no edit; of edits, how many are made of the decision alone.
_PLAIN = 0.25
_EXACT = 0.25
# Of the sketches of scenes that have a latent, how many are the trunk's own, and how many between the two.
_OWN = 0.4
_BETWEEN = 0.2


@dataclass(frozen=True)
class Examples:
    """sketches: (N, CHANNELS, 16, 16), before the edits. images: (N, 3, R, R), -1..1. parts: (N, 30, R / 2, R / 2),
    one-hot. changed: (N, 1, R / 2, R / 2), 1 where an edit changes the picture. unforeseen: the same, 1 where it is
    made of the decision alone, as by the exact brush, so that the sketch does not know of it.

    latents: (N + M, 128), those of the scenes, and of M others whose sketches the trunk makes; own: (N,), 0..1, how
    much of a scene's sketch is the trunk's. alphas: (N + M, kinds, 16, 16), the edits, of the M others half none and
    half strokes that were meant for other scenes; levels: (N + M,), what they set shares to."""

    sketches: Tensor
    images: Tensor
    parts: Tensor
    changed: Tensor
    unforeseen: Tensor
    latents: Tensor
    own: Tensor
    alphas: Tensor
    levels: Tensor

    @torch.no_grad()
    def edited(self, generator: DecidedGenerator) -> Tensor:
        """What those behind the sketch get: (N + M, CHANNELS, 16, 16)."""
        made = generator.trunk(self.latents, generator.sketch).r.float()
        n = len(self.sketches)
        mixed = torch.lerp(self.sketches, made[:n], self.own[:, None, None, None])
        return applied(torch.cat([mixed, made[n:]]), self.alphas, self.levels)


def blurred(sketches: Tensor, strength: Tensor) -> Tensor:
    """Shares blurred, as far as `strength` (N,) in 0..1 says."""
    shares = sketches[:, SHARES]
    soft = F.avg_pool2d(shares, 3, 1, 1, count_include_pad=False)
    mixed = torch.lerp(shares, soft, strength[:, None, None, None])
    return torch.cat([mixed, sketches[:, SHARES.stop :]], 1)


def examples(
    store: Store, index: np.ndarray, rng: np.random.Generator, perfect: bool = False, free: int = 0
) -> Examples:
    """One example of each scene of `index`, at random a plain one, an edit of it, or of its twin. perfect: edits of
    the scenes alone, on sketches as they are. free: how many scenes of the trunk's alone there are beside."""
    n = len(index)
    chance = np.full(n, 0.5) if perfect else rng.random(n)
    plain = (chance < _PLAIN) & (not perfect)
    back = (chance > 0.8) & (index % 2 == 0)  # draw on the twin what it lacks
    first = np.where(plain, rng.integers(0, 2, n), np.where(back, 1, 0))
    last = np.where(plain, first, 1 - first)
    exact = ~plain & (not perfect) & (rng.random(n) < _EXACT)
    sketches = torch.from_numpy(store.sketches[index, first].astype(np.float32))
    alpha = torch.from_numpy(store.alphas[index, np.where(back, 1, 0)].astype(np.float32)) / 255
    alpha = alpha * torch.from_numpy(~plain & ~exact)[:, None, None, None]
    draws = torch.from_numpy((index % 2 == 1) | back)
    value = torch.from_numpy(np.full(n, 2.0) if perfect else rng.uniform(1.5, 2.5, n)).float() * draws
    if not perfect:
        sketches = blurred(sketches, torch.from_numpy(rng.random(n) ** 2).float())
        noise = torch.from_numpy(rng.standard_normal(sketches.shape, np.float32))
        sketches = sketches + noise * (_NOISE * torch.from_numpy(rng.random((n, 1, 1, 1)).astype(np.float32)))
    images, maps = store.images[index, last], store.parts[index]
    before, after = maps[np.arange(n), first], maps[np.arange(n), last]
    changed = torch.from_numpy((before != after).astype(np.float32))[:, None]  # (N, 1, R, R)
    # A cell of the decision is 2x2 pixels and has the part of the last of them.
    parts = onehot(np.ascontiguousarray(after[:, 1::2, 1::2]), len(PARTS))
    changed = F.max_pool2d(changed, 2)  # (N, 1, R / 2, R / 2)
    unforeseen = changed * torch.from_numpy(exact)[:, None, None, None]
    others = rng.integers(0, store.drawn // 2, free) * 2 + 1  # scenes of odd index have strokes
    strokes = torch.from_numpy(store.alphas[np.minimum(others, store.drawn - 1), 0].astype(np.float32)) / 255
    strokes = strokes * torch.from_numpy(rng.random(free) < 0.5)[:, None, None, None]
    own = np.clip((_OWN + _BETWEEN - rng.random(n)) / _BETWEEN, 0, 1) * ((first == 0) & (not perfect))
    latents = latents_of([seed_at(int(i)) for i in index], LATENT_DIM)
    others_latents = torch.from_numpy(rng.standard_normal((free, LATENT_DIM), np.float32))
    others_levels = torch.from_numpy(rng.uniform(1.5, 2.5, free).astype(np.float32))
    return Examples(
        sketches=sketches,
        images=to_images(images),
        parts=parts,
        changed=changed,
        unforeseen=unforeseen,
        latents=torch.cat([latents, others_latents]),
        own=torch.from_numpy(own.astype(np.float32)),
        alphas=torch.cat([alpha, strokes]),
        levels=torch.cat([value, others_levels]),
    )


def window_of(rng: np.random.Generator, cells: int) -> tuple[int, int]:
    """Where a window of so many cells of a sketch begins, down and across."""
    down, across = rng.integers(0, GRID - cells + 1, 2)
    return int(down), int(across)
