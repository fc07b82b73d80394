"""What a concept can be drawn on: the draw effect by what stood in the mask before (a door on a wall, in the sky)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch.nn.functional as F
from torch import Tensor

from server.lab.dissect.effect import outcome, prepare
from server.lab.dissect.masks import Sites, squares
from server.lab.dissect.passes import Passes
from server.lab.dissect.samples import Samples, featuremaps
from server.lab.dissect.weights import edit_of
from server.results.brush import Brush

SIDE = 2  # cells a mask is wide and high: walls are seldom larger
_STOOD = 0.6  # of the mask: what stood there before
LEAST = 4  # pictures of a figure


def places_of(shares: Tensor, before: int, count: int, rng: np.random.Generator) -> Sites:
    """Squares of SIDE cells mostly filled with a concept. shares: (N, C, g, g). At most `count`, one a sample."""
    filled = (F.avg_pool2d(shares[:, before : before + 1], SIDE, 1)[:, 0] >= _STOOD).numpy()  # (N, P, P)
    return squares(filled, SIDE, shares.shape[-1], count, rng)


def measure_context(
    judge: Passes, samples: Samples, shares: Tensor, brush: Brush, count: int, seed: int
) -> dict[str, dict[str, Any] | None]:
    """The brush's draw effect on up to `count` places of every concept.

    shares: (N, C, g, g), of the samples. Returns, by what stood there, JSON with the number of
    pictures, the drawn concept's share of the mask before and after, and the part of the pictures where it gained at
    least VISIBLE of the mask; None where there are fewer than LEAST places.
    """
    concept = judge.concepts.index(brush.concept)
    alpha, level = edit_of(brush, "draw")
    table: dict[str, dict[str, Any] | None] = {}
    for b, before in enumerate(judge.concepts):
        sites = places_of(shares, b, count, np.random.default_rng([seed, concept, b]))
        if len(sites) < LEAST or b == concept:
            table[before] = None
            continue
        r = featuremaps(judge, [samples.seeds[i] for i in sites.index], brush.layer)  # (M, units, h, w)
        trial = prepare(brush.layer, r, samples.labels[sites.index], sites.cells)
        done = outcome(judge, trial, concept, alpha, level)
        table[before] = {
            "pictures": len(sites),
            "before": round(float(done.before.mean()), 4),
            "drawn": round(float(done.after.mean()), 4),
            "visible": round(done.visible, 4),
        }
    return table
