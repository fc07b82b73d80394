"""Where edits are tried: masks of whole cells of a raster over the picture, at places where the concept could stand or
does stand.

Most concepts are tried on a raster of 8x8 cells, things too small for its masks on one of 16x16; see
`server.lab.dissect.places`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

GRIDS = (8, 16)  # rows and columns of the rasters, the coarse one first
SIDE = 3  # cells a drawing mask is wide and high
_OFTEN = 0.25  # of the concept's share where it is most common: a place it could stand
_CROWDED = 0.25  # share of the mask the concept may hold before drawing
_HOSTED = 0.5  # share of the mask that what the concept stands in has to hold
_STANDS = 0.08  # share of a cell from which on the concept stands there


@dataclass(frozen=True)
class Sites:
    """Masks and the samples they lie on. index: (M,) int64, into the samples. cells: (M, g, g) bool."""

    index: npt.NDArray[np.int64]
    cells: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.index)

    def pick(self, which: slice) -> Sites:
        """Some of them."""
        return Sites(self.index[which], self.cells[which])


def squares(places: npt.NDArray[np.bool_], side: int, grid: int, count: int, rng: np.random.Generator) -> Sites:
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
    return Sites(np.array(index, np.int64), np.array(cells, np.bool_).reshape(-1, grid, grid))


def plausible_sites(
    shares: Tensor, usual: Tensor, concept: int, count: int, rng: np.random.Generator, host: int | None = None
) -> Sites:
    """Squares of SIDE cells where the concept could stand, while this sample hardly shows it there.

    Without a host those round a place where the concept usually stands; with one, those that the host fills at least
    half in this very sample. shares: (N, C, g, g), of the samples. usual: (C, g, g), the mean share of each cell, of
    the samples or of the scenes the generator learnt from. Returns at most `count` sites, one a sample, fewer where
    there are no more.
    """
    grid, inner = shares.shape[-1], SIDE // 2
    crowd = F.avg_pool2d(shares[:, concept, None], SIDE, 1)[:, 0]  # (N, g - 2, g - 2)
    if host is None:
        common = usual[concept]  # (g, g)
        could = (common > _OFTEN * common.max())[inner : grid - inner, inner : grid - inner][None]
    else:
        could = F.avg_pool2d(shares[:, host, None], SIDE, 1)[:, 0] >= _HOSTED
    return squares((could & (crowd < _CROWDED)).numpy(), SIDE, grid, count, rng)


def standing_sites(shares: Tensor, concept: int, count: int, rng: np.random.Generator) -> Sites:
    """The cells where the concept stands and those beside them, in samples that show it.

    shares: (N, C, g, g). Returns at most `count` sites, one a sample.
    """
    here = shares[:, concept : concept + 1]  # (N, 1, g, g)
    stands = here > _STANDS
    cells = F.max_pool2d(stands.float(), 3, 1, 1)[:, 0].bool().numpy()  # (N, g, g)
    showing = np.flatnonzero(stands.flatten(1).any(1).numpy())
    index = rng.permutation(showing)[:count].astype(np.int64)
    return Sites(index, cells[index])


def fullest(shares: Tensor, concept: int, quantile: float = 0.9) -> float:
    """What a mask can hold: the concept's share of the square of SIDE cells that it fills best, in a picture that shows
    it; a quantile over such pictures, 0 where there are none. shares: (N, C, g, g).
    """
    here = shares[:, concept : concept + 1]  # (N, 1, g, g)
    most = F.avg_pool2d(here, SIDE, 1).amax((1, 2, 3))  # (N,)
    showing = most[(here > _STANDS).flatten(1).any(1)]
    return float(showing.quantile(quantile)) if len(showing) else 0.0


def beyond(cells: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """The cells more than one cell away from a mask. cells: (M, g, g). Returns (M, g, g)."""
    near = F.max_pool2d(torch.from_numpy(cells).float()[:, None], 3, 1, 1)[:, 0].bool()
    return ~near.numpy()


def at_size(cells: npt.NDArray[np.bool_], size: int) -> Tensor:
    """Coverage of a raster of size x size by a mask: (M, g, g) to (M, size, size) float32, 0..1."""
    m, grid = torch.from_numpy(cells).float()[:, None], cells.shape[-1]  # (M, 1, g, g)
    if size >= grid:
        return F.interpolate(m, size=(size, size))[:, 0]
    return F.avg_pool2d(m, grid // size)[:, 0]
