"""Early warnings that a run goes wrong: a discriminator wins, or samples lose what scenes show."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from server.lab.scenes.concepts import CONCEPTS
from server.lab.train.state import RunState

# A discriminator that cannot tell made from real has a loss of 2 ln 2; one with a fifth of that is hardly ever wrong,
# and its slope teaches the makers little.
_WON = 0.2 * 2 * math.log(2)
# Concepts that cover this share of the scenes' pixels are missed where samples show them less than half as often.
_COMMON, _LOST = 0.01, 0.5


def won(loss: float) -> bool:
    """Whether a discriminator of such a mean loss (`steps.discriminator_loss`) has won."""
    return loss < _WON


@torch.no_grad()
def shown(state: RunState, latents: Tensor) -> Tensor:
    """Each concept's share of the pixels, (C,), in what the averaged makers draw of latents (N, D), as their own label
    head reads it."""
    counts = torch.zeros(len(CONCEPTS), dtype=torch.int64)
    for part in torch.split(latents, 16):
        _, scores = state.sample(part)
        counts += torch.bincount(scores.argmax(1).flatten().cpu(), minlength=len(counts))
    return counts / counts.sum()


def lost(made: Tensor, true: Tensor) -> dict[str, float]:
    """Which common concepts samples lose, and how often they show them, 1 being as often as scenes do.

    made, true: each concept's share of the pixels of samples and of scenes, (C,).
    """
    ratios = {c: float(a / b) for c, a, b in zip(CONCEPTS, made, true, strict=True) if b >= _COMMON}
    return {c: round(ratio, 2) for c, ratio in ratios.items() if ratio < _LOST}
