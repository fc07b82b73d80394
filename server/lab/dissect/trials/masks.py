"""Masks that edits are tried in: whole cells of a raster over the picture, where the concept could or does stand.

Most concepts are tried on a raster of 8x8 cells, things too small for its masks on one of 16x16; see
`server.lab.dissect.trials.layout`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from server.lab.dissect.constants import CROWDED, FULLEST, HOSTED, OFTEN, SIDE, STANDS

Cells = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Masks:
    """Masks, and the samples they lie on. index: (M,), into the samples. cells: (M, g, g)."""

    index: npt.NDArray[np.int64]
    cells: Cells

    def __len__(self) -> int:
        return len(self.index)

    def pick(self, which: slice) -> Masks:
        """Some of them."""
        return Masks(self.index[which], self.cells[which])


def squares(places: Cells, side: int, grid: int, count: int, rng: np.random.Generator) -> Masks:
    """Squares of side x side cells, one a sample, at random among the places allowed; at most `count`.

    places: (N, grid - side + 1, grid - side + 1), whether a square's upper left cell may lie there.
    """
    index, cells = [], []
    for i in rng.permutation(np.flatnonzero(places.any((1, 2))))[:count]:
        corners = np.argwhere(places[i])
        row, column = corners[rng.integers(len(corners))]
        mask = np.zeros((grid, grid), np.bool_)
        mask[row : row + side, column : column + side] = True
        index.append(i)
        cells.append(mask)
    return Masks(np.array(index, np.int64), np.array(cells, np.bool_).reshape(-1, grid, grid))


def drawing_masks(
    shares: Tensor, usual: Tensor, concept: int, count: int, rng: np.random.Generator, host: int | None = None
) -> Masks:
    """Squares of SIDE cells where the concept could stand, while this sample hardly shows it there.

    Without a host those round a place where the concept usually stands; with one, those that the host fills at least
    half in this very sample. shares: (N, C, g, g), of the samples. usual: (C, g, g), the mean share of each cell, of
    the samples or of the scenes the generator learnt from. Returns at most `count`, one a sample, fewer where
    there are no more.
    """
    grid, inner = shares.shape[-1], SIDE // 2
    crowd = F.avg_pool2d(shares[:, concept, None], SIDE, 1)[:, 0]  # (N, g - 2, g - 2)
    if host is None:
        common = usual[concept]  # (g, g)
        could = (common > OFTEN * common.max())[inner : grid - inner, inner : grid - inner][None]
    else:
        could = F.avg_pool2d(shares[:, host, None], SIDE, 1)[:, 0] >= HOSTED
    return squares((could & (crowd < CROWDED)).numpy(), SIDE, grid, count, rng)


def removal_masks(shares: Tensor, concept: int, count: int, rng: np.random.Generator) -> Masks:
    """The cells where the concept stands and those beside them, in samples that show it.

    shares: (N, C, g, g). Returns at most `count`, one a sample.
    """
    here = shares[:, concept : concept + 1]  # (N, 1, g, g)
    stands = here > STANDS
    cells = F.max_pool2d(stands.float(), 3, 1, 1)[:, 0].bool().numpy()  # (N, g, g)
    showing = np.flatnonzero(stands.flatten(1).any(1).numpy())
    index = rng.permutation(showing)[:count].astype(np.int64)
    return Masks(index, cells[index])


def fullest(shares: Tensor, concept: int) -> float:
    """What a mask can hold: the concept's share of the square of SIDE cells that it fills best, in a picture that shows
    it; the quantile FULLEST over such pictures, 0 where there are none. shares: (N, C, g, g).
    """
    here = shares[:, concept : concept + 1]  # (N, 1, g, g)
    most = F.avg_pool2d(here, SIDE, 1).amax((1, 2, 3))  # (N,)
    showing = most[(here > STANDS).flatten(1).any(1)]
    return float(showing.quantile(FULLEST)) if len(showing) else 0.0


def beyond(cells: Cells) -> Cells:
    """The cells more than one cell away from a mask. cells: (M, g, g). Returns (M, g, g)."""
    near = F.max_pool2d(torch.from_numpy(cells).float()[:, None], 3, 1, 1)[:, 0].bool()
    return ~near.numpy()


def at_size(cells: Cells, height: int, width: int | None = None) -> Tensor:
    """Coverage of a raster, a square one where only its height is given, by a mask: (M, g, g) to (M, height, width)
    float32, 0..1.
    """
    m, grid, sides = (
        torch.from_numpy(cells).float()[:, None],
        cells.shape[-1],
        (height, width or height),
    )  # (M, 1, g, g)
    if min(sides) >= grid:
        return F.interpolate(m, size=sides)[:, 0]
    if not any(grid % side for side in sides):
        return F.avg_pool2d(m, (grid // sides[0], grid // sides[1]))[:, 0]
    # Cells that lie across others: each is cut into parts that do not.
    return F.avg_pool2d(F.interpolate(m, size=(grid * sides[0], grid * sides[1])), grid)[:, 0]
