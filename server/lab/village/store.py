"""Scenes and their twins, drawn once to disk: pictures, maps of parts, sketches, and the edits that lead from one to
the other.

The twin of a scene of even index lacks something; that of an odd one answers a stroke.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.lib.format import open_memmap
from torch import Tensor
from tqdm import tqdm

from server.files import write_text
from server.lab.scenes.latent import LATENT_DIM
from server.lab.scenes.scene import Scene, scene_of
from server.lab.village.answer import answered, random_stroke
from server.lab.village.colours import GRID, Expected
from server.lab.village.drawing import Drawing, draw_village
from server.lab.village.hidden import hidden_object
from server.lab.village.parts import KINDS
from server.lab.village.sketch import (
    CHANNELS,
    asked_kinds,
    expected_colours,
    removal_alpha,
    sketches_of,
    stroke_alpha,
)
from server.model.latents import latent_of

SIZE = 256
# Scenes of training have seeds from here on, so that pictures of small seeds are new to the model.
FIRST_SEED = 2**31
_FITTED = 200


@dataclass(frozen=True)
class Store:
    """images: (N, 2, 256, 256, 3); parts: (N, 2, 256, 256); sketches: (N, 2, CHANNELS, 16, 16) of float16, a scene and
    its twin; alphas: (N, 2, kinds, 16, 16) of uint8, 255 the most: the edit that leads from the scene to the twin, and,
    where the twin lacks something, a drawing of it that leads back. Arrays lie on disk.

    Of the N scenes, the first so many are drawn as the file `done` says; `grow` draws more, so that training can begin
    with few."""

    images: np.ndarray
    parts: np.ndarray
    sketches: np.ndarray
    alphas: np.ndarray
    done: Path
    expected: Expected

    @property
    def drawn(self) -> int:
        """How many scenes are drawn."""
        return int(self.done.read_text()) if self.done.exists() else 0

    def grow(self, to: int) -> None:
        """Draw scenes until so many are drawn, or all that there is room for."""
        first = self.drawn
        last = min(to, len(self.images))
        if first >= last:
            return
        for index in tqdm(range(first, last), desc="scenes", mininterval=10, disable=last - first < 20):
            _fill(self, index)
        write_text(self.done, str(last))


_SHAPES: dict[str, tuple[tuple[int, ...], type]] = {
    "images": ((2, SIZE, SIZE, 3), np.uint8),
    "parts": ((2, SIZE, SIZE), np.uint8),
    "sketches": ((2, CHANNELS, GRID, GRID), np.float16),
    "alphas": ((2, len(KINDS), GRID, GRID), np.uint8),
}


def seed_at(index: int) -> int:
    """The seed of the scene of that index."""
    return FIRST_SEED + index


def scene_at(index: int) -> Scene:
    """The scene of that index."""
    return scene_of(latent_of(seed_at(index), LATENT_DIM))


def open_store(folder: Path, count: int) -> Store:
    """The store of up to `count` scenes in a folder. Raises ValueError where it has room for another number."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {}
    for name, (shape, kind) in _SHAPES.items():
        path = folder / f"{name}.npy"
        mode: Literal["r+", "w+"] = "r+" if path.exists() else "w+"
        arrays[name] = open_memmap(path, mode, dtype=kind, shape=(count, *shape))
        if len(arrays[name]) != count:
            raise ValueError(f"{folder} has room for {len(arrays[name])} scenes, not {count}")
    return Store(**arrays, done=folder / "done.txt", expected=fitted_colours())


def fitted_colours() -> Expected:
    """The colours that concepts have on average in some light, fitted on the first scenes."""
    scenes = [scene_at(index) for index in range(_FITTED)]
    return expected_colours([draw_village(scene, 64) for scene in scenes], scenes)


def _fill(store: Store, index: int) -> None:
    rng = np.random.default_rng([index, 0x19])
    scene = scene_at(index)
    before = draw_village(scene, SIZE)
    if index % 2:
        stroke = random_stroke(rng, scene)
        after = draw_village(answered(scene, stroke), SIZE)
        sketches = sketches_of([before, after], [scene] * 2, store.expected)
        alone = asked_kinds(sketches[0], sketches[1], stroke.concept) if rng.random() < 0.4 else None
        alphas = torch.stack([stroke_alpha(stroke, alone), torch.zeros(len(KINDS), GRID, GRID)])
    else:
        after = draw_village(scene, SIZE, hidden_object(scene, index))
        sketches = sketches_of([before, after], [scene] * 2, store.expected)
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
