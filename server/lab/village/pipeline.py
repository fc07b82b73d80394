"""The whole training, from nothing to weights and what was measured of them: the first part of `unitbrush train`,
before dissection, directions and card.

Every stage is left out where the run's folder says that it is done, and goes on where it was interrupted.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from server.files import GENERATOR, write_text
from server.lab.training.log import open_log
from server.lab.training.segmenters import accuracy
from server.lab.village.card import EVALUATION
from server.lab.village.contact import write_sheets
from server.lab.village.evaluate import compare
from server.lab.village.export import export
from server.lab.village.segment import IMAGES, SEGMENTERS, StoredPictures, train_segmenters
from server.lab.village.train import Settings, train
from server.lab.village.trunk import TrunkSettings, train_trunk
from server.model.decided import DecidedGenerator
from server.model.segmenter import load_segmenter
from server.model.weights import load_generator


@dataclass(frozen=True)
class Recipe:
    """All that a run is told. segmenters: pictures that each of them sees; compared: pictures that samples and
    renderings are compared on."""

    trunk: TrunkSettings = field(default_factory=TrunkSettings)
    painter: Settings = field(default_factory=Settings)
    segmenters: int = IMAGES
    compared: int = 500


def train_village(folder: Path, model: Path, recipe: Recipe | None = None) -> None:
    """Everything up to the exported model: the trunk, those behind it, two segmenters, the files that ship, and how
    samples compare with renderings.

    folder: of the run; model: where the model is written to. Raises OSError, and ValueError where the folder was begun
    with another number of scenes.
    """
    told, scenes = recipe or Recipe(), folder / "scenes"
    _stage(folder, "trunk", lambda: train_trunk(folder, told.trunk))
    _stage(folder, "painter", lambda: train(folder, told.painter))
    _stage(folder, "segmenters", lambda: train_segmenters(folder, StoredPictures.of(scenes), told.segmenters))
    export(folder, model)
    measure(StoredPictures.of(scenes), model, told.compared)
    open_log(folder)(_summary(model))


def _stage(folder: Path, name: str, run: Callable[[], object]) -> None:
    """Run a stage that was not finished before."""
    done = folder / f"{name}.done"
    if not done.exists():
        run()
        done.touch()


def _summary(model: Path) -> str:
    report = json.loads((model / EVALUATION).read_text())
    return f"Frechet distance {report['frechet']} (renderings against renderings {report['frechet_floor']})"


def measure(scenes: StoredPictures, model: Path, count: int) -> None:
    """Compare an exported model's samples with `count` renderings, into `evaluation.json` and sheets beside the
    weights."""
    generator = load_generator(model / GENERATOR)
    assert isinstance(generator, DecidedGenerator)  # which `export` has seen to
    segmenter, judge = (load_segmenter(model / name) for name in SEGMENTERS)
    pictures = scenes.images[:, 0]
    report = compare(generator, pictures, segmenter, judge, count)
    report["segmenters"] = {"segmenter": accuracy(segmenter, scenes), "judge": accuracy(judge, scenes)}
    write_sheets(model / "pictures", generator.frozen(), pictures, judge)
    write_text(model / EVALUATION, json.dumps(report, indent=1) + "\n")
