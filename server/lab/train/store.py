"""The store of scenes to train on, rendered once to disk, each with its twin and with its layout."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from numpy.lib.format import open_memmap
from torch import Tensor

from server.lab.scenes.concepts import CONCEPTS
from server.lab.scenes.latent import LATENT_DIM
from server.lab.scenes.render import render
from server.lab.scenes.scene import sample_scene, scene_of
from server.lab.train.layout import CHANNELS, GRID, Expected, layouts_of, light, own_colours
from server.lab.train.twins import twin_of
from server.model.latents import latents_of
from server.model.pixels import to_images

CHUNK, PIECE = 250, 25
# Scenes to train on are those of seeds from here on, so that the seeds people begin at were never seen in training.
FIRST_SEED = 1_000_000
# How many scenes the colours that concepts have in some light are learnt from.
_FITTED = 2000

Bytes = npt.NDArray[np.uint8]


def scene_latents(indices: Iterable[int]) -> Tensor:
    """The latents of the scenes of those indices, (N, D)."""
    return latents_of([FIRST_SEED + int(i) for i in indices], LATENT_DIM)


def onehot_of(labels: Bytes) -> Tensor:
    """(N, R, R) to (N, C, R, R) float32, channels last."""
    return torch.eye(len(CONCEPTS))[torch.from_numpy(labels).long()].permute(0, 3, 1, 2)


def unpacked(layouts: Bytes) -> Tensor:
    """Stored layouts to float32 in 0..1."""
    return torch.from_numpy(layouts).float() / 255


def _packed(layouts: Tensor) -> Bytes:
    return (layouts.clamp(0, 1) * 255 + 0.5).byte().numpy()


@dataclass(frozen=True)
class SceneStore:
    """The files of a data folder, uint8 arrays: images (count, 2, R, R, 3), labels (count, 2, R, R) and layouts (count,
    2, CHANNELS, 16, 16) of scenes and their twins, and more (M, 2, CHANNELS, 16, 16), the layouts alone of the M scenes
    that follow and of their twins. Beside each lies which of its chunks are done."""

    folder: Path

    def create(self, name: str, shape: tuple[int, ...]) -> None:
        """An array of zeros with nothing done, unless it exists."""
        if not self._path(name).exists():
            np.save(self._path(f"{name}-done"), np.zeros(-(-shape[0] // CHUNK), bool))
            open_memmap(self._path(name), "w+", np.uint8, shape).flush()

    def open(self, name: str, mode: Literal["r", "r+"] = "r") -> Bytes:
        """An array, mapped into memory."""
        array: Bytes = np.load(self._path(name), mmap_mode=mode)
        return array

    def done(self, name: str) -> npt.NDArray[np.bool_]:
        """Which chunks of an array are done; to be written to."""
        chunks: npt.NDArray[np.bool_] = np.load(self._path(f"{name}-done"), mmap_mode="r+")
        return chunks

    def expected(self) -> Expected:
        """The colours that concepts have in some light, learnt from the first scenes where that was not done yet."""
        path = self._path("expected")
        if not path.exists():
            np.save(path, self._fitted().weights.numpy())
        return Expected(torch.from_numpy(np.load(path)))

    def _fitted(self) -> Expected:
        images, labels = self.open("images"), self.open("labels")
        count = min(_FITTED, len(images))
        sums = []
        for a in range(0, count, PIECE):
            part = slice(a, min(a + PIECE, count))
            colours, shares = own_colours(to_images(np.array(images[part, 0])), onehot_of(np.array(labels[part, 0])))
            sums.append((colours.mean((3, 4)), shares.mean((3, 4))))  # (N, C, 3), (N, C, 1)
        colours, shares = (torch.cat(parts) for parts in zip(*sums, strict=True))
        return Expected.fitted(colours, shares, light(scene_latents(range(count))))

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.npy"


def _pictures(store: SceneStore, first: int, last: int, size: int) -> None:
    """The pictures of scenes and twins."""
    images, labels = store.open("images", "r+"), store.open("labels", "r+")
    for i in range(first, last):
        scene = sample_scene(FIRST_SEED + i)
        images[i, 0], labels[i, 0] = render(scene, size)
        images[i, 1], labels[i, 1] = twin_of(scene, i).drawn(size)


def _layouts(store: SceneStore, first: int, last: int, size: int) -> None:
    """The layouts of scenes and twins whose pictures are done."""
    images, labels, layouts = store.open("images"), store.open("labels"), store.open("layouts", "r+")
    expected, z = store.expected(), scene_latents(range(first, last))
    scenes = [scene_of(row.numpy()) for row in z]
    for twin in range(2):
        x, y = to_images(np.array(images[first:last, twin])), onehot_of(np.array(labels[first:last, twin]))
        layouts[first:last, twin] = _packed(layouts_of(x, y, z, scenes, expected))


def _more(store: SceneStore, first: int, last: int, size: int) -> None:
    """Layouts alone, of scenes and twins."""
    more, count = store.open("more", "r+"), len(store.open("images"))
    expected, z = store.expected(), scene_latents(range(count + first, count + last))
    scenes = [scene_of(row.numpy()) for row in z]
    twins = [twin_of(scene, count + first + i) for i, scene in enumerate(scenes)]
    for i, drawn in enumerate(([render(scene, size) for scene in scenes], [twin.drawn(size) for twin in twins])):
        images, labels = (np.stack(part) for part in zip(*drawn, strict=True))
        more[first:last, i] = _packed(layouts_of(to_images(images), onehot_of(labels), z, scenes, expected))


_PARTS: dict[str, Callable[[SceneStore, int, int, int], None]] = {
    "images": _pictures,
    "layouts": _layouts,
    "more": _more,
}


def _chunk(folder: Path, name: str, first: int, last: int, size: int) -> None:
    """One chunk of an array, unless it is done."""
    store = SceneStore(folder)
    done = store.done(name)
    if done[first // CHUNK]:
        return
    torch.set_num_threads(1)  # one process a core
    for a in range(first, last, PIECE):
        _PARTS[name](store, a, min(a + PIECE, last), size)
    done[first // CHUNK] = True


def render_scenes(folder: Path, count: int, more: int, size: int, processes: int | None = None) -> Iterator[int]:
    """Render the scenes from FIRST_SEED on below `folder`, with their twins: `count` of them, and the layouts alone of
    `more` after them. Yields how many of the 2 count + more arrays' rows are done.

    A chunk once finished is not rendered again, so an interrupted run goes on where it stopped.
    """
    folder.mkdir(parents=True, exist_ok=True)
    store, layout = SceneStore(folder), (CHANNELS, GRID, GRID)
    store.create("labels", (count, 2, size, size))
    store.create("images", (count, 2, size, size, 3))
    store.create("layouts", (count, 2, *layout))
    store.create("more", (more, 2, *layout))
    before = 0
    with ProcessPoolExecutor(processes or os.cpu_count(), mp_context=get_context("spawn")) as pool:
        for name, rows in (("images", count), ("layouts", count), ("more", more)):
            if name != "images":
                store.expected()  # once, before processes ask for it
            chunks = [(a, min(rows, a + CHUNK)) for a in range(0, rows, CHUNK)]
            jobs = [pool.submit(_chunk, folder, name, first, last, size) for first, last in chunks]
            for (_, last), job in zip(chunks, jobs, strict=True):
                job.result()
                yield before + last
            before += rows
