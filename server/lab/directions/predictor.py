"""The predictor, a small convolutional network that reads a scene's attributes off a picture.

It is trained on scenes rendered for it, whose attributes are known exactly, and made to bear a generator's softness the
way the segmenters are. It looks at 64x64 pixels, whatever the picture's size.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from server.lab.scenes.render import render
from server.lab.scenes.scene import sample_scene
from server.lab.training.pace import pace, set_rate
from server.lab.training.segmenters import harden
from server.model.pixels import Pixels, to_images

SIZE = 64
WIDTHS = (24, 48, 64, 96)
CHUNK = 50
BATCH = 32
RATE = 2e-3
HELD_OUT = 500

Floats = npt.NDArray[np.floating[Any]]
Report = Callable[[float], None]  # takes the share that is done, 0..1


@dataclass(frozen=True)
class Examples:
    """Rendered scenes. images: (N, SIZE, SIZE, 3). attributes: (N, A), in the order of the names asked for."""

    images: Pixels
    attributes: Floats


class Predictor(nn.Module):
    """Pictures to attributes, in the attributes' own units."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, mean: Tensor, deviation: Tensor) -> None:
        """mean, deviation: (A,), of each attribute over the scenes it is trained on."""
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("deviation", deviation)
        blocks: list[nn.Module] = []
        inputs = 3
        for width in WIDTHS:
            blocks += [nn.Conv2d(inputs, width, 3, 2, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
            blocks += [nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
            inputs = width
        self.features = nn.Sequential(*blocks)
        self.head = nn.Sequential(
            nn.Linear(2 * inputs, 2 * inputs), nn.ReLU(inplace=True), nn.Linear(2 * inputs, len(mean))
        )

    def standard(self, images: Tensor) -> Tensor:
        """images: (N, 3, H, W), -1..1. Returns attributes in standard deviations from their means, (N, A)."""
        if images.shape[2:] != (SIZE, SIZE):
            images = F.interpolate(images, size=(SIZE, SIZE), mode="area")
        x = self.features(images)  # (N, C, SIZE / 16, SIZE / 16)
        scores: Tensor = self.head(torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1))  # (N, A)
        return scores

    def forward(self, images: Tensor) -> Tensor:
        """images: (N, 3, H, W), -1..1. Returns attributes, (N, A)."""
        return self.standard(images) * self.deviation + self.mean


def render_examples(first: int, count: int, attributes: tuple[str, ...], report: Report) -> Examples:
    """Render the scenes first ... first + count - 1, on every core this process may use."""
    starts = range(first, first + count, CHUNK)
    jobs = [(a, min(a + CHUNK, first + count), attributes) for a in starts]
    images, values = [], []
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None  # macOS and Windows lack it
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:
        for done, (x, y) in enumerate(pool.map(_render_chunk, jobs), 1):
            images.append(x)
            values.append(y)
            report(done / len(jobs))
    return Examples(np.concatenate(images), np.concatenate(values))


def _render_chunk(job: tuple[int, int, tuple[str, ...]]) -> tuple[Pixels, Floats]:
    first, last, attributes = job
    images, values = [], []
    for seed in range(first, last):
        scene = sample_scene(seed)
        # Drawn at twice the size and averaged: a picture of 128 pixels or more comes to 64 in the same way.
        images.append(render(scene, SIZE, supersample=2)[0])
        known = scene.attributes()
        values.append([known[name] for name in attributes])
    return np.stack(images), np.asarray(values, np.float32)


def train_predictor(examples: Examples, epochs: float, seed: int, report: Report) -> Predictor:
    """A predictor trained on all scenes but the last HELD_OUT, so many times over each; deterministic for a seed."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    count = len(examples.images) - HELD_OUT
    targets = torch.from_numpy(examples.attributes)  # (N, A)
    deviation, mean = torch.std_mean(targets[:count], 0)
    network = Predictor(mean, deviation.clamp(min=1e-6))
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.Adam(network.parameters(), RATE)
    steps = max(1, round(epochs * count / BATCH))
    for step in range(steps):
        set_rate(optimiser, RATE * pace(step, step / steps))
        index = rng.integers(0, count, BATCH)
        mirrored = rng.random() < 0.5  # no attribute tells left from right
        x = to_images(examples.images[index, :, ::-1] if mirrored else examples.images[index])
        scores = network.standard(harden(x, rng))  # (BATCH, A)
        loss = F.smooth_l1_loss(scores, (targets[index] - network.mean) / network.deviation)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        if step % 20 == 19 or step + 1 == steps:
            report((step + 1) / steps)
    network.eval().requires_grad_(False)
    return network


def held_out_r2(network: Predictor, examples: Examples) -> Floats:
    """The share of each attribute's variance that the predictor explains on the scenes not trained on: (A,)."""
    return r2(examples.attributes[-HELD_OUT:], predict(network, examples.images[-HELD_OUT:]))


def predict(network: Predictor, images: Pixels) -> Floats:
    """images: (N, H, W, 3). Returns attributes, (N, A)."""
    with torch.inference_mode():
        parts = [network(to_images(images[a : a + 100])) for a in range(0, len(images), 100)]
    attributes: Floats = torch.cat(parts).numpy()
    return attributes


def r2(true: Floats, predicted: Floats) -> Floats:
    """1 - residual / variance, at each column. true, predicted: (N, A). Returns (A,)."""
    residual = np.square(true - predicted).mean(0)
    shares: Floats = 1 - residual / np.maximum(true.var(0), 1e-12)
    return shares
