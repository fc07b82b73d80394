"""How active units are inside masks, and featuremaps scaled by quantile."""

import numpy as np
from numpy.typing import NDArray

from server.results.unit_quantiles import Quantiles
from server.web.api2018.masks import Bits, pooled

Array = NDArray[np.float32]

_TINY = 1e-15  # of coverage: what an empty mask is divided by


class MaskedActivations:
    """A layer's activations inside the masks of several images, added up.

    A unit's greatest is that of its activations times the greatest pixel of each cell, its mean is weighted by the
    mean pixel of each cell.
    """

    def __init__(self, units: int) -> None:
        self._greatest = np.full(units, -np.inf, np.float32)  # (units,)
        self._sum = np.zeros(units)  # (units,)
        self._weight = 0.0

    def add(self, r: Array, bits: Bits | None) -> None:
        """Count an image. r: (H, W, units). bits: its mask, None for everything."""
        height, width, _ = r.shape
        inside = pooled(bits, height, width, "max")[:, :, None]  # (H, W, 1)
        share = pooled(bits, height, width, "mean")  # (H, W)
        self._greatest = np.maximum(self._greatest, (r * inside).max((0, 1)))
        self._sum += np.tensordot(share, r, 2)
        self._weight += float(share.sum())

    def features(self, quantiles: Quantiles | None) -> dict[str, list[float]]:
        """The members of `Features`, of all images counted so far. quantiles: of the layer."""
        mean = (self._sum / (self._weight + _TINY)).astype(np.float32)  # (units,)
        if quantiles is None:
            return {"max": self._greatest.tolist(), "mean": mean.tolist()}
        return {
            "max": self._greatest.tolist(),
            "mean": mean.tolist(),
            "max_quantile": quantiles.of(self._greatest).tolist(),
            "mean_quantile": quantiles.of(mean).tolist(),
        }


def scaled(r: Array, quantiles: Quantiles | None) -> list[list[list[int]]]:
    """Each unit's featuremap, rows of 0..255: the quantile of each activation among the unit's usual ones, or where
    those are unknown its place between the least and the greatest here. r: (H, W, units)."""
    maps = r.transpose(2, 0, 1)  # (units, H, W)
    if quantiles is None:
        quantiles = Quantiles(np.array([0.0, 1.0]), np.stack([maps.min((1, 2)), maps.max((1, 2))], 1))
    grey: list[list[list[int]]] = (quantiles.of(maps).clip(0, 1) * 255).astype(np.uint8).tolist()
    return grey
