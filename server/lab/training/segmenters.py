"""Training of segmenters on pictures whose labels are known, hardened so that they can also read a generator's."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from server.files import write_whole
from server.lab.scenes.concepts import CONCEPTS
from server.lab.training.log import Log
from server.lab.training.pace import pace, set_rate
from server.model.device import bfloat16_is_fast
from server.model.segmenter import UNet, save_segmenter

RATE = 2e-3

# Images (N, 3, R, R), -1..1, and the index of the concept that each of their pixels shows, (N, R, R).
Labelled = tuple[Tensor, Tensor]


class LabelledPictures(Protocol):
    """Pictures to train segmenters on."""

    def weights(self) -> Tensor:
        """How much each concept counts, (C,)."""
        ...

    def sample(self, rng: np.random.Generator, n: int) -> Labelled:
        """n random pictures."""
        ...

    def held_out(self) -> Iterator[Labelled]:
        """Those that are never trained on, in batches."""
        ...


def concept_weights(shares: Tensor) -> Tensor:
    """How much each concept counts, (C,): rare ones more, by the inverse root of their share of the pixels, (C,)."""
    weights = (shares + 0.004).rsqrt()
    return weights / (weights * shares).sum()


def _blurred(x: Tensor, sigma: float) -> Tensor:
    taps = torch.exp(-(torch.arange(-3, 4.0) ** 2) / (2 * sigma * sigma))  # (7,)
    k = (taps / taps.sum()).view(1, 1, 1, 7).repeat(3, 1, 1, 1)
    x = F.conv2d(F.pad(x, (3, 3, 3, 3), mode="reflect"), k, groups=3)
    return F.conv2d(x, k.transpose(2, 3), groups=3)


def harden(x: Tensor, rng: np.random.Generator) -> Tensor:
    """Make a batch look like a young generator's: soft, noisy, off in colour, with ghosts of other scenes.

    x: (N, 3, R, R), -1..1. Shape kept; labels stay true, as a ghost is always faint.
    """
    if rng.random() < 0.6:
        x = _blurred(x, float(rng.uniform(0.4, 1.8)))
    if rng.random() < 0.4:
        x = x + float(rng.uniform(0.05, 0.25)) * (x.roll(1, 0) - x)
    if rng.random() < 0.3:
        small = F.interpolate(x, scale_factor=0.5, mode="area")
        x = F.interpolate(small, size=x.shape[-1], mode="bilinear", align_corners=False)
    gain = torch.from_numpy(rng.uniform(0.85, 1.15, (x.shape[0], 3, 1, 1)).astype(np.float32))
    shift = torch.from_numpy(rng.uniform(-0.1, 0.1, (x.shape[0], 3, 1, 1)).astype(np.float32))
    x = x * gain + shift + float(rng.uniform(0, 0.08)) * torch.randn_like(x)
    return x.clamp(-1, 1)


def accuracy(network: UNet, pictures: LabelledPictures) -> dict[str, float]:
    """IoU of each concept over the pictures that are held out."""
    n = len(CONCEPTS)
    table = torch.zeros(n, n, dtype=torch.int64)
    with torch.inference_mode():
        for images, true in pictures.held_out():
            named = network(images).argmax(1)  # (N, R, R)
            table += torch.bincount((true * n + named).flatten(), minlength=n * n).view(n, n)
    hit = table.diagonal().double()
    union = table.sum(0) + table.sum(1) - hit
    return {c: round(float(h / u), 4) for c, h, u in zip(CONCEPTS, hit, union.clamp(min=1), strict=True)}


def train_segmenter(
    pictures: LabelledPictures,
    path: Path,
    seed: int,
    images: int,
    log: Log,
    device: torch.device,
    batch: int,
) -> dict[str, float]:
    """Train on so many pictures, write the segmenter, and return its IoU on those held out."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed + 1000)
    network = UNet(CONCEPTS).to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.Adam(network.parameters(), RATE)
    weights, fast = pictures.weights().to(device), bfloat16_is_fast(device)
    steps, started = images // batch, time.monotonic()
    for step in tqdm(range(steps), f"segmenter {seed}", unit="step"):
        set_rate(optimiser, RATE * pace(step, step / steps))
        shown, named = pictures.sample(rng, batch)
        x, y = harden(shown, rng).to(device), named.to(device)
        with torch.autocast(device.type, torch.bfloat16, enabled=fast):
            scores = network(x)
        loss = F.cross_entropy(scores.float(), y, weights)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        if step % 50 == 49:
            speed = (step + 1) * batch / (time.monotonic() - started)
            log(f"segmenter {seed}: {step + 1} of {steps} steps, {speed:.0f} images/s, loss {float(loss):.3f}")
    network.eval().cpu()
    write_whole(path, lambda part: save_segmenter(part, network))
    return accuracy(network, pictures)
