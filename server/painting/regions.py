"""Connected pieces of a label map: what a click on a thing selects."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Raster = NDArray[np.bool_]


def region(shown: Raster, at: tuple[float, ...] | None) -> Raster:
    """The piece of `shown` that lies at a point, or nearest to it; all of it for None. shown: (H, W).

    at: x and y in 0..1. Pixels touch at their sides and corners. Where nothing is shown, nothing is selected.
    """
    if at is None or not shown.any():
        return shown
    height, width = shown.shape
    rows, columns = np.nonzero(shown)
    distance = (rows + 0.5 - at[1] * height) ** 2 + (columns + 0.5 - at[0] * width) ** 2
    nearest = int(distance.argmin())
    piece = np.zeros_like(shown)
    piece[rows[nearest], columns[nearest]] = True
    # Grow by one pixel at a time, within what is shown, until nothing is added.
    size = 1
    while True:
        grown = np.pad(piece, 1)  # (H + 2, W + 2)
        grown = grown[:-2] | grown[1:-1] | grown[2:]  # (H, W + 2)
        piece = (grown[:, :-2] | grown[:, 1:-1] | grown[:, 2:]) & shown  # (H, W)
        if int(piece.sum()) == size:
            return piece
        size = int(piece.sum())
