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
from server.lab.village.colours import Expected, continued_colours, own_colours

GRID = 16
QUARTERS = 4
C = len(CONCEPTS)
SHARES = slice(0, QUARTERS * C)
SHINE = slice(SHARES.stop, SHARES.stop + QUARTERS)
COLOURS = slice(SHINE.stop, SHINE.stop + 3 * C)
LIGHT = slice(COLOURS.stop, COLOURS.stop + 3)
CHANNELS = LIGHT.stop
SKETCH = QUARTERS * C
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
