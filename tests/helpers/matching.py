"""One layer matched from whole arrays in memory."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from torch import Tensor

from server.lab.dissect.running.work import Arrays
from server.lab.dissect.units.levels import LevelSums
from server.lab.dissect.units.matching import KEPT, Block, LayerMatch, half
from server.lab.dissect.units.quantiles import QuantileSketch


def matched(r: Tensor, labels: npt.NDArray[np.uint8], concepts: int) -> Arrays:
    """The arrays of a layer. r: (N, units, h, w), its output for samples. labels: (N, R, R), theirs."""
    sketch = QuantileSketch.empty(r.shape[1])
    sketch.add(r)
    match = LayerMatch(sketch.quantile(KEPT), LevelSums(labels, concepts, r.shape[2]))
    for choosing in (True, False):
        for index in half(len(r), choosing):
            match.add(Block(labels, index, concepts, choosing), r[index])
        if choosing:
            match.choose()
    return match.arrays(0)
