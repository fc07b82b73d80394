"""The names of regions: numbers at first, and those that people gave them, carried over to a new grouping."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from server.lab.dissect.constants import SAME_REGION
from server.lab.dissect.units.samples import Labels
from server.results.names import Names


def numbered(count: int) -> tuple[str, ...]:
    """region 1, region 2, ..."""
    return tuple(f"region {i + 1}" for i in range(count))


def numbers(count: int) -> dict[str, str]:
    """The names of regions that nobody has named yet."""
    return {name: name for name in numbered(count)}


def overlaps(old: Labels, new: Labels, count: tuple[int, int]) -> npt.NDArray[np.float64]:
    """IoU of every old region with every new one, (O, K). old, new: (N, H, W), of the same pictures. count: O, K."""
    pairs = old.astype(np.int64).ravel() * count[1] + new.ravel()
    both = np.bincount(pairs, minlength=count[0] * count[1]).reshape(count)  # (O, K)
    union = both.sum(1, keepdims=True) + both.sum(0, keepdims=True) - both
    return np.asarray(both / np.maximum(union, 1))


def carried_over(names: Names, iou: npt.NDArray[np.float64]) -> dict[str, str]:
    """The names of new regions: that of the old region which one mostly is, its own number else.

    iou: (O, K), see `overlaps`.
    """
    old, new = (numbered(count) for count in iou.shape)
    carried = numbers(len(new))
    for k, o in enumerate(iou.argmax(0)):
        if iou[o, k] > SAME_REGION and names.get(old[o], old[o]) not in {*old, *new}:
            carried[new[k]] = names[old[o]]
    return carried
