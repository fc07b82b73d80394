"""Blocks that reach little: what a changed box of cells changes behind them, and that part of them alone.

    block = generator.local("layer5")        # None where each output cell may read the whole input
    box = block.reached(Box(3, 3, 4, 4))     # the output cells that read this one cell
    y = block.run(x, block.read(box), box)   # those cells of the output, of x, the input cells that they read

Boxes may stick out of their grid: a block reads zeros there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor


@dataclass(frozen=True)
class Box:
    """The cells of rows top..bottom - 1 and columns left..right - 1 of a grid."""

    top: int
    left: int
    bottom: int
    right: int

    @classmethod
    def around(cls, cells: NDArray[np.bool_]) -> Box:
        """The least box around the cells that are set, of which there is one. cells: (H, W)."""
        rows, columns = np.flatnonzero(cells.any(1)), np.flatnonzero(cells.any(0))
        return cls(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)

    @property
    def area(self) -> int:
        """How many cells it has."""
        return (self.bottom - self.top) * (self.right - self.left)

    def joined(self, other: Box | None) -> Box:
        """The least box around both."""
        if other is None:
            return self
        return Box(
            min(self.top, other.top),
            min(self.left, other.left),
            max(self.bottom, other.bottom),
            max(self.right, other.right),
        )

    def grown(self, by: int) -> Box:
        """The box with so many cells more on each side."""
        return Box(self.top - by, self.left - by, self.bottom + by, self.right + by)

    def within(self, height: int, width: int) -> Box:
        """The part of it that lies in a grid of that size."""
        return Box(max(self.top, 0), max(self.left, 0), min(self.bottom, height), min(self.right, width))


@dataclass(frozen=True)
class LocalBlock:
    """A block that repeats each input cell `up` times along both axes and then reads `margin` cells around each output
    cell.

    work: multiplications for an output cell. inside: the block without padding, from (N, C, h, w) to the
    (N, O, up * h - 2 * margin, up * w - 2 * margin) cells that read nothing beyond.
    """

    up: int
    margin: int
    work: int
    inside: Callable[[Tensor], Tensor]

    def reached(self, box: Box) -> Box:
        """The output cells that read some input cell of the box."""
        up, margin = self.up, self.margin
        return Box(up * box.top - margin, up * box.left - margin, up * box.bottom + margin, up * box.right + margin)

    def read(self, box: Box) -> Box:
        """The input cells that the output cells of the box read."""
        up, margin = self.up, self.margin
        return Box(
            (box.top - margin) // up,
            (box.left - margin) // up,
            -((-box.bottom - margin) // up),
            -((-box.right - margin) // up),
        )

    def run(self, x: Tensor, read: Box, box: Box) -> Tensor:
        """The output's cells of the box. x: the input's cells of `read`, which is `self.read(box)`, (N, C, h, w)."""
        top, left = self.up * read.top + self.margin, self.up * read.left + self.margin
        y = self.inside(x)  # (N, O, up * h - 2 * margin, up * w - 2 * margin)
        return y[:, :, box.top - top : box.bottom - top, box.left - left : box.right - left]
