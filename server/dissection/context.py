"""What a concept can be drawn on: the draw effect by what stood in the mask before (a door on a wall, in the sky)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from server.dissection.effect import outcome, prepare
from server.dissection.masks import GRID, Sites
from server.dissection.passes import Passes
from server.dissection.results import Brush
from server.dissection.samples import Samples, featuremaps

SIDE = 2  # cells a mask is wide and high: walls are seldom larger
_STOOD = 0.6  # of the mask: what stood there before
LEAST = 4  # pictures of a figure
VISIBLE = 0.05  # of the mask: a gain one sees


def places_of(shares: Tensor, before: int, count: int, rng: np.random.Generator) -> Sites:
    """Squares of SIDE cells mostly filled with a concept. shares: (N, C, GRID, GRID). At most `count`, one a sample."""
    filled = (F.avg_pool2d(shares[:, before : before + 1], SIDE, 1)[:, 0] >= _STOOD).numpy()  # (N, P, P)
    index, cells = [], []
    for i in rng.permutation(np.flatnonzero(filled.any((1, 2))))[:count]:
        places = np.argwhere(filled[i])
        row, column = places[rng.integers(len(places))]
        mask = np.zeros((GRID, GRID), np.bool_)
        mask[row : row + SIDE, column : column + SIDE] = True
        index.append(i)
        cells.append(mask)
    return Sites(np.array(index, np.int64), np.array(cells, np.bool_).reshape(-1, GRID, GRID))


def measure_context(
    judge: Passes, samples: Samples, shares: Tensor, brush: Brush, level: npt.NDArray[np.float32], count: int, seed: int
) -> dict[str, dict[str, Any] | None]:
    """The brush's draw effect on up to `count` places of every concept.

    shares: (N, C, GRID, GRID), of the samples. level: (units,). Returns, by what stood there, JSON with the number of
    pictures, the drawn concept's share of the mask before and after, and the part of the pictures where it gained at
    least VISIBLE of the mask; None where there are fewer than LEAST places.
    """
    concept = judge.concepts.index(brush.concept)
    alpha = torch.zeros(len(level))
    alpha[[u.unit for u in brush.units[: brush.recommended_units]]] = 1
    table: dict[str, dict[str, Any] | None] = {}
    for b, before in enumerate(judge.concepts):
        sites = places_of(shares, b, count, np.random.default_rng([seed, concept, b]))
        if len(sites) < LEAST or b == concept:
            table[before] = None
            continue
        r = featuremaps(judge, [samples.seeds[i] for i in sites.index], brush.layer)  # (M, units, h, w)
        trial = prepare(brush.layer, r, samples.labels[sites.index], sites.cells)
        done = outcome(judge, trial, concept, alpha, torch.from_numpy(level))
        table[before] = {
            "pictures": len(sites),
            "before": round(float(done.before.mean()), 4),
            "drawn": round(float(done.after.mean()), 4),
            "visible": round(float((done.after - done.before >= VISIBLE).mean()), 4),
        }
    return table
