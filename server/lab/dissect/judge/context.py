"""What a concept can be drawn on: the draw effect by what stood in the mask before (a door on a wall, in the sky)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch.nn.functional as F
from torch import Tensor

from server.lab.dissect.constants import CONTEXT_SIDE, LEAST_CONTEXT, STOOD
from server.lab.dissect.running.passes import Passes
from server.lab.dissect.trials.effect import MaskedPictures, measure_effect
from server.lab.dissect.trials.masks import Masks, squares
from server.lab.dissect.trials.weights import edit_of
from server.lab.dissect.units.samples import Samples
from server.results.brush import Brush


def masks_on(shares: Tensor, before: int, count: int, rng: np.random.Generator) -> Masks:
    """Squares of CONTEXT_SIDE cells mostly filled with a concept. shares: (N, C, g, g). At most `count`, one a
    sample.
    """
    filled = (F.avg_pool2d(shares[:, before : before + 1], CONTEXT_SIDE, 1)[:, 0] >= STOOD).numpy()  # (N, P, P)
    return squares(filled, CONTEXT_SIDE, shares.shape[-1], count, rng)


def measure_context(
    judge: Passes, samples: Samples, shares: Tensor, brush: Brush, count: int, seed: int
) -> dict[str, dict[str, Any] | None]:
    """The brush's draw effect on up to `count` masks filled with every other concept.

    shares: (N, C, g, g), of the samples. Returns, by what stood there, JSON with the number of
    pictures, the drawn concept's share of the mask before and after, and the part of the pictures where it gained at
    least VISIBLE of the mask; None where there are fewer than LEAST_CONTEXT masks.
    """
    concept = judge.concepts.index(brush.concept)
    alpha, level = edit_of(brush, "draw")
    table: dict[str, dict[str, Any] | None] = dict.fromkeys(judge.concepts)
    for b, before in enumerate(judge.concepts):
        masks = masks_on(shares, b, count, np.random.default_rng([seed, concept, b]))
        if len(masks) < LEAST_CONTEXT or b == concept:
            continue
        effect = measure_effect(judge, MaskedPictures.of(judge, samples, masks, brush.layer), concept, alpha, level)
        table[before] = {
            "pictures": len(masks),
            "before": round(float(effect.before.mean()), 4),
            "drawn": round(float(effect.after.mean()), 4),
            "visible": round(effect.visible, 4),
        }
    return table
