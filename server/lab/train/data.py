"""Rendered scenes, drawn in batches to train on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from server.lab.scenes.absent import without
from server.lab.scenes.answer import BrushStroke
from server.lab.scenes.canvas import Array
from server.lab.scenes.concepts import CONCEPTS
from server.lab.scenes.latent import latent_of
from server.lab.scenes.scene import scene_of
from server.lab.train.layout import cell_shares
from server.lab.train.store import FIRST_SEED, Store, latents_of, onehot_of, pictures_of, unpacked
from server.lab.train.twins import answers, hidden_object, stroke_on

Index = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Views:
    """Pictures of scenes. images: (N, 3, R, R), -1..1; labels: (N, C, R, R), one-hot float32; layouts: (N, CHANNELS,
    16, 16), see `server.lab.train.layout`."""

    images: Tensor
    labels: Tensor
    layouts: Tensor


def _absent(latent: Array, index: int) -> Tensor | None:
    """What `SceneData.absent` gives, by the latent of the scene of that index."""
    if answers(index):
        return torch.from_numpy(latent)
    scene = scene_of(latent)
    hidden = hidden_object(scene, index)
    found = without(latent, scene, *hidden) if hidden else None
    return None if found is None else torch.from_numpy(found)


@dataclass(frozen=True)
class Batch:
    """Scenes, and the same that lack something: the twin, or where the twin answers a stroke, what it was made on."""

    scenes: Views
    twins: Views


class SceneData:
    """The scenes of a folder. The last `held_out` of those with pictures are never trained on."""

    def __init__(self, folder: Path, held_out: int) -> None:
        store = Store(folder)
        self.images, self.labels = store.open("images"), store.open("labels")
        self.layouts, self.more = store.open("layouts"), store.open("more")
        self.count, self.held_out = len(self.images), held_out
        self.size = int(self.images.shape[2])

    def take(self, index: Index) -> Batch:
        """The scenes of that index, (N,) integers, whole and lacking something."""
        fuller = np.array([int(answers(int(i))) for i in index])  # which of the two has more
        return Batch(self.views(index, fuller), self.views(index, 1 - fuller))

    def latents(self, index: Index) -> Tensor:
        """The latents that mean the scenes of that index, (N, D)."""
        return torch.cat([latents_of(int(i), int(i) + 1) for i in index])

    def absent(self, i: int) -> Tensor | None:
        """The latent (D,) of scene i lacking what `take` says it lacks; None where no latent lacks just that."""
        return _absent(latent_of(FIRST_SEED + i), i)

    def brushed(self, i: int) -> BrushStroke | None:
        """The stroke that the twin of scene i answers, if it does."""
        return stroke_on(scene_of(latent_of(FIRST_SEED + i)), i) if answers(i) else None

    def views(self, index: Index, twin: int | Index = 0) -> Views:
        """The scenes of that index alone, or their twins alone; one for all or one each."""
        return Views(
            pictures_of(self.images[index, twin]),
            onehot_of(self.labels[index, twin]),
            unpacked(self.layouts[index, twin]),
        )

    def chance(self, rng: np.random.Generator, n: int) -> Index:
        """Indices of n scenes to train on, in order."""
        return np.sort(rng.integers(0, self.count - self.held_out, n))

    def chance_twin(self, rng: np.random.Generator, answering: bool) -> int:
        """The index of a scene to train on whose twin answers a stroke, or does not."""
        while True:
            found = int(rng.integers(0, self.count - self.held_out))
            if answers(found) == answering:
                return found

    def draw(self, rng: np.random.Generator, n: int) -> Batch:
        """n scenes by chance, with their twins."""
        return self.take(self.chance(rng, n))

    def _held(self, n: int) -> Index:
        first = self.count - self.held_out
        return np.arange(first, first + n)

    def held(self, n: int) -> Batch:
        """The first n held-out scenes."""
        return self.take(self._held(n))

    def held_views(self, n: int) -> Views:
        """The first n held-out scenes alone."""
        return self.views(self._held(n))

    def held_latents(self, n: int) -> Tensor:
        """The latents of the first n held-out scenes, (n, D)."""
        return self.latents(self._held(n))

    def some_layouts(self, n: int) -> Tensor:
        """The layouts of the first n scenes (fewer where there are fewer), (n, CHANNELS, 16, 16)."""
        return unpacked(np.array(self.layouts[:n, 0]))

    def shares(self, n: int = 1000) -> Tensor:
        """Mean share of each concept in each cell over n scenes (fewer where there are fewer): (C, 16, 16)."""
        return cell_shares(self.some_layouts(n)).mean(0)


@dataclass(frozen=True)
class Pair:
    """Layouts (CHANNELS, 16, 16) of a scene and of the same lacking something, and their latents (D,), None where no
    latent means just that. brushed: the stroke on the second that the first answers, if it does."""

    latent: Tensor | None
    absent: Tensor | None
    scene: Tensor
    twin: Tensor
    brushed: BrushStroke | None = None


class LayoutData:
    """Layouts and the latents that mean them, of all scenes but those held out."""

    def __init__(self, data: SceneData) -> None:
        self.count, self.apart = data.count, data.count - data.held_out
        self.layouts, self.more = data.layouts, data.more

    def __len__(self) -> int:
        return self.apart + len(self.more)

    def pair(self, i: int) -> Pair:
        """Pair i of as many as there are."""
        near = i < self.apart
        rows, index = (self.layouts[i], i) if near else (self.more[i - self.apart], i - self.apart + self.count)
        latent = latent_of(FIRST_SEED + index)
        own, twin = unpacked(np.array(rows))  # (CHANNELS, 16, 16) each
        if answers(index):
            return Pair(None, torch.from_numpy(latent), twin, own, stroke_on(scene_of(latent), index))
        return Pair(torch.from_numpy(latent), _absent(latent, index), own, twin)

    def draw(self, rng: np.random.Generator, n: int) -> list[Pair]:
        """n pairs by chance."""
        return [self.pair(int(i)) for i in rng.integers(0, len(self), n)]


def concept_weights(shares: Tensor) -> Tensor:
    """(1, C, 1, 1): rare concepts count more, by the inverse root of their share of the pixels.

    shares: (C, 16, 16), see `SceneData.shares`.
    """
    freq = shares.mean((1, 2))  # (C,)
    w = (freq + 0.004).rsqrt()
    return (w / (w * freq).sum()).view(1, len(CONCEPTS), 1, 1)
