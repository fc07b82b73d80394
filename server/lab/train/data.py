"""Batches of rendered scenes to train on, and pairs of layouts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from server.lab.scenes.absent import without
from server.lab.scenes.answer import BrushStroke
from server.lab.scenes.scene import sample_scene, scene_of
from server.lab.train.layout import cell_shares
from server.lab.train.store import FIRST_SEED, SceneStore, onehot_of, scene_latents, unpacked
from server.lab.train.twins import answers, stroke_on
from server.lab.village.hidden import hidden_object
from server.model.pixels import to_images

Index = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Views:
    """Pictures of scenes. images: (N, 3, R, R), -1..1; labels: (N, C, R, R), one-hot float32; layouts: (N, CHANNELS,
    16, 16), see `server.lab.train.layout`."""

    images: Tensor
    labels: Tensor
    layouts: Tensor


def absent_latent(i: int) -> Tensor | None:
    """The latent (D,) of scene i lacking what `SceneData.take` says it lacks; None where no latent lacks just that."""
    latent = scene_latents([i])[0]  # (D,)
    if answers(i):
        return latent
    scene = scene_of(latent)
    hidden = hidden_object(scene, i)
    lacking = without(latent.numpy(), scene, *hidden) if hidden else None
    return None if lacking is None else torch.from_numpy(lacking)


def stroke_of(i: int) -> BrushStroke | None:
    """The stroke that the twin of scene i answers, if it does."""
    return stroke_on(sample_scene(FIRST_SEED + i), i) if answers(i) else None


@dataclass(frozen=True)
class Batch:
    """Scenes, and the same that lack something: the twin, or where the twin answers a stroke, what it was made on."""

    scenes: Views
    twins: Views


class SceneData:
    """The scenes of a folder. The last `held_out` of those with pictures are never trained on."""

    def __init__(self, folder: Path, held_out: int) -> None:
        store = SceneStore(folder)
        self.images, self.labels = store.open("images"), store.open("labels")
        self.layouts, self.more = store.open("layouts"), store.open("more")
        self.count, self.held_out = len(self.images), held_out

    def take(self, index: Index) -> Batch:
        """The scenes of that index, (N,) integers, whole and lacking something."""
        fuller = np.array([int(answers(int(i))) for i in index])  # which of the two has more
        return Batch(self.views(index, fuller), self.views(index, 1 - fuller))

    def views(self, index: Index, twin: int | Index = 0) -> Views:
        """The scenes of that index alone, or their twins alone; one for all or one each."""
        return Views(
            to_images(self.images[index, twin]),
            onehot_of(self.labels[index, twin]),
            unpacked(self.layouts[index, twin]),
        )

    def random_indices(self, rng: np.random.Generator, n: int) -> Index:
        """Indices of n scenes to train on, in order."""
        return np.sort(rng.integers(0, self.count - self.held_out, n))

    def random_index(self, rng: np.random.Generator, answering: bool) -> int:
        """The index of a scene to train on whose twin answers a stroke, or does not."""
        while True:
            i = int(rng.integers(0, self.count - self.held_out))
            if answers(i) == answering:
                return i

    def sample(self, rng: np.random.Generator, n: int) -> Batch:
        """n random scenes with their twins."""
        return self.take(self.random_indices(rng, n))

    def held_out_indices(self, n: int | None = None) -> Index:
        """Indices of the first n held-out scenes, or of all."""
        return np.arange(self.count - self.held_out, self.count)[:n]

    def some_layouts(self, n: int) -> Tensor:
        """The layouts of the first n scenes (fewer where there are fewer), (n, CHANNELS, 16, 16)."""
        return unpacked(np.array(self.layouts[:n, 0]))

    def shares(self, n: int = 1000) -> Tensor:
        """Mean share of each concept in each cell over n scenes (fewer where there are fewer): (C, 16, 16)."""
        return cell_shares(self.some_layouts(n)).mean(0)


@dataclass(frozen=True)
class Pair:
    """Layouts (CHANNELS, 16, 16) of a scene and of the same lacking something, and their latents (D,), None where no
    latent means just that. stroke: the one on the second that the first answers, if it does."""

    latent: Tensor | None
    absent: Tensor | None
    scene: Tensor
    twin: Tensor
    stroke: BrushStroke | None = None


class LayoutData:
    """Layouts and the latents that mean them, of all scenes but those held out."""

    def __init__(self, data: SceneData) -> None:
        self.count, self.trained = data.count, data.count - data.held_out
        self.layouts, self.more = data.layouts, data.more

    def __len__(self) -> int:
        return self.trained + len(self.more)

    def pair(self, i: int) -> Pair:
        """Pair i of as many as there are."""
        near = i < self.trained
        rows, index = (self.layouts[i], i) if near else (self.more[i - self.trained], i - self.trained + self.count)
        own, twin = unpacked(np.array(rows))  # (CHANNELS, 16, 16) each
        absent, stroke = absent_latent(index), stroke_of(index)
        if stroke is not None:
            return Pair(None, absent, twin, own, stroke)
        return Pair(scene_latents([index])[0], absent, own, twin)

    def sample(self, rng: np.random.Generator, n: int) -> list[Pair]:
        """n random pairs."""
        return [self.pair(int(i)) for i in rng.integers(0, len(self), n)]
