"""Groups of featuremap pixels: spherical k-means over a middle layer of a generator's samples.

After Collins et al., "Editing in Style" (CVPR 2020), who found that such groups of StyleGAN's 32x32 featuremaps tell
eyes, mouths and hair apart. Two things differ, as other generators are meant too: each unit counts in parts of its own
deviation, so that no loud unit decides; and featuremaps are smoothed by (1, 2, 1) / 4 both ways, which removes the
checkerboard that strided transposed convolutions leave, and that would be grouped by the parity of rows and columns.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from server.lab.dissect.constants import CLUSTER_POINTS, CLUSTER_RESTARTS, CLUSTER_ROUNDS
from server.lab.dissect.running.passes import Passes
from server.lab.dissect.running.work import Arrays
from server.lab.dissect.units.samples import activations
from server.model.generator import Generator, Layer

MOST_VALUES = 2**26  # of featuremaps in memory at once


@dataclass(frozen=True)
class Groups:
    """The groups of a layer's pixels, the one with the largest area first.

    deviation: (units,), of the smoothed featuremaps. centres: (K, units), of length 1. shares: of the pictures' area.
    """

    layer: str
    deviation: Tensor
    centres: Tensor
    shares: tuple[float, ...]

    def __len__(self) -> int:
        return len(self.centres)

    def arrays(self) -> Arrays:
        """All but the layer's name, as files keep it."""
        return {
            "deviation": self.deviation.numpy(),
            "centres": self.centres.numpy(),
            "shares": np.array(self.shares),
        }

    @staticmethod
    def of_arrays(layer: str, arrays: Arrays) -> Groups:
        """The same again."""
        deviation, centres = (torch.from_numpy(arrays[name]) for name in ("deviation", "centres"))
        return Groups(layer, deviation, centres, tuple(arrays["shares"].tolist()))

    def labels(self, r: Tensor, size: tuple[int, int]) -> Tensor:
        """r: (N, units, h, w), the layer's output. size: of the pictures. Returns the group of each pixel, (N, *size)
        uint8."""
        x = _points(r, self.deviation)  # (N, h, w, units)
        likeness = (x @ self.centres.T).permute(0, 3, 1, 2)  # (N, K, h, w)
        stretched = F.interpolate(likeness, size=size, mode="bilinear", align_corners=False)
        return stretched.argmax(1).to(torch.uint8)


def middle_layer(generator: Generator) -> Layer:
    """The first layer whose shorter side has at least as many cells as the square root of the pictures' shorter side,
    else the one with most: 8x8 for pictures of 64 pixels, 16x16 for 256, and the 32x32 of the paper for 1024.
    """
    least = math.isqrt(min(generator.size))
    most = max(generator.layers, key=lambda layer: min(layer.height, layer.width))
    return next((layer for layer in generator.layers if min(layer.height, layer.width) >= least), most)


def find_groups(passes: Passes, layer: str, count: int, seeds: Sequence[int], seed: int) -> Groups:
    """Group the pixels of a layer over the pictures of some seeds into `count` groups, over fewer of them where the
    layer is large. seed: of the random choices.
    """
    known = passes.generator.layer(layer)
    some = max(1, MOST_VALUES // (known.units * known.height * known.width))
    r = activations(passes, seeds[:some], layer).r.float()  # (N, units, h, w)
    deviation = smoothed(r).transpose(0, 1).flatten(1).std(1)  # (units,)
    x = _points(r, deviation).flatten(0, 2)  # (P, units)
    random = torch.Generator().manual_seed(seed)
    points = x[torch.randperm(len(x), generator=random)[:CLUSTER_POINTS]]
    runs = [_spherical_kmeans(points, count, random) for _ in range(CLUSTER_RESTARTS)]
    best = max(runs, key=lambda centres: float((points @ centres.T).amax(1).mean()))  # (count, units)
    labels = Groups(layer, deviation, best, ()).labels(r, passes.size)
    shares = torch.bincount(labels.flatten(), minlength=count).double() / labels.numel()  # (K,)
    order = shares.argsort(descending=True, stable=True)
    return Groups(layer, deviation, best[order], tuple(shares[order].tolist()))


def smoothed(r: Tensor) -> Tensor:
    """r: (N, units, h, w), with its edges repeated beyond them. Shape kept."""
    taps = torch.tensor([0.25, 0.5, 0.25])
    kernel = (taps[:, None] * taps).expand(r.shape[1], 1, 3, 3).contiguous()  # (units, 1, 3, 3)
    return F.conv2d(F.pad(r.float(), (1, 1, 1, 1), mode="replicate"), kernel, groups=r.shape[1])


def _points(r: Tensor, deviation: Tensor) -> Tensor:
    """Each pixel's units in parts of their deviations, of length 1: (N, units, h, w) to (N, h, w, units)."""
    x = smoothed(r) / deviation.clamp(min=1e-6)[:, None, None]
    return F.normalize(x.permute(0, 2, 3, 1), dim=3)


def _spherical_kmeans(x: Tensor, count: int, random: torch.Generator) -> Tensor:
    """Centres of length 1, begun with k-means++. x: (P, units), of length 1. Returns (count, units)."""
    centres = x[torch.randint(len(x), (1,), generator=random)]
    while len(centres) < count:
        away = (1 - x @ centres.T).amin(1).clamp(min=1e-9)  # (P,)
        centres = torch.cat([centres, x[torch.multinomial(away, 1, generator=random)]])
    for _ in range(CLUSTER_ROUNDS):
        nearest = (x @ centres.T).argmax(1)  # (P,)
        sums = torch.zeros_like(centres).index_add_(0, nearest, x)
        empty = sums.square().sum(1) == 0  # (count,)
        centres = torch.where(empty[:, None], centres, F.normalize(sums, dim=1))
    return centres
