"""A tiny generator that decides and then draws, with random weights."""

from __future__ import annotations

import torch

from server.model.decided import DecidedGenerator, Shape

SMALL = Shape(
    latent_dim=6,
    trunk=(8, 8, 8),
    sketch=7,
    plan=((0.5, 12), (0.5, 12), (1, 10), (2, 9), (4, 8), (4, 8)),
    parts=5,
    draw=((4, 8), (8, 6), (16, 4)),
)
SKETCH, DECISION = "layer6", "layer13"


def small_decided(seed: int = 3) -> DecidedGenerator:
    """16 layers, 256 pixels."""
    torch.manual_seed(seed)
    return DecidedGenerator(SMALL).eval().requires_grad_(False)
