"""Images as networks have them, floats about -1..1, and as files have them, bytes 0..255."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Pixels = NDArray[np.uint8]


def to_levels(images: Tensor) -> Tensor:
    """images: (N, 3, H, W), about -1..1. Returns (N, H, W, 3) of bytes on the same device: (x + 1) / 2 * 255, rounded
    half up and clamped."""
    levels = images.float().permute(0, 2, 3, 1) * 127.5 + 128  # (N, H, W, 3), truncated below
    return levels.clamp(0, 255).to(torch.uint8).contiguous()


def to_pixels(images: Tensor) -> Pixels:
    """The same as an array. images: (N, 3, H, W), about -1..1. Returns (N, H, W, 3)."""
    pixels: Pixels = to_levels(images).cpu().numpy()
    return pixels


def to_images(pixels: Pixels) -> Tensor:
    """pixels: (N, H, W, 3). Returns (N, 3, H, W) in -1..1."""
    return torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).float() / 127.5 - 1
