"""The painting rule: featuremaps blended towards constants.

With the coverage times the strength as a and the level as v, an edit makes r' = r (1 - a) + v a. Two edits one after
another compose to a' = 1 - (1 - a2)(1 - a1) and v' = (v1 a1 (1 - a2) + v2 a2) / a': later edits lie over earlier ones.
"""

from __future__ import annotations

from torch import Tensor


def blend(r: Tensor, a: Tensor, v: Tensor) -> Tensor:
    """r (1 - a) + v a, of one shape or broadcast to it. a: 0..1. Part of the contract, to the last bit of float32."""
    return r * (1 - a) + v * a
