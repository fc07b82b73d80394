"""What a generator does not generate: segmentation statistics of its samples against those of training scenes.

After Bau et al., "Seeing What a GAN Cannot Generate" (ICCV 2019), section 3.1: every picture becomes a vector of the
concepts' shares of its area, and the Frechet distance is taken between the two clouds of vectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from server.lab.dissect.passes import Passes, batches
from server.lab.dissect.workers import Workers

_PRESENT = 0.002  # of a picture's pixels: from here on the concept is in it
_BATCH = 50

Vectors = npt.NDArray[np.float64]


def frechet_distance(a: Vectors, b: Vectors) -> float:
    """|m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)) of two clouds of vectors, (N, D) and (M, D).

    Raises ValueError for fewer than two vectors.
    """
    if min(len(a), len(b)) < 2:
        raise ValueError("a Frechet distance needs at least two vectors on each side")
    s1, s2 = np.atleast_2d(np.cov(a.T)), np.atleast_2d(np.cov(b.T))
    # The eigenvalues of a product of two covariances are real and not negative, but for rounding.
    roots = np.sqrt(np.clip(np.linalg.eigvals(s1 @ s2).real, 0, None)).sum()
    shift = a.mean(0) - b.mean(0)
    return float(max(0.0, shift @ shift + np.trace(s1) + np.trace(s2) - 2 * roots))


def area_shares(labels: npt.NDArray[np.uint8], concepts: int) -> Vectors:
    """labels: (N, R, R). Returns each concept's share of every picture, (N, C)."""
    return np.stack([(labels == c).mean((1, 2)) for c in range(concepts)], 1)


def label_pictures(passes: Passes, pictures: npt.NDArray[np.uint8], workers: Workers) -> npt.NDArray[np.uint8]:
    """What the segmenter sees in given pictures. pictures: (N, R, R, 3). Returns (N, R, R)."""

    def block(s: slice) -> npt.NDArray[np.uint8]:
        return np.asarray(passes.labels(_images(passes, pictures[s])).cpu().numpy(), np.uint8)

    return np.concatenate(workers.map(block, list(batches(len(pictures), _BATCH))))


def picture_features(passes: Passes, pictures: npt.NDArray[np.uint8], workers: Workers) -> Tensor:
    """The segmenter's features of given pictures. pictures: (N, R, R, 3). Returns (N, F)."""

    def block(s: slice) -> Tensor:
        with torch.inference_mode(), passes.ledger.passing("segmenter", s.stop - s.start):
            return passes.features(_images(passes, pictures[s])).cpu()

    return torch.cat(workers.map(block, list(batches(len(pictures), _BATCH))))


def _images(passes: Passes, pictures: npt.NDArray[np.uint8]) -> Tensor:
    """(N, R, R, 3) to (N, 3, R, R) in -1..1, on the passes' device."""
    return torch.from_numpy(pictures).to(passes.device).permute(0, 3, 1, 2).float() / 127.5 - 1


def compare(concepts: Sequence[str], generated: Vectors, training: Vectors | None) -> dict[str, Any]:
    """Both sets of pictures, concept by concept. generated: (N, C); training: (M, C), shares of area.

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
        "frechet": None if training is None else round(frechet_distance(generated, training), 6),
        "floor": None if training is None else round(frechet_distance(training[0::2], training[1::2]), 6),
        "generated": len(generated),
        "training": 0 if training is None else len(training),
        "concepts": rows,
    }


def _summary(shares: Vectors) -> tuple[float, float]:
    return round(float(shares.mean()), 5), round(float((shares > _PRESENT).mean()), 4)
