"""The precision of drafts, measured against float32 on the machine itself."""

from __future__ import annotations

import statistics
import time
from collections.abc import Generator as Steps
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from server.model.generator import Generator
from server.model.latents import latents_of
from server.model.pixels import to_pixels

Precision = Literal["auto", "float32", "bfloat16"]

SECONDS = 0.4  # for all passes together, about
LARGEST_TIME, LARGEST_ERROR = 0.9, 2.0  # of a draft that is worth its error: share of float32's time, mean of 255


@dataclass(frozen=True)
class Drafts:
    """A draft's pass in bfloat16 against one in float32: its share of the time, and how far its pixels are off, of 255,
    in the mean and at most."""

    time: float
    mean_error: float
    largest_error: int

    @property
    def worth_it(self) -> bool:
        """Whether drafts are better drawn so."""
        return self.time <= LARGEST_TIME and self.mean_error <= LARGEST_ERROR


def compare_drafts(
    exact: Generator, low: Generator, layer: str, number: int = 1, seconds: float = SECONDS
) -> Steps[None, None, Drafts]:
    """Measure the tail from a layer in both, by turns. exact: in float32; low: the same in bfloat16. number: of
    pictures in a pass.

    Each step takes one pass, so that the thread can do something else between them.
    """
    z = latents_of(range(number), exact.latent_dim)  # (N, latent_dim)
    times: tuple[list[float], list[float]] = ([], [])
    images: list[Tensor] = [torch.empty(0), torch.empty(0)]
    with torch.inference_mode():
        starts = [generator.trunk(z, layer) for generator in (exact, low)]
    end = time.perf_counter() + seconds
    while len(times[1]) < 3 or time.perf_counter() < end:
        for i, generator in enumerate((exact, low)):
            begin = time.perf_counter()
            with torch.inference_mode():
                images[i] = generator.tail(starts[i], layer).cpu()  # (N, 3, H, W)
            times[i].append(time.perf_counter() - begin)
            yield
    errors = np.abs(to_pixels(images[0]).astype(int) - to_pixels(images[1]))  # (N, H, W, 3)
    share = statistics.median(times[1][1:]) / statistics.median(times[0][1:])
    return Drafts(share, float(errors.mean()), int(errors.max()))
