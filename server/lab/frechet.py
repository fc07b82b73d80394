"""The Frechet distance between two clouds of vectors, each taken for a Gaussian (Dowson and Landau, 1982)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Gaussian:
    """mean: (D,). covariance: (D, D). Both float64."""

    mean: Tensor
    covariance: Tensor


def gaussian_of(vectors: Tensor) -> Gaussian:
    """The Gaussian of a cloud, (N, D). Raises ValueError for fewer than two vectors."""
    if len(vectors) < 2:
        raise ValueError("a Frechet distance needs at least two vectors on each side")
    v = vectors.double()  # (N, D)
    return Gaussian(v.mean(0), torch.cov(v.T).reshape(v.shape[1], v.shape[1]))


def frechet_distance(a: Gaussian, b: Gaussian) -> float:
    """|m1 - m2|^2 + tr(S1 + S2 - 2 (S1^(1/2) S2 S1^(1/2))^(1/2)), 0 for equal ones."""
    root = power(a.covariance, 0.5)  # (D, D)
    both = torch.linalg.eigvalsh(root @ b.covariance @ root).clamp(min=0).sqrt().sum()
    apart = (a.mean - b.mean).square().sum()
    return max(0.0, float(apart + a.covariance.trace() + b.covariance.trace() - 2 * both))


def power(matrix: Tensor, exponent: float) -> Tensor:
    """A power of a symmetric matrix without negative eigenvalues; those that are none but for rounding stay zero."""
    values, vectors = torch.linalg.eigh(matrix)
    sound = values > 1e-10 * values.max()
    raised = torch.where(sound, values.clamp(min=1e-300) ** exponent, torch.zeros_like(values))
    result: Tensor = (vectors * raised) @ vectors.T
    return result
