"""The samples a unit is strongest in, and the region of the picture it answers to."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from torch import Tensor

from server.dissection.agreement import upsampled, upsampling_matrix

STRONGEST = 4  # samples of a unit
REGION = 24  # rows and columns a region is kept at


def strongest_samples(
    r: Tensor, threshold: npt.NDArray[np.float32], count: int = STRONGEST
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    """The samples with the highest single activation, and where the upsampled featuremap exceeds the threshold.

    r: (N, units, h, w). threshold: (units,). Returns sample numbers, (units, K), and bits, (units, K, REGION**2 / 8).
    """
    n, units, h, w = r.shape
    count = min(count, n)
    peaks = r.amax((2, 3)).float()  # (N, units)
    strongest = peaks.topk(count, 0).indices.T.contiguous().numpy()  # (units, K)
    rows = np.arange(REGION)
    down, across = upsampling_matrix(REGION, h, rows), upsampling_matrix(REGION, w, rows)
    regions = np.empty((units, count, REGION**2 // 8), np.uint8)
    for unit, chosen in enumerate(strongest):
        f = r[chosen.tolist(), unit].float().permute(1, 2, 0).contiguous().numpy()  # (h, w, K)
        on = upsampled(f, down, across) > threshold[unit]  # (REGION, REGION, K)
        regions[unit] = np.packbits(on.reshape(-1, count).T, axis=1)
    return strongest, regions
