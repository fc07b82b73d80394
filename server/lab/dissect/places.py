"""Where concepts stand in the scenes a generator learnt from: what the places and masks of trials are chosen by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from torch import Tensor

from server.lab.dissect.masks import GRIDS, Sites, fullest, plausible_sites, standing_sites
from server.model.segmenter import cell_shares

SMALL = 0.3  # of a mask of the coarse raster: what fills no more of one is tried on masks of the fine one
HOST = 0.5  # of the edge of a small thing: what borders on it with so much is what it stands in

Rasters = Mapping[int, Tensor]  # each concept's share of each cell, (N, C, g, g), by g


def rasters(labels: npt.NDArray[np.uint8], concepts: int) -> Rasters:
    """labels: (N, R, R)."""
    return {grid: cell_shares(labels, concepts, grid) for grid in GRIDS}


def borders(labels: npt.NDArray[np.uint8], concepts: int) -> npt.NDArray[np.float64]:
    """What each concept borders on: (C, C), rows that add up to 1, or to 0 where it borders on nothing.

    labels: (N, R, R).
    """
    counts = np.zeros(concepts * concepts)
    for a, b in ((labels[:, :, 1:], labels[:, :, :-1]), (labels[:, 1:], labels[:, :-1])):
        edge = a != b
        one, other = a[edge].astype(np.int64), b[edge].astype(np.int64)
        for pair in (one * concepts + other, other * concepts + one):
            counts += np.bincount(pair, minlength=len(counts))
    table = counts.reshape(concepts, concepts)
    return np.asarray(table / np.maximum(table.sum(1, keepdims=True), 1))


@dataclass(frozen=True)
class Places:
    """usual: (C, g, g), the mean share of each cell, by g. grids: the raster of each concept's masks. holds: what such
    a mask can hold of it, see `masks.fullest`. hosts: what it stands in, for a small thing (doors stand in walls), or
    None.
    """

    usual: Rasters
    grids: tuple[int, ...]
    holds: tuple[float, ...]
    hosts: tuple[int | None, ...]

    @staticmethod
    def of(labels: npt.NDArray[np.uint8], concepts: int) -> Places:
        """labels: (N, R, R), of scenes or else of samples."""
        shares, edges = rasters(labels, concepts), borders(labels, concepts)
        coarse, fine = GRIDS
        grids, holds, hosts = [], [], []
        for c in range(concepts):
            held = fullest(shares[coarse], c)
            small = 0 < held <= SMALL
            grids.append(fine if small else coarse)
            holds.append(fullest(shares[fine], c) if small else held)
            around = int(edges[c].argmax())
            hosts.append(around if small and edges[c, around] >= HOST else None)
        usual = {grid: share.mean(0) for grid, share in shares.items()}
        return Places(usual, tuple(grids), tuple(holds), tuple(hosts))

    def drawing(self, samples: Rasters, concept: int, count: int, rng: np.random.Generator) -> Sites:
        """Masks to draw the concept in, one a sample, at most `count`."""
        grid = self.grids[concept]
        return plausible_sites(samples[grid], self.usual[grid], concept, count, rng, self.hosts[concept])

    def removing(self, samples: Rasters, concept: int, count: int, rng: np.random.Generator) -> Sites:
        """Masks to remove the concept from, one a sample, at most `count`."""
        return standing_sites(samples[self.grids[concept]], concept, count, rng)
