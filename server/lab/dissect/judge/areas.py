"""The areas of concepts in a generator's samples beside those in training scenes: what it does not generate.

After Bau et al., "Seeing What a GAN Cannot Generate" (ICCV 2019), section 3.1: every picture becomes a vector of the
concepts' shares of its area, and the Frechet distance is taken between the two clouds of vectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from server.lab.dissect.constants import PRESENT
from server.lab.dissect.units.samples import Labels
from server.lab.frechet import frechet_distance, gaussian_of

Shares = npt.NDArray[np.float64]  # of every picture, of each concept: (N, C)


def area_shares(labels: Labels, concepts: int) -> Shares:
    """labels: (N, H, W). Returns each concept's share of every picture, (N, C)."""
    return np.stack([(labels == c).mean((1, 2)) for c in range(concepts)], 1)


def compare_areas(concepts: Sequence[str], generated: Shares, training: Shares | None) -> dict[str, Any]:
    """Both sets of pictures, concept by concept. generated: (N, C); training: (M, C), of training scenes.

    Returns JSON: the Frechet distance, that between two halves of the training scenes (its floor), and for every
    concept the mean share and the part of the pictures that show it, on both sides; null without training scenes.
    """
    rows = []
    for c, name in enumerate(concepts):
        share, present = _summary(generated[:, c])
        training_share, training_present = (None, None) if training is None else _summary(training[:, c])
        rows.append(
            {
                "concept": name,
                "share": share,
                "training_share": training_share,
                "present": present,
                "training_present": training_present,
            }
        )
    return {
        "frechet": None if training is None else _distance(generated, training),
        "floor": None if training is None else _distance(training[0::2], training[1::2]),
        "generated": len(generated),
        "training": 0 if training is None else len(training),
        "concepts": rows,
    }


def _distance(a: Shares, b: Shares) -> float:
    return round(frechet_distance(*(gaussian_of(torch.from_numpy(shares)) for shares in (a, b))), 6)


def _summary(shares: npt.NDArray[np.float64]) -> tuple[float, float]:
    return round(float(shares.mean()), 5), round(float((shares > PRESENT).mean()), 4)
