"""The painting rule: featuremaps blended towards constants.

With the coverage times the strength as a and the level as v, an edit makes r' = r (1 - a) + v a. Two edits one after
another compose to a' = 1 - (1 - a2)(1 - a1) and v' = (v1 a1 (1 - a2) + v2 a2) / a': later edits lie over earlier ones.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from server.painting.edits import PlacedEdit


def blend(r: Tensor, a: Tensor, v: Tensor) -> Tensor:
    """r (1 - a) + v a, of one shape or broadcast to it. a: 0..1. Part of the contract, to the last bit of float32."""
    return r * (1 - a) + v * a


def edited(r: Tensor, placed: Iterable[PlacedEdit]) -> Tensor:
    """A copy of a layer's featuremaps with its edits in it, blended in float32. r: (1, C, H, W)."""
    result = r.to(torch.float32, copy=True)  # (1, C, H, W)
    for p in placed:
        rows, columns = np.flatnonzero(p.coverage.any(1)), np.flatnonzero(p.coverage.any(0))
        if not len(rows):
            continue
        y, x = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        alpha = torch.from_numpy(p.coverage[y, x] * np.float32(p.edit.strength)).to(r.device)  # (h, w)
        units, levels = (torch.from_numpy(array).to(r.device) for array in (p.edit.units, p.edit.levels))  # (n,)
        result[0, units, y, x] = blend(result[0, units, y, x], alpha, levels[:, None, None])  # (n, h, w)
    return result.to(r.dtype)
