"""Windows on pictures being trained on, so that a step draws only a part of each.

The tail is convolutions of small reach, so what it draws in a window is what it would draw in the whole picture but for
the window's rim, which misses its neighbours. The rim is cut off, save where it is the picture's own edge.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor


@dataclass(frozen=True)
class Window:
    """Cells of the edit layer's grid: the tail draws `rows` and `columns`, and `inner_rows` and `inner_columns` of
    them count."""

    rows: slice
    columns: slice
    inner_rows: slice
    inner_columns: slice

    def opened(self, r: Tensor) -> Tensor:
        """Featuremaps to draw: (N, U, 16, 16) to (N, U, rows, columns)."""
        return r[:, :, self.rows, self.columns]

    def inner(self, x: Tensor, cell: int) -> Tensor:
        """What counts of a whole picture's map, `cell` pixels a cell: (N, C, 16 cell, 16 cell) to a part."""
        return x[:, :, _scaled(self.inner_rows, cell), _scaled(self.inner_columns, cell)]

    def trimmed(self, x: Tensor, cell: int) -> Tensor:
        """What counts of a drawn window: (N, C, rows cell, columns cell) to a part."""
        rows, columns = _shifted(self.inner_rows, self.rows.start), _shifted(self.inner_columns, self.columns.start)
        return x[:, :, _scaled(rows, cell), _scaled(columns, cell)]


def _scaled(part: slice, cell: int) -> slice:
    return slice(part.start * cell, part.stop * cell)


def _shifted(part: slice, by: int) -> slice:
    return slice(part.start - by, part.stop - by)


def _side(rng: np.random.Generator, grid: int, cells: int) -> tuple[slice, slice]:
    start = int(rng.integers(0, grid - cells + 1))
    stop = start + cells
    return slice(start, stop), slice(start + (start > 0), stop - (stop < grid))


def random_window(rng: np.random.Generator, grid: int, cells: int) -> Window:
    """A window of `cells` cells a side somewhere on the grid; all of it where `cells` is `grid`."""
    rows, inner_rows = _side(rng, grid, cells)
    columns, inner_columns = _side(rng, grid, cells)
    return Window(rows, columns, inner_rows, inner_columns)
