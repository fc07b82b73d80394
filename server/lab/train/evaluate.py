"""Measures of how close samples come to renderings: Frechet distance, concepts' shares, recall, agreement."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from server.lab.frechet import Gaussian, frechet_distance, gaussian_of
from server.lab.scenes.render import render
from server.lab.scenes.scene import sample_scene
from server.lab.train.data import SceneData
from server.model.decided import DecidedGenerator
from server.model.latents import latents_of
from server.model.progressive import ProgressiveGenerator
from server.model.segmenter import UNet

Trained = ProgressiveGenerator | DecidedGenerator
BATCH = 50
# The least share of a picture by which a thing is seen at a glance.
SHOWN = 0.03


@dataclass(frozen=True)
class ImageStatistics:
    """Of a set of images: the Gaussian of their pooled features, and each concept's mean share of the pixels (C,)."""

    features: Gaussian
    shares: Tensor


def measure(batches: Iterator[Tensor], segmenter: UNet) -> ImageStatistics:
    """Statistics of images that come in batches (N, 3, R, R), -1..1."""
    n = len(segmenter.concepts)
    features, shares = [], []
    with torch.inference_mode():
        for x in batches:
            x = segmenter_input(x)
            features.append(segmenter.pooled_features(x))  # (N, F)
            labels = segmenter(x).argmax(1)  # (N, R, R)
            shares.append(torch.bincount(labels.flatten(), minlength=n).double() / labels.numel())  # (C,)
    return ImageStatistics(gaussian_of(torch.cat(features)), torch.stack(shares).mean(0))


def rendered(data: SceneData, first: int, count: int) -> Iterator[Tensor]:
    """Images of scenes first..first+count-1."""
    for a in range(first, first + count, BATCH):
        yield data.views(np.arange(a, min(a + BATCH, first + count))).images


def drawn(generator: Trained, z: Tensor) -> Iterator[Tensor]:
    """Images of latents z, (N, latent_dim)."""
    for part in torch.split(z, BATCH):
        with torch.inference_mode():
            yield generator(part)


def sampled(generator: Trained, seeds: range) -> Iterator[Tensor]:
    """Images of seeds, as a picture's `seed` gives them."""
    return drawn(generator, latents_of(seeds, generator.latent_dim))


def segmenter_input(images: Tensor) -> Tensor:
    """Images as segmenters take them: within -1..1, channels last. Shape kept."""
    return images.clamp(-1, 1).contiguous(memory_format=torch.channels_last)


def agreement(generator: Trained, one: UNet, other: UNet, count: int) -> float:
    """The share of the pixels of `count` samples that two segmenters name alike, 0..1."""
    same, seen = 0, 0
    with torch.inference_mode():
        for x in sampled(generator, range(count)):
            images = segmenter_input(x)
            equal = one(images).argmax(1) == other(images).argmax(1)  # (N, R, R)
            same, seen = same + int(equal.sum()), seen + equal.numel()
    return same / seen


def recall(generator: Trained, judge: UNet, count: int) -> dict[str, float]:
    """How far samples show what their latents mean: of each concept's pixels in the scenes of seeds 0..count-1, none of
    them trained on, the share that the judge names so in the generator's pictures of the same seeds, 0..1."""
    n, size = len(judge.concepts), generator.resolution
    hits, meant = torch.zeros(n, dtype=torch.int64), torch.zeros(n, dtype=torch.int64)
    with torch.inference_mode():
        for first, x in zip(range(0, count, BATCH), sampled(generator, range(count)), strict=True):
            named = judge(segmenter_input(x)).argmax(1)  # (N, R, R)
            labels = [render(sample_scene(seed), size)[1] for seed in range(first, first + len(x))]
            true = torch.from_numpy(np.stack(labels)).long()  # (N, R, R)
            meant += torch.bincount(true.flatten(), minlength=n)
            hits += torch.bincount(true[true == named], minlength=n)
    return {c: round(float(h / m), 4) for c, h, m in zip(judge.concepts, hits, meant.clamp(min=1), strict=True)}


def clearest_seeds(generator: Trained, judge: UNet, among: int = 200, keep: int = 24) -> list[int]:
    """Where to begin painting: the seeds whose pictures show a house and a tree, those that the judge is surest about
    first, and then all others in such an order."""
    houses, trees = judge.concepts.index("wall"), judge.concepts.index("tree")
    sure: list[tuple[bool, float]] = []
    with torch.inference_mode():
        for x in sampled(generator, range(among)):
            probabilities = judge(segmenter_input(x)).softmax(1)  # (N, C, R, R)
            shares = probabilities.mean((2, 3))  # (N, C)
            lacking = shares[:, [houses, trees]].amin(1) < SHOWN  # (N,)
            sure += zip(lacking.tolist(), (-probabilities.amax(1).mean((1, 2))).tolist(), strict=True)
    return sorted(range(among), key=sure.__getitem__)[:keep]


def compare(generator: Trained, data: SceneData, segmenter: UNet, judge: UNet, count: int = 1000) -> dict[str, Any]:
    """The report of a generator: distances (and the floor, renderings against renderings), concept shares, and how
    far two segmenters trained apart agree about its pictures; over `count` pictures or half as many as there are
    scenes."""
    count = min(count, data.count // 2)
    real = measure(rendered(data, 0, count), judge)
    floor = measure(rendered(data, count, count), judge)
    fake = measure(sampled(generator, range(count)), judge)
    shares = {
        c: {"renderings": round(float(a), 4), "samples": round(float(b), 4)}
        for c, a, b in zip(judge.concepts, real.shares, fake.shares, strict=True)
    }
    return {
        "images": count,
        "frechet": round(frechet_distance(real.features, fake.features), 4),
        "frechet_floor": round(frechet_distance(real.features, floor.features), 4),
        "agreement": round(agreement(generator, segmenter, judge, min(count, 200)), 4),
        "understood": recall(generator, judge, min(count, 200)),
        "shares": shares,
    }
