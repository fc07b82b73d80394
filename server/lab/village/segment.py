"""`python -m server.lab.village.segment RUN`: train two segmenters apart on the renderings of a run's store.

They lie in `RUN/segmenters` then, as `segmenter.safetensors` and `judge.safetensors`, with a `log.txt`; one that is
there already is kept. They learn on windows of pictures, whose labels are the concepts of their parts.
"""

from __future__ import annotations

import argparse
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
_MOST = 120_000  # windows: more teach nothing


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


def train_segmenters(run: Path, pictures: StoredPictures, minutes: float, images: int = _MOST, batch: int = 16) -> None:
    """Train both, each for half of the time at most, into `run/segmenters`."""
    folder = run / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    log = open_log(folder)
    for seed, name in enumerate(SEGMENTERS):
        if not (folder / name).exists():
            limit, cpu = 30 * minutes, torch.device("cpu")
            iou = train_segmenter(pictures, folder / name, seed, images, log, cpu, batch, limit)
            log(f"{name}: IoU on pictures held out {json.dumps(iou)}")


def main() -> None:
    """Read the options and train."""
    parser = argparse.ArgumentParser(prog="python -m server.lab.village.segment", description=__doc__)
    parser.add_argument("run", type=Path, help="folder of the run")
    parser.add_argument("--scenes", type=Path, help="folder of the store (default: scenes in the run's)")
    parser.add_argument("--minutes", type=float, default=60.0, help="for both together, at most (default: 60)")
    parser.add_argument("--threads", type=int, default=1, help="threads (default: 1)")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    train_segmenters(args.run, StoredPictures.of(args.scenes or args.run / "scenes"), args.minutes)


if __name__ == "__main__":
    main()
