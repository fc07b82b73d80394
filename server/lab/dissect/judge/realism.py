"""Realism: how good pictures are, by measures that a unit's part can be estimated of.

A measure reads a few numbers from each picture (`read`), makes one number of all of them, the less the better
(`total`), and tells how that number changes with each reading (`slope`): so one backward pass estimates every unit's
part in it.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from server.lab.dissect.constants import CLEAR_KEEPS, KEEPS
from server.lab.dissect.running.passes import Passes, batches
from server.lab.dissect.running.workers import Workers
from server.lab.dissect.units.samples import BATCH
from server.lab.frechet import frechet_distance, gaussian_of, power
from server.model.pixels import Pixels, to_images


class Measure(Protocol):
    """What artifact units are judged by."""

    name: str
    keeps: float  # the share of labels that has to stay as well

    def read(self, passes: Passes, images: Tensor) -> Tensor:
        """images: (N, 3, H, W) in -1..1. Returns (N, D), differentiable."""
        ...

    def total(self, readings: Tensor) -> float:
        """readings: (N, D), of all pictures."""
        ...

    def slope(self, readings: Tensor) -> Tensor:
        """How `total` changes with each reading, (N, D)."""
        ...


class Entropy:
    """How unsure the segmenter is of what it sees: without scenes to compare with, the best there is.

    An empty picture is clear too, so what is on it has to stay as well.
    """

    name = "mean entropy of the segmenter's labels, nats a pixel"
    keeps = CLEAR_KEEPS

    def read(self, passes: Passes, images: Tensor) -> Tensor:
        """See Measure; D is 1."""
        with passes.autocast():
            scores = passes.reader(images.contiguous(memory_format=torch.channels_last))  # (N, C, H, W)
        log_p = scores.float().log_softmax(1)
        return -(log_p.exp() * log_p).sum(1).mean((1, 2))[:, None]

    def total(self, readings: Tensor) -> float:
        """See Measure."""
        return float(readings.mean())

    def slope(self, readings: Tensor) -> Tensor:
        """See Measure."""
        return torch.full_like(readings, 1 / len(readings))


class FrechetToScenes:
    """The Frechet distance between the segmenter's features of the pictures and of scenes the generator learnt from.

    An empty picture is far from every scene; labels have to stay as far as brushes have to keep them.
    """

    name = "Frechet distance to training scenes in the segmenter's features"
    keeps = KEEPS

    def __init__(self, scenes: Tensor) -> None:
        """scenes: (M, F), their features."""
        self.scenes = gaussian_of(scenes)

    def read(self, passes: Passes, images: Tensor) -> Tensor:
        """See Measure; D is F."""
        return passes.features(images)

    def total(self, readings: Tensor) -> float:
        """See Measure."""
        return frechet_distance(self.scenes, gaussian_of(readings))

    def slope(self, readings: Tensor) -> Tensor:
        """See Measure. The derivative of tr (A S A)^(1/2) with respect to S is A (A S A)^(-1/2) A / 2."""
        f, pictures = readings.double(), gaussian_of(readings)
        root = power(self.scenes.covariance, 0.5)  # (F, F)
        inverse = power(root @ pictures.covariance @ root, -0.5)
        by_covariance = torch.eye(f.shape[1], dtype=f.dtype) - root @ inverse @ root  # (F, F)
        by_mean = 2 * (pictures.mean - self.scenes.mean) / len(f)  # (F,)
        slope = by_mean + 2 * (f - pictures.mean) @ by_covariance / (len(f) - 1)  # (N, F)
        return slope.to(readings.dtype)


def measure_to(judge: Passes, scenes: Pixels | None, workers: Workers) -> Measure:
    """The distance to scenes the generator learnt from, (M, H, W, 3), or without any the entropy."""
    return Entropy() if scenes is None else FrechetToScenes(picture_features(judge, scenes, workers))


def picture_features(passes: Passes, pictures: Pixels, workers: Workers) -> Tensor:
    """The segmenter's features of given pictures. pictures: (N, H, W, 3). Returns (N, F)."""

    def block(s: slice) -> Tensor:
        with torch.inference_mode(), passes.ledger.passing("segmenter", s.stop - s.start):
            return passes.features(to_images(pictures[s]).to(passes.device)).cpu()

    return torch.cat(workers.map(block, list(batches(len(pictures), BATCH))))
