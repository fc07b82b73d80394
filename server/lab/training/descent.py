"""A step of descent, and the running mean of weights, which is steadier than the weights at any step."""

from __future__ import annotations

import torch
from torch import Tensor, nn

DECAY = 0.998  # of the running mean, a step


def descend(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    """One step down the loss."""
    optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimiser.step()


def follow(mean: nn.Module, own: nn.Module, step: int) -> None:
    """Move a running mean of a network's weights on; the faster, the fewer steps were before."""
    kept = min(DECAY, step / (step + 10))
    with torch.no_grad():
        for averaged, parameter in zip(mean.parameters(), own.parameters(), strict=True):
            averaged.lerp_(parameter, 1 - kept)
