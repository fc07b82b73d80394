"""Samples: pictures of consecutive seeds with the segmenter's labels, and the activations of seeds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from server.lab.dissect.running.passes import Passes, batches
from server.lab.dissect.running.work import Arrays
from server.lab.dissect.running.workers import Workers
from server.model.generator import Activations, joined
from server.model.latents import latents_of
from server.model.pixels import Pixels, to_images, to_pixels

BATCH = 50

Labels = npt.NDArray[np.uint8]  # (N, H, W), indices of concepts
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Samples:
    """Pictures and labels of the seeds first ... first + N - 1.

    images: (N, H, W, 3). labels: (N, H, W).
    """

    first: int
    concepts: tuple[str, ...]
    images: Pixels
    labels: Labels

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def seeds(self) -> range:
        """The seed of each sample."""
        return range(self.first, self.first + len(self))

    def arrays(self) -> Arrays:
        """What a file keeps of them."""
        return {"images": self.images, "labels": self.labels}


def draw_samples(passes: Passes, count: int, first: int, workers: Workers | None = None) -> Samples:
    """Generate and label `count` samples from seed `first` on."""
    layer = passes.generator.layers[0].name

    def block(s: slice) -> tuple[Pixels, Labels]:
        seeds = range(first + s.start, first + s.stop)
        x = passes.images(activations(passes, seeds, layer), layer)  # (B, 3, H, W)
        return to_pixels(x), passes.labels(x).cpu().numpy()

    parts = (workers or Workers(passes.device)).map(block, list(batches(count, BATCH)))
    images, labels = zip(*parts, strict=True)
    return Samples(first, passes.concepts, np.concatenate(images), np.concatenate(labels))


def label_pictures(passes: Passes, pictures: Pixels, workers: Workers) -> Labels:
    """What the segmenter sees in given pictures. pictures: (N, H, W, 3). Returns (N, H, W)."""

    def block(s: slice) -> Labels:
        return np.asarray(passes.labels(to_images(pictures[s]).to(passes.device)).cpu().numpy(), np.uint8)

    return np.concatenate(workers.map(block, list(batches(len(pictures), BATCH))))


def layer_outputs(passes: Passes, seeds: Sequence[int], layers: Sequence[str]) -> Iterator[tuple[str, Activations]]:
    """The outputs of some layers, in the order they run: one pass serves all."""
    z = latents_of(seeds, passes.generator.latent_dim)  # (N, latent_dim)
    a = passes.trunk(z, layers[0])
    yield layers[0], a
    for before, layer in pairwise(layers):
        a = passes.advance(a, before, layer)
        yield layer, a


def activations(passes: Passes, seeds: Sequence[int], layer: str) -> Activations:
    """The layer's output for those seeds, in the precision the passes run in, on the CPU."""
    parts = []
    for s in batches(len(seeds), BATCH):
        z = latents_of(seeds[s], passes.generator.latent_dim)  # (B, latent_dim)
        parts.append(passes.trunk(z, layer).to("cpu"))
    return joined(parts)
