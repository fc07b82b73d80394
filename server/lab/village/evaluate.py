"""Measures of how close samples come to renderings: Frechet distance, concepts' shares, recall, agreement, the trunk's
error."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from server.lab.frechet import Gaussian, frechet_distance, gaussian_of
from server.lab.scenes.render import render
from server.lab.scenes.scene import sample_scene
from server.lab.village.drawing import draw_village
from server.lab.village.sketch import sketches_of
from server.lab.village.store import fitted_colours
from server.lab.village.trunk import spread_of
from server.model.decided import DecidedGenerator
from server.model.generator import Generator
from server.model.latents import latents_of
from server.model.pixels import Pixels, to_images
from server.model.segmenter import UNet

# The least share of a picture by which a thing is seen at a glance.
SHOWN = 0.03
# The least share of a picture by which something is noticed.
NOTICED = 0.001
# Pictures of `recall` and of `agreement`, and scenes of each number of buildings of `trunk_error`.
_FEWER, _OF_EACH = 200, 60


@dataclass(frozen=True)
class ImageStatistics:
    """Of a set of images: the Gaussian of their pooled features, and each concept's mean share of the pixels (C,)."""

    features: Gaussian
    shares: Tensor


@torch.inference_mode()
def measure(images: Iterator[Tensor], segmenter: UNet) -> ImageStatistics:
    """Statistics of images that come in batches (N, 3, R, R), -1..1."""
    n = len(segmenter.concepts)
    features, shares = [], []
    for x in images:
        x = segmenter_input(x)
        features.append(segmenter.pooled_features(x))  # (N, F)
        labels = segmenter(x).argmax(1)  # (N, R, R)
        shares.append(torch.bincount(labels.flatten(), minlength=n).double() / (labels.numel() / len(labels)))  # (C,)
    pooled = torch.cat(features)
    return ImageStatistics(gaussian_of(pooled), torch.stack(shares).sum(0) / len(pooled))


def rendered(pictures: Pixels) -> Iterator[Tensor]:
    """Pictures (N, R, R, 3), a few at a time."""
    for first in range(0, len(pictures), 8):
        yield to_images(pictures[first : first + 8])


@torch.inference_mode()
def sampled(generator: Generator, seeds: Sequence[int]) -> Iterator[Tensor]:
    """Images of seeds, as a picture's `seed` gives them, (1, 3, R, R) each. generator: frozen or not."""
    layer = generator.layers[-1].name
    for seed in seeds:
        yield generator.tail(generator.trunk(latents_of([seed], generator.latent_dim), layer), layer)


def segmenter_input(images: Tensor) -> Tensor:
    """Images as segmenters take them: within -1..1, channels last. Shape kept."""
    return images.clamp(-1, 1).contiguous(memory_format=torch.channels_last)


@torch.inference_mode()
def agreement(generator: Generator, one: UNet, other: UNet, count: int) -> float:
    """The share of the pixels of `count` samples that two segmenters name alike, 0..1."""
    same = []
    for x in sampled(generator, range(count)):
        images = segmenter_input(x)
        same.append(float((one(images).argmax(1) == other(images).argmax(1)).float().mean()))
    return sum(same) / len(same)


@torch.inference_mode()
def labelled(generator: Generator, judge: UNet, count: int) -> Iterator[tuple[Tensor, Tensor]]:
    """The concept of every pixel of seeds 0..count-1, (R, R) each: as the judge names it in the generator's picture,
    and as the seed's scene has it."""
    for seed, x in enumerate(sampled(generator, range(count))):
        true = torch.from_numpy(render(sample_scene(seed), generator.resolution)[1]).long()
        yield judge(segmenter_input(x)).argmax(1)[0], true


@torch.inference_mode()
def recall(generator: Generator, judge: UNet, count: int) -> dict[str, float]:
    """How far samples show what their latents mean: of each concept's pixels in the scenes of seeds 0..count-1, none of
    them trained on, the share that the judge names so in the generator's pictures of the same seeds, 0..1."""
    n = len(judge.concepts)
    hits, meant = torch.zeros(n, dtype=torch.int64), torch.zeros(n, dtype=torch.int64)
    for named, true in labelled(generator, judge, count):
        meant += torch.bincount(true.flatten(), minlength=n)
        hits += torch.bincount(true[true == named], minlength=n)
    return {c: round(float(h / m), 4) for c, h, m in zip(judge.concepts, hits, meant.clamp(min=1), strict=True)}


@torch.inference_mode()
def best_seeds(generator: Generator, judge: UNet, among: int = 400, keep: int = 24) -> list[int]:
    """Where to begin painting: the seeds whose pictures show a house and a tree, and whose latents mean no building
    that the picture's edge cuts off; those first that show most nearly what their latents mean, and then all others in
    such an order."""
    houses, trees, *built = map(judge.concepts.index, ("wall", "tree", "roof", "dome"))
    order: list[tuple[bool, float]] = []
    for named, true in labelled(generator, judge, among):
        lacking = bool(min((named == k).float().mean() for k in (houses, trees)) < SHOWN)
        edge = torch.cat([true[0], true[:, 0], true[:, -1]])
        cut = bool(torch.isin(edge, torch.tensor([houses, *built])).any())
        order.append((lacking or cut, -likeness(named, true, len(judge.concepts))))
    return sorted(range(among), key=order.__getitem__)[:keep]


def likeness(named: Tensor, true: Tensor, concepts: int) -> float:
    """How alike two label maps (R, R) are, 0..1: the mean intersection over union of the concepts that either shows. So
    a small thing counts as much as the sky, and a blot that nothing means as a thing that is missing."""
    a, b, both = (torch.bincount(t.flatten(), minlength=concepts) for t in (named, true, true[true == named]))
    either = a + b - both  # (concepts,)
    shown = either >= NOTICED * named.numel()
    return float((both[shown] / either[shown]).mean())


@torch.inference_mode()
def trunk_error(generator: DecidedGenerator, of_each: int = _OF_EACH) -> dict[str, float]:
    """By how many buildings a scene has, "0", "1" and "2": the mean square by which the trunk misses the sketches of
    scenes that it was not trained on, `of_each` of each kind, in units of each number's spread (`trunk.spread_of`)."""
    seeds: dict[int, list[int]] = {0: [], 1: [], 2: []}
    seed = 0
    while min(map(len, seeds.values())) < of_each:
        some = seeds[len(sample_scene(seed).buildings)]
        if len(some) < of_each:
            some.append(seed)
        seed += 1
    expected = fitted_colours()
    pairs: dict[int, tuple[Tensor, Tensor]] = {}
    for count, kind in seeds.items():
        scenes = [sample_scene(seed) for seed in kind]
        true = sketches_of([draw_village(scene, 64) for scene in scenes], scenes, expected)
        pairs[count] = true, generator.trunk(latents_of(kind, generator.latent_dim), generator.sketch).r
    spread = spread_of(torch.cat([true for true, _ in pairs.values()]))
    return {
        str(count): round(float(((made - true) / spread).square().mean()), 3) for count, (true, made) in pairs.items()
    }


def compare(generator: DecidedGenerator, pictures: Pixels, segmenter: UNet, judge: UNet, count: int) -> dict[str, Any]:
    """The report of a generator: distances (and the floor, renderings against renderings), concept shares, how far two
    segmenters trained apart agree about its pictures, and the trunk's error.

    pictures: renderings (M, R, R, 3); over `count` of them each, or half of what there is.
    """
    count = min(count, len(pictures) // 2)
    frozen = generator.frozen()
    real = measure(rendered(pictures[:count]), judge)
    floor = measure(rendered(pictures[count : 2 * count]), judge)
    fake = measure(sampled(frozen, range(count)), judge)
    shares = {
        c: {"renderings": round(float(a), 4), "samples": round(float(b), 4)}
        for c, a, b in zip(judge.concepts, real.shares, fake.shares, strict=True)
    }
    fewer = min(count, _FEWER)
    return {
        "images": count,
        "frechet": round(frechet_distance(real.features, fake.features), 4),
        "frechet_floor": round(frechet_distance(real.features, floor.features), 4),
        "agreement": round(agreement(frozen, segmenter, judge, fewer), 4),
        "understood": recall(frozen, judge, fewer),
        "shares": shares,
        "trunk_error": trunk_error(generator, min(count, _OF_EACH)),
    }
