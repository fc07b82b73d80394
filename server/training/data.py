"""Scenes to train on, rendered once to disk: each with a twin that lacks one of its objects.

A twin is pixel for pixel the same scene without, say, its second tree. That makes painting a supervised task where
it can be one: removing the tree must give the twin, and drawing a tree on the twin must give a tree like this one.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from numpy.lib.format import open_memmap
from torch import Tensor

from server.scenes.concepts import CONCEPTS
from server.scenes.latent import group_slices, latent_of
from server.scenes.render import objects, render
from server.scenes.scene import Scene, sample_scene

CHUNK = 250
GRID = 16
# Scenes to train on are those of seeds from here on, so that the seeds people begin at were never seen in training.
FIRST_SEED = 1_000_000


@dataclass(frozen=True)
class Batch:
    """Scenes and their twins. latents: (N, D); images: (N, 3, R, R), -1..1; labels: (N, C, R, R), one-hot float32."""

    latents: Tensor
    images: Tensor
    labels: Tensor
    twin_images: Tensor
    twin_labels: Tensor


def light(latents: Tensor) -> Tensor:
    """Season, time of day and cloudiness, 0..1, as the latents (N, D) mean them: (N, 3)."""
    part = group_slices()["light"]
    length = latents.square().mean(1, keepdim=True).sqrt()
    return 0.5 + 0.5 * torch.erf(latents[:, part] / length / math.sqrt(2))


def layout(images: Tensor, labels: Tensor, latents: Tensor) -> Tensor:
    """What stands in each cell of the edit layer's grid: the concepts' shares, the mean colour and, the same in every
    cell, the light, all in 0..1.

    images: (N, 3, R, R), -1..1; labels: (N, C, R, R), shares; latents: (N, D). Returns (N, C + 6, 16, 16).
    """
    shares, colours = F.adaptive_avg_pool2d(labels, GRID), F.adaptive_avg_pool2d(images, GRID) / 2 + 0.5
    same = light(latents)[:, :, None, None].expand(-1, -1, GRID, GRID)
    return torch.cat([shares, colours, same], 1)


def carried(seen: Tensor, units: int) -> Tensor:
    """A layout as the layer before the edit layer carries it: in its first units, and nothing in the others.

    seen: (N, C + 6, 16, 16). Returns (N, units, 16, 16).
    """
    return F.pad(seen, (0, 0, 0, 0, 0, units - seen.shape[1])).contiguous(memory_format=torch.channels_last)


class Spread:
    """Each channel's mean and deviation over layouts (M, C + 6, 16, 16), by which they are measured."""

    def __init__(self, layouts: Tensor) -> None:
        some = layouts[:2000].float()
        self.mean = some.mean((0, 2, 3)).view(1, -1, 1, 1)
        self.deviation = some.std((0, 2, 3)).clamp(min=0.03).view(1, -1, 1, 1)

    def measure(self, layouts: Tensor) -> Tensor:
        """Layouts in units of the spread."""
        return (layouts - self.mean) / self.deviation


def hidden_object(scene: Scene, seed: int) -> frozenset[str]:
    """The object the scene's twin lacks: a concept by chance, then one of its objects by chance."""
    found = objects(scene)
    if not found:
        return frozenset()
    rng = np.random.default_rng(seed ^ 0x7717)
    concepts = sorted({o.concept for o in found})
    concept = concepts[rng.integers(len(concepts))]
    names = [o.name for o in found if o.concept == concept]
    return frozenset({names[rng.integers(len(names))]})


def _render_chunk(folder: str, first: int, last: int, size: int) -> int:
    images = np.load(f"{folder}/images.npy", mmap_mode="r+")
    labels = np.load(f"{folder}/labels.npy", mmap_mode="r+")
    done = np.load(f"{folder}/done.npy", mmap_mode="r+")
    if done[first // CHUNK]:
        return 0
    for i in range(first, last):
        scene = sample_scene(FIRST_SEED + i)
        images[i, 0], labels[i, 0] = render(scene, size)
        images[i, 1], labels[i, 1] = render(scene, size, hide=hidden_object(scene, i))
    done[first // CHUNK] = True
    return last - first


def render_scenes(folder: Path, count: int, size: int, processes: int | None = None) -> Iterator[int]:
    """Render `count` scenes from FIRST_SEED on and their twins below `folder`, yielding how many are done.

    Writes images.npy (count, 2, R, R, 3) and labels.npy (count, 2, R, R), uint8. A chunk once finished is not
    rendered again, so an interrupted run goes on where it stopped.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "done.npy").exists():
        open_memmap(folder / "images.npy", "w+", np.uint8, (count, 2, size, size, 3)).flush()
        open_memmap(folder / "labels.npy", "w+", np.uint8, (count, 2, size, size)).flush()
        np.save(folder / "done.npy", np.zeros(-(-count // CHUNK), bool))
    starts = range(0, count, CHUNK)
    with ProcessPoolExecutor(processes or os.cpu_count(), mp_context=get_context("spawn")) as pool:
        jobs = [pool.submit(_render_chunk, str(folder), a, min(count, a + CHUNK), size) for a in starts]
        for a, job in zip(starts, jobs, strict=True):
            job.result()
            yield min(count, a + CHUNK)


class SceneData:
    """Rendered scenes, drawn in batches; the last `held_out` of them are never trained on."""

    def __init__(self, folder: Path, held_out: int) -> None:
        self.images = np.load(folder / "images.npy", mmap_mode="r")
        self.labels = np.load(folder / "labels.npy", mmap_mode="r")
        self.count, self.held_out = len(self.images), held_out
        self.size = int(self.images.shape[2])

    def take(self, index: npt.NDArray[np.int64]) -> Batch:
        """The scenes of that index, (N,) integers in order."""
        x = torch.from_numpy(self.images[index]).permute(1, 0, 4, 2, 3)  # (2, N, 3, R, R), uint8
        y = torch.from_numpy(self.labels[index]).permute(1, 0, 2, 3).long()  # (2, N, R, R)
        pictures = [(p.float() / 127.5 - 1).contiguous(memory_format=torch.channels_last) for p in x]
        onehot = [F.one_hot(q, len(CONCEPTS)).permute(0, 3, 1, 2).float() for q in y]  # channels last already
        z = torch.from_numpy(np.stack([latent_of(FIRST_SEED + int(i)) for i in index]))  # (N, D)
        return Batch(z, pictures[0], onehot[0], pictures[1], onehot[1])

    def latents(self) -> Tensor:
        """The latents of all scenes, (M, D)."""
        return torch.from_numpy(np.stack([latent_of(FIRST_SEED + i) for i in range(self.count)]))

    def layouts(self) -> Tensor:
        """The layouts of all scenes, see `layout`: (M, C + 6, 16, 16), float16."""
        store = torch.empty(self.count, len(CONCEPTS) + 6, GRID, GRID, dtype=torch.float16)
        latents = self.latents()
        for a in range(0, self.count, CHUNK):
            x = torch.from_numpy(np.array(self.images[a : a + CHUNK, 0])).permute(0, 3, 1, 2).float() / 127.5 - 1
            y = torch.from_numpy(np.array(self.labels[a : a + CHUNK, 0]))[:, None]  # (N, 1, R, R)
            shares = [F.adaptive_avg_pool2d((y == c).float(), GRID) for c in range(len(CONCEPTS))]
            store[a : a + CHUNK] = layout(x, torch.cat(shares, 1), latents[a : a + CHUNK])
        return store

    def chance(self, rng: np.random.Generator, n: int) -> npt.NDArray[np.int64]:
        """Indices of n scenes to train on, in order."""
        return np.sort(rng.integers(0, self.count - self.held_out, n))

    def draw(self, rng: np.random.Generator, n: int) -> Batch:
        """n scenes by chance."""
        return self.take(self.chance(rng, n))

    def held(self, n: int) -> Batch:
        """The first n held-out scenes."""
        first = self.count - self.held_out
        return self.take(np.arange(first, first + n))

    def shares(self, n: int = 1000) -> Tensor:
        """Mean share of each concept in each cell of a 16x16 grid over n scenes (fewer where there are
        fewer): (C, 16, 16)."""
        n = min(n, self.count)
        total = torch.zeros(len(CONCEPTS), 16, 16)
        for a in range(0, n, 100):
            total += F.avg_pool2d(self.take(np.arange(a, min(a + 100, n))).labels, self.size // 16).sum(0)
        return total / n
