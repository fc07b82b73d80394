"""Where edits are tried: masks of whole cells of an 8x8 raster, at places where the concept could stand or
does stand.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

GRID = 8
SIDE = 3  # cells a drawing mask is wide and high
_OFTEN = 0.25  # of the concept's share where it is most common: a place it could stand
_CROWDED = 0.25  # share of the mask the concept may hold before drawing
_STANDS = 0.08  # share of a cell from which on the concept stands there


@dataclass(frozen=True)
class Sites:
    """Masks and the samples they lie on. index: (M,) int64, into the samples. cells: (M, GRID, GRID) bool."""

    index: npt.NDArray[np.int64]
    cells: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.index)

    def pick(self, which: slice) -> Sites:
        """Some of them."""
        return Sites(self.index[which], self.cells[which])


def plausible_sites(shares: Tensor, usual: Tensor, concept: int, count: int, rng: np.random.Generator) -> Sites:
    """Squares of SIDE cells round a place where the concept usually stands, while this sample hardly shows it there.

    shares: (N, C, GRID, GRID), of the samples. usual: (C, GRID, GRID), the mean share of each cell, of the samples
    or of the scenes the generator learnt from. Returns at most `count` sites, one a sample, fewer where there are no
    more.
    """
    here = shares[:, concept]  # (N, GRID, GRID)
    common = usual[concept]  # (GRID, GRID)
    inner = SIDE // 2
    centres = (common > _OFTEN * common.max())[inner : GRID - inner, inner : GRID - inner]
    crowd = F.avg_pool2d(here[:, None], SIDE, 1)[:, 0]  # (N, GRID - 2, GRID - 2)
    free = (centres[None] & (crowd < _CROWDED)).numpy()
    index, cells = [], []
    for i in rng.permutation(len(free)):
        places = np.argwhere(free[i])
        if len(places) == 0:
            continue
        row, column = places[rng.integers(len(places))]
        mask = np.zeros((GRID, GRID), np.bool_)
        mask[row : row + SIDE, column : column + SIDE] = True
        index.append(i)
        cells.append(mask)
        if len(index) == count:
            break
    return Sites(np.array(index, np.int64), np.array(cells, np.bool_).reshape(-1, GRID, GRID))


def standing_sites(shares: Tensor, concept: int, count: int, rng: np.random.Generator) -> Sites:
    """The cells where the concept stands and those beside them, in samples that show it.

    shares: (N, C, GRID, GRID). Returns at most `count` sites, one a sample.
    """
    here = shares[:, concept : concept + 1]  # (N, 1, GRID, GRID)
    stands = here > _STANDS
    cells = F.max_pool2d(stands.float(), 3, 1, 1)[:, 0].bool().numpy()  # (N, GRID, GRID)
    showing = np.flatnonzero(stands.flatten(1).any(1).numpy())
    index = rng.permutation(showing)[:count].astype(np.int64)
    return Sites(index, cells[index])


def fullest(shares: Tensor, concept: int, quantile: float = 0.9) -> float:
    """What a mask can hold: the concept's share of the square of SIDE cells that it fills best, in a picture that shows
    it; a quantile over such pictures, 0 where there are none. shares: (N, C, GRID, GRID).
    """
    here = shares[:, concept : concept + 1]  # (N, 1, GRID, GRID)
    most = F.avg_pool2d(here, SIDE, 1).amax((1, 2, 3))  # (N,)
    showing = most[(here > _STANDS).flatten(1).any(1)]
    return float(showing.quantile(quantile)) if len(showing) else 0.0


def beyond(cells: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """The cells more than one cell away from a mask. cells: (M, GRID, GRID). Returns (M, GRID, GRID)."""
    near = F.max_pool2d(torch.from_numpy(cells).float()[:, None], 3, 1, 1)[:, 0].bool()
    return ~near.numpy()


def at_size(cells: npt.NDArray[np.bool_], size: int) -> Tensor:
    """Coverage of a raster of size x size by a mask: (M, GRID, GRID) to (M, size, size) float32, 0..1."""
    m = torch.from_numpy(cells).float()[:, None]  # (M, 1, GRID, GRID)
    if size >= GRID:
        return F.interpolate(m, size=(size, size))[:, 0]
    return F.avg_pool2d(m, GRID // size)[:, 0]
