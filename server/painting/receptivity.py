"""Where in a picture drawing a concept will take, told beforehand from what stands there now.

The dissection measured how much of a mask shows the concept once it is drawn, for each concept that stood there
before (a door takes on a wall, not in the sky: the context experiment of Bau et al., "GAN Dissection", ICLR 2019,
section 4.3). Each cell of a grid gets the mean of those figures, weighted by what the segmenter sees in the cell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

GRID = 16

Gains = Mapping[str, Mapping[str, Any] | None]


def shares(labels: NDArray[np.uint8], concepts: int) -> NDArray[np.float32]:
    """Each concept's share of every cell. labels: (R, R), R a multiple of GRID. Returns (concepts, GRID, GRID)."""
    cell = labels.shape[0] // GRID
    blocks = labels.reshape(GRID, cell, GRID, cell)
    return np.stack([(blocks == c).mean((1, 3), dtype=np.float32) for c in range(concepts)])


def receptivity(
    stands: NDArray[np.float32], concepts: Sequence[str], drawn: str, gains: Gains
) -> NDArray[np.float32] | None:
    """The share of each cell that will show the concept once it is drawn there: (GRID, GRID), 0..1.

    stands: (C, GRID, GRID), what is there, of `concepts`. gains: the row of the context table of `drawn`. What was
    too rare to be measured counts as the mean of what was; None where nothing was. The concept itself stays.
    """
    measured = {name: gain for name, gain in gains.items() if gain is not None}
    if not measured:
        return None
    pictures = sum(gain["pictures"] for gain in measured.values())
    usual = sum(gain["drawn"] * gain["pictures"] for gain in measured.values()) / pictures
    takes = [1.0 if name == drawn else measured[name]["drawn"] if name in measured else usual for name in concepts]
    grid: NDArray[np.float32] = np.tensordot(np.asarray(takes, np.float32), stands, 1).clip(0, 1)  # (GRID, GRID)
    return grid
