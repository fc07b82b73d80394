"""The samples a dissection looks at: pictures of consecutive seeds, with the segmenter's labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from server.lab.dissect.passes import Passes, batches, latents
from server.lab.dissect.workers import Workers

BATCH = 50


@dataclass(frozen=True)
class Samples:
    """Pictures and labels of the seeds first ... first + N - 1.

    images: (N, R, R, 3) uint8. labels: (N, R, R) uint8, indices into `concepts`.
    """

    first: int
    concepts: tuple[str, ...]
    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def seeds(self) -> range:
        """The seed of each sample."""
        return range(self.first, self.first + len(self))


def to_pixels(images: Tensor) -> npt.NDArray[np.uint8]:
    """images: (N, 3, R, R) in -1..1. Returns (N, R, R, 3) uint8."""
    scaled = images.float().add(1).mul(127.5).round().clamp(0, 255).to(torch.uint8)  # (N, 3, R, R)
    return np.asarray(scaled.permute(0, 2, 3, 1).contiguous().cpu().numpy(), dtype=np.uint8)


def draw_samples(passes: Passes, count: int, first: int, workers: Workers | None = None) -> Samples:
    """Generate and label `count` samples from seed `first` on."""
    layer = passes.generator.layers[0].name

    def block(s: slice) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
        z = latents(range(first + s.start, first + s.stop), passes.generator.latent_dim)  # (B, latent_dim)
        x = passes.images(passes.trunk(z, layer), layer)  # (B, 3, R, R)
        return to_pixels(x), passes.labels(x).cpu().numpy()

    parts = (workers or Workers(passes.device)).map(block, list(batches(count, BATCH)))
    images, labels = zip(*parts, strict=True)
    return Samples(first, passes.concepts, np.concatenate(images), np.concatenate(labels))


def featuremaps(passes: Passes, seeds: Sequence[int], layer: str) -> Tensor:
    """The layer's output for those seeds, (N, units, height, width), in the precision the passes run in."""
    parts = []
    for s in batches(len(seeds), BATCH):
        z = latents(seeds[s], passes.generator.latent_dim)  # (B, latent_dim)
        parts.append(passes.trunk(z, layer).cpu())
    return torch.cat(parts)
