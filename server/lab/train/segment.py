"""Training of segmenters on rendered scenes, hardened so that they can also read a generator's pictures.

Half of the pictures are twins: what stands where a stroke drew it is to be known as well.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from server.files import write_whole
from server.lab.scenes.concepts import CONCEPTS
from server.lab.train.data import SceneData, concept_weights
from server.lab.train.log import Log
from server.lab.train.pace import pace, set_rate
from server.model.device import bfloat16_is_fast
from server.model.segmenter import UNet, save_segmenter

RATE = 2e-3


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


def accuracy(network: UNet, data: SceneData) -> dict[str, float]:
    """IoU of each concept over the held-out scenes."""
    n, index = len(CONCEPTS), data.held_out_indices()
    table = torch.zeros(n, n, dtype=torch.int64)
    with torch.inference_mode():
        for a in range(0, len(index), 50):
            batch = data.views(index[a : a + 50])
            named = network(batch.images).argmax(1)  # (N, R, R)
            true = batch.labels.argmax(1)  # (N, R, R)
            table += torch.bincount((true * n + named).flatten(), minlength=n * n).view(n, n)
    hit = table.diagonal().double()
    union = table.sum(0) + table.sum(1) - hit
    return {c: round(float(h / u), 4) for c, h, u in zip(CONCEPTS, hit, union.clamp(min=1), strict=True)}


def train_segmenter(
    data: SceneData, path: Path, seed: int, images: int, log: Log, device: torch.device, batch: int = 32
) -> dict[str, float]:
    """Train on `images` scenes, write the segmenter, return its IoU on held-out scenes."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed + 1000)
    network = UNet(CONCEPTS).to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.Adam(network.parameters(), RATE)
    weights, fast = concept_weights(data.shares(500)).flatten().to(device), bfloat16_is_fast(device)
    steps, started = images // batch, time.monotonic()
    for step in range(steps):
        set_rate(optimiser, RATE * pace(step, step / steps))
        scenes = data.views(data.random_indices(rng, batch), rng.integers(0, 2, batch))
        x, y = harden(scenes.images, rng).to(device), scenes.labels.to(device)
        with torch.autocast(device.type, torch.bfloat16, enabled=fast):
            scores = network(x)
        loss = F.cross_entropy(scores.float(), y.argmax(1), weights)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        if (step + 1) % 50 == 0:
            speed = (step + 1) * batch / (time.monotonic() - started)
            log(f"segmenter {seed}: {step + 1}/{steps} steps, {speed:.0f} images/s, loss {float(loss):.3f}")
    network.eval().cpu()
    write_whole(path, lambda part: save_segmenter(part, network))
    return accuracy(network, data)
