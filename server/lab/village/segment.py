"""Two segmenters, trained apart on the renderings of a run's store: one to choose units, one to judge the choice.

They lie in the run's folder `segmenters`, with a `log.txt`. They learn on windows of pictures, whose labels are the
concepts of their parts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from server.files import JUDGE, SEGMENTER
from server.lab.scenes.concepts import CONCEPTS
from server.lab.training.log import open_log
from server.lab.training.segmenters import Labelled, concept_weights, train_segmenter
from server.lab.village.parts import CONCEPT_OF_PART
from server.model.pixels import Pixels, to_images

FOLDER = "segmenters"
SEGMENTERS = (SEGMENTER, JUDGE)
# Scenes that concepts are weighed by, and the first of the store, which are never trained on.
_WEIGHED, HELD_OUT = 200, 40
_WINDOW = 128  # pixels a side
IMAGES = 18_000  # windows that each sees


@dataclass(frozen=True)
class StoredPictures:
    """The pictures of a store and their twins, as windows of `window` pixels, or whole where they are held out.

    images: (N, 2, R, R, 3); parts: (N, 2, R, R)."""

    images: Pixels
    parts: Pixels
    window: int = _WINDOW

    @classmethod
    def of(cls, folder: Path, window: int = _WINDOW) -> StoredPictures:
        """Those drawn so far in the store of that folder. Raises OSError, ValueError where there is none."""
        drawn = int((folder / "done.txt").read_text())
        images, parts = (np.load(folder / f"{name}.npy", mmap_mode="r")[:drawn] for name in ("images", "parts"))
        return cls(images, parts, window)

    def weights(self) -> Tensor:
        """How much each concept counts, (C,)."""
        labels = CONCEPT_OF_PART[self.parts[:_WEIGHED, 0]]  # (N, R, R)
        shares = np.bincount(labels.ravel(), minlength=len(CONCEPTS)) / labels.size  # (C,)
        return concept_weights(torch.from_numpy(shares).float())

    def sample(self, rng: np.random.Generator, n: int) -> Labelled:
        """n random windows."""
        size = self.parts.shape[-1]
        index = np.sort(rng.integers(HELD_OUT, len(self.parts), n))
        places = np.stack([index, rng.integers(0, 2, n), *rng.integers(0, size - self.window + 1, (2, n))], 1)

        def cut(array: Pixels) -> Pixels:
            side = self.window
            return np.stack([array[i, twin, y : y + side, x : x + side] for i, twin, y, x in places])

        return to_images(cut(self.images)), _concepts(cut(self.parts))

    def held_out(self) -> Iterator[Labelled]:
        """The first scenes, whole."""
        for a in range(0, min(HELD_OUT, len(self.parts)), 10):
            yield to_images(self.images[a : a + 10, 0]), _concepts(self.parts[a : a + 10, 0])


def _concepts(parts: npt.NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(CONCEPT_OF_PART[parts].astype(np.int64))


def train_segmenters(run: Path, pictures: StoredPictures, images: int = IMAGES, batch: int = 16) -> None:
    """Train both on so many windows each, into `run/segmenters`; one that is there already is kept."""
    folder = run / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    log = open_log(folder)
    for seed, name in enumerate(SEGMENTERS):
        if not (folder / name).exists():
            iou = train_segmenter(pictures, folder / name, seed, images, log, torch.device("cpu"), batch)
            log(f"{name}: IoU on pictures held out {json.dumps(iou)}")
