"""The pace of learning: the part of its learning rate that an optimiser takes at each step of a run."""

from __future__ import annotations

import torch

WARM_UP = 50  # steps
LEAST = 0.02


def pace(step: int, done: float) -> float:
    """Rises to 1 over the first steps, stays there, and falls nearly to 0 over the last half of a run.

    step: 0, 1, ...; done: the share of the run that lies behind, 0..1.
    """
    return min(1.0, (step + 1) / WARM_UP) * max(LEAST, min(1.0, 2 * (1 - done)))


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Let an optimiser go on at that learning rate."""
    for group in optimiser.param_groups:
        group["lr"] = rate
