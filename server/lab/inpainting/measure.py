"""How near an inpainter comes to what was there, in the model's samples that it was not taught on."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from server.lab.compare.scores import psnr
from server.lab.inpainting.examples import Mask, brushed, draw
from server.model.generator import Generator
from server.model.inpainter import Inpainter, inpainted
from server.model.pixels import Pixels, to_pixels

Fill = Callable[[Pixels, Mask], Pixels]


@dataclass(frozen=True)
class Row:
    """A way, over the pictures: psnr, the mean inside the holes; ms, the median of a picture."""

    way: str
    psnr: float
    ms: float


def measure(generator: Generator, inpainter: Inpainter, count: int) -> list[Row]:
    """A row for the inpainter, and one for what anybody would do first: the mean of all that is known."""
    pictures, masks = [], []
    for seed in range(count):
        pictures.append(to_pixels(draw(generator, [seed], torch.device("cpu")))[0])
        masks.append(brushed(*generator.size, np.random.default_rng(seed)))
    ways: dict[str, Fill] = {"the inpainter": lambda p, m: inpainted(inpainter, p, m), "the mean": mean_filled}
    rows = []
    for way, fill in ways.items():
        near, times = [], []
        for pixels, mask in zip(pictures, masks, strict=True):
            begin = time.perf_counter()
            filled = fill(pixels, mask)
            times.append(1e3 * (time.perf_counter() - begin))
            near.append(min(psnr(filled, pixels, mask), 99.0))  # equal ones are infinitely near
        rows.append(Row(way, float(np.mean(near)), float(np.median(times))))
    return rows


def mean_filled(pixels: Pixels, mask: Mask) -> Pixels:
    """The picture with the mean of what is known where the mask is. pixels: (H, W, 3). mask: (H, W)."""
    filled = pixels.copy()
    filled[mask] = pixels[~mask].mean(0).round()
    return filled


def markdown(rows: list[Row]) -> str:
    """The rows as a table."""
    lines = ["| filled by | PSNR in the holes | ms |", "|---|--:|--:|"]
    return "\n".join([*lines, *(f"| {row.way} | {row.psnr:.1f} | {row.ms:.0f} |" for row in rows)])
