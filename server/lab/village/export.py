"""`python -m server.lab.village.export RUN MODEL`: the files that ship, made of a run's averaged weights.

`MODEL` gets `generator.safetensors`, float16, the two segmenters of `RUN/segmenters` (`server.lab.village.segment`)
where they are trained, and `model.json`: title, licence, source, checksums, and the scenes to begin with, some of them
grounds with nothing on them. `unitbrush dissect` and `unitbrush directions` do the rest.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file

from server.files import CARD, GENERATOR, JUDGE, file_sha256, write_text, write_whole
from server.lab.scenes.scene import Scene
from server.lab.village.evaluate import clearest_seeds
from server.lab.village.segment import FOLDER, SEGMENTERS
from server.lab.village.train import CHECKPOINT
from server.lab.village.world import sample_village
from server.model.decided import DecidedGenerator
from server.model.segmenter import load_segmenter
from server.model.weights import load_generator

_AMONG = 10_000  # seeds that empty grounds are looked for in
_DAY = 0.3  # of night, at most: grounds are to be seen
_GROUNDS = ("meadow", "winter", "shore")
_FIRST = 3  # scenes with things on them, before the empty ones


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
        "source": "Trained by Unitbrush on villages that this project renders",
        "citation": f"Unitbrush, an open GANPaint: the model {title}",
        "generator": GENERATOR,
        "sha256": {name: file_sha256(model / name) for name in files},
        "scenes": scenes_of(generator, model / JUDGE, scenes),
    }
    write_text(model / CARD, json.dumps(card, indent=2) + "\n")


def scenes_of(generator: DecidedGenerator, judge: Path, count: int) -> list[int]:
    """Where to begin painting: what the judge in that file sees clearest, and among the first empty grounds, to begin
    from nothing. Without a judge the grounds alone."""
    grounds = empty_grounds()
    if not judge.exists():
        return grounds
    clear = clearest_seeds(generator.frozen(), load_segmenter(judge), keep=count)
    clear = [seed for seed in clear if seed not in grounds]
    return [*clear[:_FIRST], *grounds, *clear[_FIRST:]][:count]


def empty_grounds() -> list[int]:
    """The first seeds that mean an empty meadow, an empty field in winter and an empty shore, by day."""
    found: dict[str, int] = {}
    for seed in range(_AMONG):
        scene = sample_village(seed)
        if not (scene.buildings or scene.trees) and scene.light.night < _DAY:
            found.setdefault(_ground(scene), seed)
        if len(found) == len(_GROUNDS):
            break
    return [found[ground] for ground in _GROUNDS if ground in found]


def _ground(scene: Scene) -> str:
    if scene.water is not None:
        return "shore"
    return "winter" if scene.light.snow > 0.5 else "meadow"


def main() -> None:
    """Read the options and export."""
    parser = argparse.ArgumentParser(prog="python -m server.lab.village.export", description=__doc__)
    parser.add_argument("run", type=Path, help="folder of the run")
    parser.add_argument("model", type=Path, help="folder that the model is written to")
    parser.add_argument("--title", default="Village", help="of the model (default: Village)")
    args = parser.parse_args()
    export(args.run, args.model, args.title)


if __name__ == "__main__":
    main()
