"""How good pictures are, by measures that a unit's part can be estimated of.

A measure reads a few numbers from each picture (`read`), makes one number of all of them, the less the better
(`total`), and tells how that number changes with each reading (`slope`): so one backward pass estimates every unit's
part in it.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from server.lab.dissect.passes import Passes


class Measure(Protocol):
    """What artifact units are judged by."""

    name: str
    keeps: float  # the share of labels that has to stay as well

    def read(self, passes: Passes, images: Tensor) -> Tensor:
        """images: (N, 3, R, R) in -1..1. Returns (N, D), differentiable."""
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
    keeps = 0.97

    def read(self, passes: Passes, images: Tensor) -> Tensor:
        """See Measure; D is 1."""
        with passes.autocast():
            scores = passes.reader(images.contiguous(memory_format=torch.channels_last))  # (N, C, R, R)
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
    keeps = 0.9

    def __init__(self, scenes: Tensor) -> None:
        """scenes: (M, F), their features."""
        real = scenes.double()
        self.mean = real.mean(0)  # (F,)
        self.trace = float(torch.cov(real.T).trace())
        self.root = _power(torch.cov(real.T), 0.5)  # (F, F)

    def read(self, passes: Passes, images: Tensor) -> Tensor:
        """See Measure; D is F."""
        return passes.features(images)

    def total(self, readings: Tensor) -> float:
        """See Measure."""
        f = readings.double()
        covariance = torch.cov(f.T)
        both = torch.linalg.eigvalsh(self.root @ covariance @ self.root).clamp(min=0).sqrt().sum()
        apart = (f.mean(0) - self.mean).square().sum()
        return float(apart + covariance.trace() + self.trace - 2 * both)

    def slope(self, readings: Tensor) -> Tensor:
        """See Measure. The derivative of tr (A S A)^(1/2) with respect to S is A (A S A)^(-1/2) A / 2."""
        f = readings.double()
        centred = f - f.mean(0)
        inverse = _power(self.root @ torch.cov(f.T) @ self.root, -0.5)
        by_covariance = torch.eye(f.shape[1], dtype=f.dtype) - self.root @ inverse @ self.root  # (F, F)
        slope = 2 * (f.mean(0) - self.mean) / len(f) + 2 * centred @ by_covariance / (len(f) - 1)  # (N, F)
        return slope.to(readings.dtype)


def _power(matrix: Tensor, exponent: float) -> Tensor:
    """A power of a symmetric matrix without negative eigenvalues; those that are none but for rounding stay zero."""
    values, vectors = torch.linalg.eigh(matrix)
    sound = values > 1e-10 * values.max()
    raised = torch.where(sound, values.clamp(min=1e-300) ** exponent, torch.zeros_like(values))
    power: Tensor = (vectors * raised) @ vectors.T
    return power
