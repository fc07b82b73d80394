"""What units do where a concept is: the constants a brush may set them to, and how they stand out there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from server.lab.dissect.constants import FILLED, FULL
from server.lab.dissect.running.passes import batches
from server.lab.dissect.units.samples import BATCH, Floats, Labels
from server.model.segmenter import cell_shares


@dataclass(frozen=True)
class Levels:
    """Statistics of a layer's units.

    present: (units, C), the mean activation in cells well filled with the concept. mean, deviation: (units,),
    over all cells. high, low: (units,), the 0.99 and 0.01 quantile over all cells.
    """

    present: Floats
    mean: Floats
    deviation: Floats
    high: Floats
    low: Floats

    def contrast(self) -> Floats:
        """How far the mean where the concept is lies from the mean everywhere, in standard deviations: (units, C)."""
        spread = np.maximum(self.deviation[:, None], 1e-6)
        contrast: Floats = ((self.present - self.mean[:, None]) / spread).astype(np.float32)
        return contrast

    def choices(self, concept: int) -> dict[str, Floats]:
        """The base levels of a brush by name, each (units,); multiples of the one that wins are tried as well.

        A unit that tells of a thing smaller than a cell is far below what it can be, so up to four times its mean.
        """
        present = self.present[:, concept]
        return {
            "mean": present,
            "mean x2": np.float32(2) * present,
            "mean x4": np.float32(4) * present,
            "quantile": self.high,
        }


class LevelSums:
    """Sums that Levels are made of, over blocks of pictures."""

    def __init__(self, labels: Labels, concepts: int, *grid: int) -> None:
        """labels: (N, H, W), of all pictures, below `concepts`. grid: rows and columns of the layer's featuremaps."""
        fullest = torch.zeros(concepts)
        for s in batches(len(labels), BATCH):
            fullest = torch.maximum(fullest, cell_shares(labels[s], concepts, *grid).amax((0, 2, 3)))
        self.concepts, self.grid = concepts, grid
        self.floor = FILLED * fullest.clamp(max=FULL)[:, None]  # (C, 1)

    def weights(self, labels: Labels) -> Tensor:
        """How much each cell of a block of pictures counts for each concept, (C, P). labels: (N, H, W)."""
        w = cell_shares(labels, self.concepts, *self.grid).transpose(0, 1).flatten(1)  # (C, P)
        return w * (w > self.floor)

    @staticmethod
    def of(r: Tensor, w: Tensor) -> tuple[Tensor, ...]:
        """A block's sums: r weighted with each concept, (units, C); the weights, (C,); r and its square, (units,) each;
        and the number of cells, (). Those of several blocks add up. r: (N, units, h, w). w: (C, P), see `weights`.
        """
        f = r.float().transpose(0, 1).flatten(1)  # (units, P)
        sums = (f @ w.T, w.sum(1), f.sum(1), f.square().sum(1), torch.tensor(float(f.shape[1])))
        return tuple(part.double() for part in sums)


def levels_of(sums: Sequence[Tensor], low: Tensor, high: Tensor) -> Levels:
    """From the sums of all blocks. low, high: (units,), quantiles."""
    inside, weight, first, second, count = sums
    mean = first / count  # (units,)
    deviation = (second / count - mean.square()).clamp(min=0).sqrt()
    # A concept never seen gets the mean over all cells.
    present = torch.where(weight > 0, inside / weight.clamp(min=1e-9), mean[:, None])  # (units, C)
    return Levels(present.float().numpy(), mean.float().numpy(), deviation.float().numpy(), high.numpy(), low.numpy())
