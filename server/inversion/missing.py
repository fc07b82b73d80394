"""What of a person's own picture the generator could not express, as a map and a share.

A cell misses as much as its colours are off, and at least the part of it that the model's segmenter names otherwise:
things that a generator leaves out, it leaves out for something else (after Bau et al., "Seeing What a GAN Cannot
Generate", ICCV 2019).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from server.model.catalog import Model
from server.model.pixels import Pixels, to_images

GRID = 32  # cells a side
FULL = 0.25  # of the range of a colour: a cell so far off is missed wholly

Labels = NDArray[np.integer]


@dataclass(frozen=True)
class Missing:
    """grid: how much each cell misses, (GRID, GRID), 0..1; share: the mean. psnr: of the likeness, in decibels.
    agreement: the share of pixels that the segmenter names alike, None without one."""

    grid: NDArray[np.float32]
    share: float
    psnr: float
    agreement: float | None


def missing(own: Pixels, likeness: Pixels, model: Model) -> Missing:
    """own, likeness: (H, W, 3)."""
    both = to_images(np.stack([own, likeness]))  # (2, 3, H, W)
    cells = F.adaptive_avg_pool2d(both, GRID)  # (2, 3, GRID, GRID)
    off = ((cells[0] - cells[1]).abs().mean(0) / 2 / FULL).clamp(max=1)  # (GRID, GRID)
    agreement = None
    if model.segmenter is not None:
        with torch.inference_mode():
            named = model.segmenter(both.contiguous(memory_format=torch.channels_last)).argmax(1)  # (2, H, W)
        otherwise = (named[0] != named[1]).float()  # (H, W)
        agreement = 1 - float(otherwise.mean())
        off = torch.maximum(off, F.adaptive_avg_pool2d(otherwise[None], GRID)[0])
    grid: NDArray[np.float32] = off.numpy().astype(np.float32)
    return Missing(grid, float(grid.mean()), psnr(own, likeness), agreement)


def psnr(a: Pixels, b: Pixels) -> float:
    """In decibels, at most 100. a, b: (H, W, 3)."""
    error = float(np.square(a.astype(float) - b).mean())
    return min(100.0, float(10 * np.log10(255**2 / max(error, 1e-9))))
