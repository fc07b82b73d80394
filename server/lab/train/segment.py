"""Rendered scenes, as segmenters are trained on them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from server.lab.train.data import SceneData
from server.lab.training.segmenters import Labelled, concept_weights

HELD_OUT_BATCH = 50


@dataclass(frozen=True)
class RenderedPictures:
    """Scenes and, half of the time, their twins: what stands where a stroke drew it is to be known as well."""

    data: SceneData

    def weights(self) -> Tensor:
        """How much each concept counts, (C,)."""
        return concept_weights(self.data.shares(500).mean((1, 2)))

    def sample(self, rng: np.random.Generator, n: int) -> Labelled:
        """n random ones."""
        views = self.data.views(self.data.random_indices(rng, n), rng.integers(0, 2, n))
        return views.images, views.labels.argmax(1)

    def held_out(self) -> Iterator[Labelled]:
        """The scenes that are never trained on, in batches."""
        index = self.data.held_out_indices()
        for a in range(0, len(index), HELD_OUT_BATCH):
            views = self.data.views(index[a : a + HELD_OUT_BATCH])
            yield views.images, views.labels.argmax(1)
