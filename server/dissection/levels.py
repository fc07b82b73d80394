"""What units do where a concept is: the constants a brush may set them to, and how they stand out there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from server.dissection.passes import batches
from server.dissection.samples import BATCH, cell_shares

_FILLED = 0.5  # of the fullest cell's share: cells with more of the concept count as showing it
_FULL = 0.8  # of a cell: a fullest cell with more than that counts as this full

Floats = npt.NDArray[np.float32]


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
        """How far the mean where the concept is lies from the mean everywhere, in standard deviations:
        (units, C).
        """
        spread = np.maximum(self.deviation[:, None], 1e-6)
        contrast: Floats = ((self.present - self.mean[:, None]) / spread).astype(np.float32)
        return contrast

    def choices(self, concept: int) -> dict[str, Floats]:
        """The candidate levels of a brush by name, each (units,)."""
        present = self.present[:, concept]
        return {
            "mean": present,
            "mean x1.5": np.float32(1.5) * present,
            "mean x2": np.float32(2) * present,
            "quantile": self.high,
        }


def measure_levels(r: Tensor, labels: npt.NDArray[np.uint8], concepts: int, low: Tensor, high: Tensor) -> Levels:
    """Statistics of a layer's units, batch by batch.

    r: (N, units, h, w). labels: (N, R, R), below `concepts`. low, high: (units,), quantiles.
    """
    units, grid = r.shape[1], r.shape[2]
    fullest = torch.zeros(concepts)
    for s in batches(len(r), BATCH):
        fullest = torch.maximum(fullest, cell_shares(labels[s], concepts, grid).amax((0, 2, 3)))
    floor = _FILLED * fullest.clamp(max=_FULL)[:, None]  # (C, 1)
    inside, weight = torch.zeros(units, concepts, dtype=torch.float64), torch.zeros(concepts, dtype=torch.float64)
    first, second = torch.zeros(units, dtype=torch.float64), torch.zeros(units, dtype=torch.float64)
    for s in batches(len(r), BATCH):
        f = r[s].float().transpose(0, 1).flatten(1)  # (units, P)
        w = cell_shares(labels[s], concepts, grid).transpose(0, 1).flatten(1)  # (C, P)
        w = w * (w > floor)
        inside += f @ w.T
        weight += w.sum(1)
        first += f.sum(1)
        second += f.square().sum(1)
    count = len(r) * grid * r.shape[3]
    mean = first / count  # (units,)
    deviation = (second / count - mean.square()).clamp(min=0).sqrt()
    # A concept never seen gets the mean over all cells.
    present = torch.where(weight > 0, inside / weight.clamp(min=1e-9), mean[:, None])  # (units, C)
    return Levels(present.float().numpy(), mean.float().numpy(), deviation.float().numpy(), high.numpy(), low.numpy())
