"""The colours that concepts have in each cell of a sketch, known where they do not stand as well.

Where a concept is absent, the colours of its nearest kin are continued, and where the picture has none, those that it
has in such light elsewhere. So drawing a tree where there is none means changing shares alone: in which colours it
would stand there is known.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from server.lab.scenes.concepts import CONCEPTS

GRID = 16
C = len(CONCEPTS)
# How much of a cell the colours continued from around weigh against the concept's own.
_FAINT = 0.02


def own_colours(images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Sums that a concept's colours in a cell are means of: colours (N, C, 3, 16, 16) and shares (N, C, 1, 16, 16).

    images: (N, 3, R, R), -1..1; labels: (N, C, R, R), one-hot; R is a multiple of 16.
    """
    n, _, size, _ = images.shape
    cell = size // GRID

    def cells(x: Tensor) -> Tensor:
        """(N, K, R, R) to (N * 256, R * R / 256, K): the pixels of each cell."""
        parts = x.permute(0, 2, 3, 1).reshape(n, GRID, cell, GRID, cell, -1)  # (N, 16, r, 16, r, K)
        return parts.transpose(2, 3).reshape(n * GRID * GRID, cell * cell, -1)

    seen, present = cells(images / 2 + 0.5), cells(labels)
    colours = (present.transpose(1, 2) @ seen) / cell**2  # (N * 256, C, 3)
    shares = present.mean(1)[..., None]  # (N * 256, C, 1)
    colours, shares = (x.reshape(n, GRID, GRID, C, -1).permute(0, 3, 4, 1, 2) for x in (colours, shares))
    return colours, shares


def _basis(lights: Tensor) -> Tensor:
    """Polynomials of season and time of day, and cloudiness: (N, 3) to (N, 31)."""
    powers = [lights[:, i : i + 1] ** torch.arange(n, dtype=lights.dtype) for i, n in ((0, 5), (1, 6))]
    return torch.cat([(powers[0][:, :, None] * powers[1][:, None]).flatten(1), lights[:, 2:]], 1)


class Expected:
    """The colours that a concept has on average in some light, a least squares fit over scenes."""

    def __init__(self, weights: Tensor) -> None:
        """weights: (31, 3 C)."""
        self.weights = weights

    @classmethod
    def fitted(cls, colours: Tensor, shares: Tensor, lights: Tensor) -> Expected:
        """From the sums of `own_colours`, over whole scenes, (M, C, 3) and (M, C, 1), and their light (M, 3)."""
        basis = _basis(lights.double())  # (M, 31)
        weights = []
        for c in range(C):
            weight = shares[:, c].double().clamp(max=0.02)  # (M, 1): a scene with plenty of it counts once
            mean = colours[:, c].double() / shares[:, c].double().clamp(min=1e-6)  # (M, 3)
            gram = basis.T @ (weight * basis)
            ridge = (1e-4 * gram.diagonal().mean() + 1e-9) * torch.eye(len(gram), dtype=gram.dtype)
            weights.append(torch.linalg.solve(gram + ridge, basis.T @ (weight * mean)))
        return cls(torch.cat(weights, 1).float())

    def at(self, lights: Tensor) -> Tensor:
        """lights: (N, 3). Returns colours (N, C, 3) in 0..1."""
        return (_basis(lights) @ self.weights).clamp(0, 1).reshape(-1, C, 3)


def continued_colours(colours: Tensor, shares: Tensor, expected: Tensor) -> Tensor:
    """Each concept's colours in every cell: its own where it stands, else those of its kin around, the nearer the more,
    and at last the expected ones. (Pull and push over a pyramid: Gortler et al., "The Lumigraph", 1996, section 3.5.)

    colours, shares: see `own_colours`; expected: (N, C, 3). Returns (N, C, 3, 16, 16).
    """
    n = len(colours)
    pyramid = [(colours.flatten(1, 2), shares.flatten(1, 2))]  # (N, 3 C, 16, 16), (N, C, 16, 16)
    while pyramid[-1][0].shape[-1] > 1:
        pyramid.append((F.avg_pool2d(pyramid[-1][0], 2), F.avg_pool2d(pyramid[-1][1], 2)))
    filled = expected.reshape(n, 3 * C, 1, 1)
    for sums, weight in reversed(pyramid):
        around = F.interpolate(filled, size=sums.shape[-2:], mode="bilinear", align_corners=False)
        filled = (sums + _FAINT * around) / (weight.repeat_interleave(3, 1) + _FAINT)
    return filled.reshape(n, C, 3, GRID, GRID)
