"""What units do where a concept is: the constants a brush may set them to, and how they stand out there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from torch import Tensor

_FILLED = 0.5  # of the fullest cell (at most 0.8 of it needed): cells that count as showing the concept

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
        return {"mean": present, "mean x1.5": np.float32(1.5) * present, "quantile": self.high}


def measure_levels(r: Tensor, shares: Tensor, low: Tensor, high: Tensor) -> Levels:
    """r: (N, units, h, w); shares: (N, C, h, w), each concept's share of the cell; low, high: (units,),
    quantiles.
    """
    f = r.float().transpose(0, 1).flatten(1)  # (units, P)
    w = shares.transpose(0, 1).flatten(1)  # (C, P)
    floor = _FILLED * w.max(1, keepdim=True).values.clamp(max=0.8)  # (C, 1)
    w = w * (w > floor).float() + 1e-6 * w + 1e-12  # a concept never seen gets the mean over all cells
    present = (f @ w.T) / w.sum(1)  # (units, C)
    return Levels(present.numpy(), f.mean(1).numpy(), f.std(1).numpy(), high.numpy(), low.numpy())
