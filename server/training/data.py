"""Scenes to train on, rendered once to disk: each with a twin that lacks one of its objects.

A twin is pixel for pixel the same scene without, say, its second tree. That makes painting a supervised task where
it can be one: removing the tree must give the twin, and drawing a tree on the twin must give a tree like this one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.lib.format import open_memmap
from torch import Tensor

from server.scenes.concepts import CONCEPTS
from server.scenes.render import objects, render
from server.scenes.scene import Scene, sample_scene

CHUNK = 250
# Scenes to train on are those of seeds from here on, so that the seeds people begin at were never seen in training.
FIRST_SEED = 1_000_000


@dataclass(frozen=True)
class Batch:
    """Scenes and their twins. images: (N, 3, R, R), -1..1; labels: (N, C, R, R), one-hot float32."""

    images: Tensor
    labels: Tensor
    twin_images: Tensor
    twin_labels: Tensor


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


def halve_scenes(source: Path, folder: Path) -> None:
    """Write the scenes of `source` at half the size: pixels averaged, labels of every second pixel."""
    images = np.load(source / "images.npy", mmap_mode="r")
    labels = np.load(source / "labels.npy", mmap_mode="r")
    n, _, size = images.shape[:3]
    half = size // 2
    folder.mkdir(parents=True, exist_ok=True)
    small = open_memmap(folder / "images.npy", "w+", np.uint8, (n, 2, half, half, 3))
    maps = open_memmap(folder / "labels.npy", "w+", np.uint8, (n, 2, half, half))
    for a in range(0, n, CHUNK):
        x = images[a : a + CHUNK].reshape(-1, 2, half, 2, half, 2, 3).astype(np.uint16)
        small[a : a + CHUNK] = (x.sum((3, 5)) + 2) // 4
        maps[a : a + CHUNK] = labels[a : a + CHUNK, :, ::2, ::2]
    small.flush()
    maps.flush()


class SceneData:
    """Rendered scenes, drawn in batches; the last `held_out` of them are never trained on."""

    def __init__(self, folder: Path, held_out: int) -> None:
        self.images = np.load(folder / "images.npy", mmap_mode="r")
        self.labels = np.load(folder / "labels.npy", mmap_mode="r")
        self.count, self.held_out = len(self.images), held_out
        self.size = int(self.images.shape[2])

    def take(self, index: np.ndarray) -> Batch:
        """The scenes of that index, (N,) integers."""
        index = np.sort(index)
        x = torch.from_numpy(self.images[index]).permute(1, 0, 4, 2, 3)  # (2, N, 3, R, R), uint8
        y = torch.from_numpy(self.labels[index]).permute(1, 0, 2, 3).long()  # (2, N, R, R)
        pictures = [(p.float() / 127.5 - 1).contiguous(memory_format=torch.channels_last) for p in x]
        onehot = [F.one_hot(q, len(CONCEPTS)).permute(0, 3, 1, 2).float() for q in y]  # channels last already
        return Batch(pictures[0], onehot[0], pictures[1], onehot[1])

    def draw(self, rng: np.random.Generator, n: int) -> Batch:
        """n scenes by chance."""
        return self.take(rng.integers(0, self.count - self.held_out, n))

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
