"""Teaching a U-Net to read regions off pictures, so that edits are judged by the picture they give.

It sees crops, so that it tells a region by how it looks rather than by where it stands; and rectangles of other
pictures pasted in (as CutMix, Yun et al., ICCV 2019), as an edit puts things where they never stood.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from server.lab.dissect.clusters.grouping import Groups
from server.lab.dissect.running.passes import Passes, batches
from server.lab.dissect.running.workers import Workers
from server.lab.dissect.units.samples import BATCH, Labels, layer_outputs
from server.model.pixels import Pixels, to_images, to_pixels
from server.model.segmenter import UNet

STEPS, AT_ONCE, RATE = 1500, 16, 2e-3
PICTURES, LEAST_PICTURES, MOST_BYTES = 1500, 64, 2**28  # that one learns from; fewer where they are large
WIDTHS = (16, 32, 48, 64)  # regions are plainer than concepts
CROP = 128  # pixels a side at most
PASTED = 0.75  # of the crops, with a rectangle of another


@dataclass(frozen=True)
class Grouped:
    """Pictures, (N, H, W, 3), with the group of each pixel, (N, H, W)."""

    images: Pixels
    labels: Labels


def draw_grouped(passes: Passes, groups: Groups, seeds: range, workers: Workers) -> Grouped:
    """The pictures of some seeds, grouped by their featuremaps."""
    layers = passes.generator.layers
    order = sorted({groups.layer, layers[-1].name}, key=passes.generator.index)

    def block(s: slice) -> tuple[Pixels, Labels]:
        labels = None
        for layer, a in layer_outputs(passes, seeds[s], order):
            if layer == groups.layer:
                labels = groups.labels(a.r.cpu(), passes.size).numpy()
        assert labels is not None
        return to_pixels(passes.images(a, order[-1])), labels

    images, labels = zip(*workers.map(block, list(batches(len(seeds), BATCH))), strict=True)
    return Grouped(np.concatenate(images), np.concatenate(labels))


def pictures_of(size: tuple[int, int]) -> int:
    """How many pictures of that height and width a U-Net learns from."""
    return max(LEAST_PICTURES, min(PICTURES, MOST_BYTES // (4 * size[0] * size[1])))


def fresh_network(concepts: tuple[str, ...], seed: int) -> UNet:
    """A U-Net that knows nothing yet. Not to be called while other threads draw torch's random numbers."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return UNet(concepts, WIDTHS)


def teach(
    network: UNet, data: Grouped, seed: int, device: torch.device, low: bool, on_step: Callable[[int, int], object]
) -> None:
    """Teach a U-Net the groups of `data` from its pictures; it comes back to the CPU. seed: of the random choices. low:
    in bfloat16. on_step: told the steps done, and all.
    """
    rng = np.random.default_rng(seed)
    network.train().to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.Adam(network.parameters(), RATE)
    pace = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, STEPS, pct_start=0.1)
    for step in range(STEPS):
        images, labels = (tensor.to(device) for tensor in _crops(data, rng))
        with torch.autocast(device.type, torch.bfloat16, enabled=low):
            scores = network(images.contiguous(memory_format=torch.channels_last))  # (B, K, c, c)
        loss = F.cross_entropy(scores.float(), labels.long())
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        pace.step()
        on_step(step + 1, STEPS)
    network.eval().cpu()


def labels_of(network: UNet, images: Pixels) -> Labels:
    """What a U-Net reads. images: (N, H, W, 3). Returns (N, H, W)."""
    with torch.inference_mode():
        parts = [network(to_images(images[s])).argmax(1).to(torch.uint8) for s in batches(len(images), BATCH)]
    return torch.cat(parts).numpy()


def reads(network: UNet, data: Grouped) -> list[float]:
    """How well a U-Net's reading agrees with the groups of pictures it has not seen: the IoU of each."""
    read = labels_of(network, data.images)
    unions = [((data.labels == k) | (read == k)).sum() for k in range(len(network.concepts))]
    both = [((data.labels == k) & (read == k)).sum() for k in range(len(network.concepts))]
    return [float(b / max(1, u)) for b, u in zip(both, unions, strict=True)]


def _crops(data: Grouped, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """A batch: crops of pictures (B, 3, c, c) in -1..1, most of them with a rectangle of another crop pasted in, a
    little off in brightness and noisy; and their groups, (B, c, c).
    """
    side = crop_side(min(data.labels.shape[1:]))
    images, labels = zip(*(_crop(data, side, rng) for _ in range(AT_ONCE)), strict=True)
    x, y = to_images(np.stack(images)), torch.from_numpy(np.stack(labels))  # (B, 3, c, c), (B, c, c)
    pasted_x, pasted_y = x.roll(1, 0), y.roll(1, 0)
    for i in np.flatnonzero(rng.random(len(x)) < PASTED):
        height, width = rng.integers(side // 8, side // 2 + 1, 2)
        top, left = rng.integers(side - height + 1), rng.integers(side - width + 1)
        at = (slice(top, top + height), slice(left, left + width))
        x[i][:, *at], y[i][at] = pasted_x[i][:, *at], pasted_y[i][at]
    gain = torch.from_numpy(rng.uniform(0.9, 1.1, (len(x), 3, 1, 1)).astype(np.float32))
    shift = torch.from_numpy(rng.uniform(-0.05, 0.05, (len(x), 3, 1, 1)).astype(np.float32))
    noise = torch.from_numpy(rng.standard_normal(x.shape, np.float32)) * float(rng.uniform(0, 0.05))
    return (x * gain + shift + noise).clamp(-1, 1), y


def crop_side(side: int) -> int:
    """Three quarters of the picture's shorter side in sixteens of pixels, at most CROP; all of one of fewer than 22
    pixels."""
    return min(side, CROP, max(16, side * 3 // 4 // 16 * 16))


def _crop(data: Grouped, side: int, rng: np.random.Generator) -> tuple[Pixels, Labels]:
    count, height, width = data.labels.shape
    i, top, left = rng.integers(count), rng.integers(height - side + 1), rng.integers(width - side + 1)
    at = (i, slice(top, top + side), slice(left, left + side))
    return data.images[at], data.labels[at]
