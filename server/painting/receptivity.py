"""Where in a picture drawing a concept will take, estimated from what stands there now.

The dissection measured how much of a mask shows the concept once it is drawn, for each concept that stood there
before (a door takes on a wall, not in the sky: the context experiment of Bau et al., "GAN Dissection", ICLR 2019,
section 4.3). Each cell of a grid gets the mean of those figures, weighted by what the segmenter sees in the cell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from server.model.segmenter import cell_shares
from server.results.context import Gain

GRID = 16


def receptivity(
    labels: NDArray[np.uint8], concepts: Sequence[str], drawn: str, gains: Mapping[str, Gain | None]
) -> NDArray[np.float32] | None:
    """The share of each cell that will show the concept once it is drawn there: (GRID, GRID), 0..1.

    labels: (H, W), what is there, numbers of `concepts`. gains: the row of the context table of `drawn`. What was
    too rare to be measured counts as the mean of what was; None where nothing was. The concept itself stays.
    """
    measured = {name: gain for name, gain in gains.items() if gain is not None}
    if not measured:
        return None
    pictures = sum(gain["pictures"] for gain in measured.values())
    usual = sum(gain["drawn"] * gain["pictures"] for gain in measured.values()) / pictures
    takes = [1.0 if name == drawn else measured[name]["drawn"] if name in measured else usual for name in concepts]
    shares = cell_shares(labels[None].copy(), len(concepts), GRID)[0].numpy()  # (C, GRID, GRID)
    grid: NDArray[np.float32] = np.tensordot(np.asarray(takes, np.float32), shares, 1).clip(0, 1)  # (GRID, GRID)
    return grid
