"""A network in the place of VGG19, small enough for tests, with its layers' names."""

from __future__ import annotations

from collections.abc import Generator

import torch
from torch import Tensor

from server.styles.features import POOL, STRETCHES, Features

WIDTH = 6


def tiny_features(dtype: torch.dtype = torch.float32, device: str = "cpu") -> Features:
    """Random weights, the same each time."""
    random = torch.Generator().manual_seed(5)
    convolutions, before = {}, 3
    for layer in (layer for stretch in STRETCHES for layer in stretch if layer != POOL):
        weight = torch.randn(WIDTH, before, 3, 3, generator=random) / (3 * before**0.5)
        convolutions[layer] = (weight.to(dtype), torch.zeros(WIDTH, dtype=dtype))
        before = WIDTH
    return Features(convolutions)


def outputs(features: Features, x: Tensor) -> list[Tensor]:
    """Of all stretches."""
    found = [features.stretch(0, x)]
    for number in range(1, len(STRETCHES)):
        found.append(features.stretch(number, found[-1]))
    return found


def load_tiny_features(dtype: torch.dtype, device: str) -> Generator[None, None, Features]:
    """In the place of `server.styles.slow.load_features`."""
    yield
    return tiny_features(dtype, device)
