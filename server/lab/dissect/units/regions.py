"""The samples a unit is strongest in, and the region of the picture it answers to."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

STRONGEST = 4  # samples of a unit
REGION = 24  # rows and columns a region is kept at


class Strongest:
    """The samples with the highest single activation of every unit, out of blocks that come in any order."""

    def __init__(self) -> None:
        self.index = torch.zeros(0, 0, dtype=torch.int64)
        self.peaks, self.maps = torch.zeros(0, 0), torch.zeros(0, 0, 0, 0)

    def add(self, index: npt.NDArray[np.int64], r: Tensor) -> None:
        """Look at some samples. index: (N,), their numbers. r: (N, units, h, w)."""
        peaks = r.amax((2, 3)).float().T  # (units, N)
        best = peaks.sort(dim=1, descending=True, stable=True).indices[:, :STRONGEST]  # (units, K)
        rows = torch.arange(len(best))[:, None]
        maps = r[best, rows].float()  # (units, K, h, w)
        maps = F.interpolate(maps, size=(REGION, REGION), mode="bilinear", align_corners=False)
        own = torch.from_numpy(index)[best], peaks[rows, best], maps
        if len(self.index):
            before = (self.index, self.peaks, self.maps)
            own = tuple(torch.cat(pair, 1) for pair in zip(before, own, strict=True))  # type: ignore[assignment]
        # Highest peak first, of equal ones the first sample, so that the order of the blocks does not matter.
        order = np.lexsort((own[0].numpy(), -own[1].numpy()))[:, :STRONGEST]
        keep = torch.from_numpy(order)
        self.index, self.peaks, self.maps = own[0][rows, keep], own[1][rows, keep], own[2][rows, keep]

    def regions(self, threshold: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
        """The samples' numbers, (units, K), the strongest first, and where the upsampled featuremap exceeds the
        threshold, bits, (units, K, REGION**2 / 8). threshold: (units,).
        """
        on = self.maps > torch.from_numpy(threshold)[:, None, None, None]  # (units, K, REGION, REGION)
        bits = np.packbits(on.flatten(2).numpy(), axis=-1)
        return self.index.numpy(), bits
