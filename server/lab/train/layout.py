"""The layout of a scene, which the trunk makes of a latent and the tail draws a picture from.

It describes each cell of a 16x16 grid by numbers in 0..1, and lies in the first units of the second layer there:

- shares: of every concept, how much of each quarter of the cell it fills (so that outlines are known to an eighth of
  what a cell is wide, and a door, which is smaller than a cell, has a place in it);
- shine: the same of sun, moon and stars, which are no concept;
- colours: of every concept, its mean colour there. Where the concept is absent, the colours of its nearest kin are
  continued, and where the picture has none, those that it has in such light elsewhere. So drawing a tree where there
  is none means changing shares alone: in which colours it would stand there is known;
- light: season, time of day and cloudiness, the same in every cell.

Its sketch, the shares of cells alone, lies in the first units of the second layer at 8x8.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from server.lab.scenes.concepts import CONCEPTS, SKY
from server.lab.scenes.latent import group_slices
from server.lab.scenes.scene import Scene
from server.lab.scenes.sky import STAR_RADIUS, SUN_RADIUS

GRID = 16
QUARTERS = 4
C = len(CONCEPTS)
SHARES = slice(0, QUARTERS * C)
SHINE = slice(SHARES.stop, SHARES.stop + QUARTERS)
COLOURS = slice(SHINE.stop, SHINE.stop + 3 * C)
LIGHT = slice(COLOURS.stop, COLOURS.stop + 3)
CHANNELS = LIGHT.stop
SKETCH = QUARTERS * C
# How much of a cell the colours continued from around weigh against the concept's own.
_FAINT = 0.02
_LEAST_SPREAD = 0.03


def light(latents: Tensor) -> Tensor:
    """Season, time of day and cloudiness, 0..1, as the latents (N, D) mean them: (N, 3)."""
    part = group_slices()["light"]
    length = latents.square().mean(1, keepdim=True).sqrt()
    return 0.5 + 0.5 * torch.erf(latents[:, part] / length / math.sqrt(2))


def quarters(maps: Tensor) -> Tensor:
    """The mean of each quarter of each cell: (N, K, R, R) to (N, 4 K, 16, 16), a map's four one after the other."""
    return F.pixel_unshuffle(F.adaptive_avg_pool2d(maps, 2 * GRID), 2)


def cell_shares(layouts: Tensor) -> Tensor:
    """The concepts' shares of whole cells: layouts (N, CHANNELS, H, W) to (N, C, H, W)."""
    n, _, height, width = layouts.shape
    return layouts[:, SHARES].reshape(n, C, QUARTERS, height, width).mean(2)


def sketches_of(layouts: Tensor) -> Tensor:
    """The sketches of layouts: of every concept, how much of each cell it fills, as quarters of cells twice as large.

    Layouts (N, CHANNELS, 16, 16) to (N, SKETCH, 8, 8).
    """
    return F.pixel_unshuffle(cell_shares(layouts), 2)


def shining(scenes: Sequence[Scene], size: int) -> Tensor:
    """How bright sun, moon and stars are in each pixel of the open sky, 0..1: (N, 1, size, size)."""
    centres = (np.arange(size, dtype=np.float32) + 0.5) / np.float32(size)
    shine = np.zeros((len(scenes), 1, size, size), np.float32)
    for shown, scene in zip(shine, scenes, strict=True):
        sky = scene.sky
        discs = [(sky.sun_x, sky.sun_y, SUN_RADIUS, sky.sun_shine)]
        if sky.colours.night > 0.6:
            discs += [(x, y, STAR_RADIUS, 0.9) for x, y in sky.stars]
        for x, y, radius, strength in discs:
            distance = np.hypot(centres - np.float32(x), centres[:, None] - np.float32(y))  # (size, size)
            disc = np.clip(0.5 + (radius - distance) * size, 0, 1) * strength
            shown[0] = np.maximum(shown[0], disc)
    return torch.from_numpy(shine)


def own_colours(images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Sums that a concept's colours in a cell are means of: colours (N, C, 3, 16, 16) and shares (N, C, 1, 16, 16).

    images: (N, 3, R, R), -1..1; labels: (N, C, R, R), one-hot; R is a multiple of 16.
    """
    n, _, size, _ = images.shape
    cell = size // GRID

    def cells(x: Tensor) -> Tensor:
        """(N, K, R, R) to (N * 256, R * R / 256, K): the pixels of each cell."""
        parts = x.permute(0, 2, 3, 1).reshape(n, GRID, cell, GRID, cell, -1)  # (N, 16, r, 16, r, K)
        return parts.transpose(2, 3).reshape(n * GRID * GRID, cell * cell, -1)

    seen, present = cells(images / 2 + 0.5), cells(labels)
    colours = (present.transpose(1, 2) @ seen) / cell**2  # (N * 256, C, 3)
    shares = present.mean(1)[..., None]  # (N * 256, C, 1)
    colours, shares = (x.reshape(n, GRID, GRID, C, -1).permute(0, 3, 4, 1, 2) for x in (colours, shares))
    return colours, shares


def _basis(lights: Tensor) -> Tensor:
    """Polynomials of season and time of day, and cloudiness: (N, 3) to (N, 31)."""
    powers = [lights[:, i : i + 1] ** torch.arange(n, dtype=lights.dtype) for i, n in ((0, 5), (1, 6))]
    return torch.cat([(powers[0][:, :, None] * powers[1][:, None]).flatten(1), lights[:, 2:]], 1)


class Expected:
    """The colours that a concept has on average in some light, a least squares fit over scenes."""

    def __init__(self, weights: Tensor) -> None:
        """weights: (31, 3 C)."""
        self.weights = weights

    @classmethod
    def fitted(cls, colours: Tensor, shares: Tensor, lights: Tensor) -> Expected:
        """From the sums of `own_colours`, over whole scenes, (M, C, 3) and (M, C, 1), and their light (M, 3)."""
        basis = _basis(lights.double())  # (M, 31)
        weights = []
        for c in range(C):
            weight = shares[:, c].double().clamp(max=0.02)  # (M, 1): a scene with plenty of it counts once
            mean = colours[:, c].double() / shares[:, c].double().clamp(min=1e-6)  # (M, 3)
            gram = basis.T @ (weight * basis)
            ridge = (1e-4 * gram.diagonal().mean() + 1e-9) * torch.eye(len(gram), dtype=gram.dtype)
            weights.append(torch.linalg.solve(gram + ridge, basis.T @ (weight * mean)))
        return cls(torch.cat(weights, 1).float())

    def at(self, lights: Tensor) -> Tensor:
        """lights: (N, 3). Returns colours (N, C, 3) in 0..1."""
        return (_basis(lights) @ self.weights).clamp(0, 1).reshape(-1, C, 3)


def continued_colours(colours: Tensor, shares: Tensor, expected: Tensor) -> Tensor:
    """Each concept's colours in every cell: its own where it stands, else those of its kin around, the nearer the more,
    and at last the expected ones. (Pull and push over a pyramid: Gortler et al., "The Lumigraph", 1996, section 3.5.)

    colours, shares: see `own_colours`; expected: (N, C, 3). Returns (N, C, 3, 16, 16).
    """
    n = len(colours)
    pyramid = [(colours.flatten(1, 2), shares.flatten(1, 2))]  # (N, 3 C, 16, 16), (N, C, 16, 16)
    while pyramid[-1][0].shape[-1] > 1:
        pyramid.append((F.avg_pool2d(pyramid[-1][0], 2), F.avg_pool2d(pyramid[-1][1], 2)))
    filled = expected.reshape(n, 3 * C, 1, 1)
    for sums, weight in reversed(pyramid):
        around = F.interpolate(filled, size=sums.shape[-2:], mode="bilinear", align_corners=False)
        filled = (sums + _FAINT * around) / (weight.repeat_interleave(3, 1) + _FAINT)
    return filled.reshape(n, C, 3, GRID, GRID)


def layouts_of(images: Tensor, labels: Tensor, latents: Tensor, scenes: Sequence[Scene], expected: Expected) -> Tensor:
    """The layouts of rendered scenes, in 0..1.

    images: (N, 3, R, R), -1..1; labels: (N, C, R, R), one-hot; latents: (N, D). Returns (N, CHANNELS, 16, 16).
    """
    lights = light(latents)  # (N, 3)
    shine = shining(scenes, images.shape[-1]) * labels[:, SKY : SKY + 1]
    colours = continued_colours(*own_colours(images, labels), expected.at(lights)).flatten(1, 2)
    same = lights[:, :, None, None].expand(-1, -1, GRID, GRID)
    return torch.cat([quarters(labels), quarters(shine), colours, same], 1)


def carried(layouts: Tensor, units: int) -> Tensor:
    """Layouts as the layer that carries them has them: in its first units, and nothing in the others.

    layouts: (N, CHANNELS, H, W). Returns (N, units, H, W).
    """
    return F.pad(layouts, (0, 0, 0, 0, 0, units - CHANNELS)).contiguous(memory_format=torch.channels_last)


class Spread:
    """Each channel's mean and deviation over layouts (M, CHANNELS, 16, 16), by which they are measured, and the
    deviations of their sketches."""

    def __init__(self, layouts: Tensor) -> None:
        some = layouts.float()
        self.mean = some.mean((0, 2, 3)).view(1, -1, 1, 1)
        self.deviation = some.std((0, 2, 3)).clamp(min=_LEAST_SPREAD).view(1, -1, 1, 1)
        shares = cell_shares(some).std((0, 2, 3)).clamp(min=_LEAST_SPREAD)  # (C,)
        self.sketch = shares.repeat_interleave(QUARTERS).view(1, -1, 1, 1)

    def measure(self, layouts: Tensor) -> Tensor:
        """Layouts in units of the spread."""
        return (layouts - self.mean) / self.deviation


def importance(layouts: Tensor) -> Tensor:
    """How much an error in a number counts: the colours of what stands there much, those of what does not little.

    layouts: (N, CHANNELS, H, W). Shape kept; values above 0.
    """
    weight = torch.ones_like(layouts)
    weight[:, COLOURS] = (0.1 + 3 * cell_shares(layouts)).repeat_interleave(3, 1)
    return weight
