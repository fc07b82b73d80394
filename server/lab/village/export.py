"""The files that ship, made of a run's averaged weights.

The model's folder gets `generator.safetensors`, float16, the two segmenters where they are trained, and `model.json`:
title, licence, source, checksums, and the scenes to begin with, some of them grounds with nothing on them.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from server.files import CARD, GENERATOR, JUDGE, file_sha256, write_text, write_whole
from server.lab.scenes.scene import Scene, sample_scene
from server.lab.village.evaluate import best_seeds, sampled, segmenter_input
from server.lab.village.segment import FOLDER, SEGMENTERS
from server.lab.village.train import CHECKPOINT
from server.model.decided import DecidedGenerator
from server.model.generator import Generator
from server.model.segmenter import UNet, load_segmenter
from server.model.weights import load_generator

_AMONG = 10_000  # seeds that empty grounds are looked for in
_DAY = 0.3  # of night, at most: grounds are to be seen
_GROUNDS = ("meadow", "winter", "shore")
_TRIED = 4  # seeds of each
_THINGS = ("tree", "wall", "roof", "dome", "door", "window")
_FIRST = 3  # scenes with things on them, in broad daylight, before the empty ones


def export(run: Path, model: Path, title: str = "Village", scenes: int = 24) -> None:
    """Write the model's files into the folder `model`. scenes: how many the card names. Raises OSError, and ValueError
    where the run has no checkpoint of such a generator."""
    averaged = torch.load(run / CHECKPOINT, map_location="cpu", weights_only=True)["averaged"]
    model.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.half().contiguous() for name, tensor in averaged.items()}
    write_whole(model / GENERATOR, lambda part: save_file(tensors, str(part)))
    generator = load_generator(model / GENERATOR)
    if not isinstance(generator, DecidedGenerator):
        raise ValueError(f"{run / CHECKPOINT} holds a {generator.family}")
    for name in SEGMENTERS:
        if (run / FOLDER / name).exists():
            shutil.copyfile(run / FOLDER / name, model / name)
    files = [name for name in (GENERATOR, *SEGMENTERS) if (model / name).exists()]
    card = {
        "schema": 1,
        "title": title,
        "license": "CC0-1.0",
        "family": DecidedGenerator.family,
        "source": "Trained by unitbrush train, on villages that this project renders",
        "citation": f"Unitbrush, an open GANPaint: the model {title}",
        "generator": GENERATOR,
        "sha256": {name: file_sha256(model / name) for name in files},
        "scenes": scenes_of(generator, model / JUDGE, scenes),
    }
    write_text(model / CARD, json.dumps(card, indent=2) + "\n")


def scenes_of(generator: DecidedGenerator, judge: Path, count: int) -> list[int]:
    """Where to begin painting: the scenes that are drawn best, as the judge in that file sees them, and among the first
    empty grounds, to begin from nothing. Without a judge the grounds alone."""
    grounds = empty_grounds()
    if not judge.exists():
        return [seeds[0] for seeds in grounds]
    frozen, segmenter = generator.frozen(), load_segmenter(judge)
    empty = [emptiest(frozen, segmenter, seeds) for seeds in grounds]
    best = [seed for seed in best_seeds(frozen, segmenter, keep=count) if seed not in empty]
    first = sorted(best, key=lambda seed: sample_scene(seed).light.night > 0)[:_FIRST]
    return [*first, *empty, *(seed for seed in best if seed not in first)][:count]


def empty_grounds() -> list[list[int]]:
    """The first seeds that mean an empty meadow, an empty field in winter and an empty shore, by day: a few of each."""
    by_ground: dict[str, list[int]] = {ground: [] for ground in _GROUNDS}
    for seed in range(_AMONG):
        scene = sample_scene(seed)
        if scene.buildings or scene.trees or scene.light.night > _DAY:
            continue
        seeds = by_ground[_ground(scene)]
        if len(seeds) < _TRIED:
            seeds.append(seed)
        if min(map(len, by_ground.values())) == _TRIED:
            break
    return [*by_ground.values()]


def _ground(scene: Scene) -> str:
    if scene.water is not None:
        return "shore"
    return "winter" if scene.light.snow > 0.5 else "meadow"


def emptiest(generator: Generator, judge: UNet, seeds: Sequence[int]) -> int:
    """Of these seeds the one in whose picture the judge sees least of what stands on the ground."""
    things = [judge.concepts.index(name) for name in _THINGS]
    seen = [float(judge(segmenter_input(x)).softmax(1)[0, things].sum(0).mean()) for x in sampled(generator, seeds)]
    return seeds[int(np.argmin(seen))]
