"""Scenes and their twins, drawn once to disk: pictures, maps of parts, sketches, and the edits that lead from one to
the other.

The twin of a scene of even index lacks something; that of an odd one answers a stroke.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.lib.format import open_memmap
from torch import Tensor
from tqdm import tqdm

from server.lab.scenes.latent import LATENT_DIM
from server.lab.scenes.scene import Scene
from server.lab.train.layout import Expected
from server.lab.train.twins import hidden_object
from server.lab.village.answer import answered, random_stroke
from server.lab.village.drawing import Drawing, draw_village
from server.lab.village.parts import KINDS
from server.lab.village.sketch import (
    CHANNELS,
    GRID,
    asked_kinds,
    expected_colours,
    removal_alpha,
    sketches_of,
    stroke_alpha,
)
from server.lab.village.world import village_of
from server.model.latents import latent_of

SIZE = 256
# Scenes of training have seeds from here on, so that pictures of small seeds are new to the model.
FIRST_SEED = 2**31
_FITTED = 200
_CHUNK = 20


@dataclass(frozen=True)
class Store:
    """images: (N, 2, 256, 256, 3); parts: (N, 2, 256, 256); sketches: (N, 2, CHANNELS, 16, 16) of float16, a scene and
    its twin; alphas: (N, 2, kinds, 16, 16) of uint8, 255 the most: the edit that leads from the scene to the twin, and,
    where the twin lacks something, a drawing of it that leads back. Arrays lie on disk."""

    images: np.ndarray
    parts: np.ndarray
    sketches: np.ndarray
    alphas: np.ndarray

    def __len__(self) -> int:
        return len(self.images)


_SHAPES: dict[str, tuple[tuple[int, ...], type]] = {
    "images": ((2, SIZE, SIZE, 3), np.uint8),
    "parts": ((2, SIZE, SIZE), np.uint8),
    "sketches": ((2, CHANNELS, GRID, GRID), np.float16),
    "alphas": ((2, len(KINDS), GRID, GRID), np.uint8),
}


def scene_at(index: int) -> Scene:
    """The scene of that index."""
    return village_of(latent_of(FIRST_SEED + index, LATENT_DIM))


def open_store(folder: Path, count: int) -> Store:
    """The store of `count` scenes in a folder; what is not drawn yet is drawn first."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {}
    for name, (shape, kind) in _SHAPES.items():
        path = folder / f"{name}.npy"
        arrays[name] = open_memmap(path, "r+" if path.exists() else "w+", dtype=kind, shape=(count, *shape))
        if len(arrays[name]) != count:
            raise ValueError(f"{folder} holds {len(arrays[name])} scenes, not {count}")
    store = Store(**arrays)
    done = folder / "done.txt"
    start = int(done.read_text()) if done.exists() else 0
    if start < count:
        expected = _expected(min(_FITTED, max(count, 40)))
        for first in tqdm(range(start, count, _CHUNK), desc="scenes", mininterval=10):
            for index in range(first, min(count, first + _CHUNK)):
                _fill(store, index, expected)
            done.write_text(str(min(count, first + _CHUNK)))
    return store


def _expected(count: int) -> Expected:
    scenes = [scene_at(index) for index in range(count)]
    return expected_colours([draw_village(scene, 64) for scene in scenes], scenes)


def _fill(store: Store, index: int, expected: Expected) -> None:
    rng = np.random.default_rng([index, 0x19])
    scene = scene_at(index)
    before = draw_village(scene, SIZE)
    if index % 2:
        stroke = random_stroke(rng, scene)
        after = draw_village(answered(scene, stroke), SIZE)
        sketches = sketches_of([before, after], [scene] * 2, expected)
        alone = asked_kinds(sketches[0], sketches[1], stroke.concept) if rng.random() < 0.4 else None
        alphas = torch.stack([stroke_alpha(stroke, alone), torch.zeros(len(KINDS), GRID, GRID)])
    else:
        after = draw_village(scene, SIZE, hidden_object(scene, index))
        sketches = sketches_of([before, after], [scene] * 2, expected)
        alphas = torch.stack([removal_alpha(sketches[0], sketches[1], rng), _back(sketches)])
    _put(store, index, (before, after), sketches, alphas)


def _back(sketches: Tensor) -> Tensor:
    """alpha (kinds, 16, 16) that draws what the second of two sketches lacks."""
    gone = (sketches[0] - sketches[1])[: len(KINDS)].clamp(0, 1)  # (kinds, 16, 16)
    return gone * (gone.amax((1, 2), keepdim=True) > 0.3)


def _put(store: Store, index: int, drawings: tuple[Drawing, Drawing], sketches: Tensor, alphas: Tensor) -> None:
    store.images[index] = np.stack([d.image for d in drawings])
    store.parts[index] = np.stack([d.parts for d in drawings])
    store.sketches[index] = sketches.numpy()
    store.alphas[index] = (alphas * 255).round().numpy()
