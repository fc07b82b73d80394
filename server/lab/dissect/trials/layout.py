"""The layout of scenes a generator learnt from: where each concept stands, and so what masks it is tried in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from torch import Tensor

from server.lab.dissect.constants import GRIDS, HOST, SMALL
from server.lab.dissect.trials.masks import Masks, drawing_masks, fullest, removal_masks
from server.lab.dissect.units.samples import Labels
from server.model.segmenter import cell_shares

Rasters = Mapping[int, Tensor]  # each concept's share of each cell, (N, C, g, g), by g


def rasters(labels: Labels, concepts: int) -> Rasters:
    """labels: (N, H, W)."""
    return {grid: cell_shares(labels, concepts, grid) for grid in GRIDS}


def borders(labels: Labels, concepts: int) -> npt.NDArray[np.float64]:
    """What each concept borders on: (C, C), rows that add up to 1, or to 0 where it borders on nothing.

    labels: (N, H, W).
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
class Layout:
    """usual: (C, g, g), the mean share of each cell, by g. grids: the raster of each concept's masks. holds: what such
    a mask can hold of it, see `masks.fullest`. hosts: what it stands in, for a small thing (doors stand in walls), or
    None.
    """

    usual: Rasters
    grids: tuple[int, ...]
    holds: tuple[float, ...]
    hosts: tuple[int | None, ...]

    @staticmethod
    def of(labels: Labels, concepts: int) -> Layout:
        """labels: (N, H, W), of scenes or else of samples."""
        shares, edges = rasters(labels, concepts), borders(labels, concepts)
        coarse, fine = GRIDS
        grids, holds, hosts = [], [], []
        for c in range(concepts):
            most = fullest(shares[coarse], c)
            small = 0 < most <= SMALL
            grids.append(fine if small else coarse)
            holds.append(fullest(shares[fine], c) if small else most)
            around = int(edges[c].argmax())
            hosts.append(around if small and edges[c, around] >= HOST else None)
        usual = {grid: share.mean(0) for grid, share in shares.items()}
        return Layout(usual, tuple(grids), tuple(holds), tuple(hosts))

    def drawing(self, samples: Rasters, concept: int, count: int, rng: np.random.Generator) -> Masks:
        """Masks to draw the concept in, one a sample, at most `count`."""
        grid = self.grids[concept]
        return drawing_masks(samples[grid], self.usual[grid], concept, count, rng, self.hosts[concept])

    def removing(self, samples: Rasters, concept: int, count: int, rng: np.random.Generator) -> Masks:
        """Masks to remove the concept from, one a sample, at most `count`."""
        return removal_masks(samples[self.grids[concept]], concept, count, rng)
