"""The files that ship, made of a run's state, and the state made of them again.

`models/<name>/` gets

- `generator.safetensors`: the averaged generator, float32, in the published names;
- `segmenter.safetensors`, `judge.safetensors`: two segmenters trained apart, float16;
- `training.safetensors`: what going on from here needs (raw generator, label head, guides, discriminators), float16;
- `training.json`: the run's settings; `model.json`: title, licence, source and checksums.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from safetensors.torch import load_file, save_file
from torch import Tensor

from server.files import CARD, GENERATOR, JUDGE, SEGMENTER, file_sha256, write_text, write_whole
from server.lab.train.config import save_config
from server.lab.train.state import RunState
from server.model.progressive import ProgressiveGenerator

SEGMENTERS = (SEGMENTER, JUDGE)
TRAINING, SETTINGS, EVALUATION = "training.safetensors", "training.json", "evaluation.json"


def save_tensors(path: Path, tensors: dict[str, Tensor]) -> None:
    """Write named tensors, whole or not at all."""
    write_whole(path, lambda part: save_file({k: v.contiguous().cpu() for k, v in tensors.items()}, str(part)))


def training_tensors(state: RunState) -> dict[str, Tensor]:
    """All that a run needs to go on, less the averages (they restart from the raw weights), float16 where float."""
    tensors = {k: v for k, v in state.state_dict().items() if not k.startswith("average.")}
    return {k: v.half() if v.is_floating_point() else v for k, v in tensors.items()}


def export_model(run: Path, state: RunState, folder: Path, title: str, license: str) -> None:
    """Write the model's files into `folder`; segmenters are taken from the run's folder."""
    folder.mkdir(parents=True, exist_ok=True)
    save_tensors(folder / GENERATOR, {k: v.float() for k, v in state.average["generator"].state_dict().items()})
    save_tensors(folder / TRAINING, training_tensors(state))
    save_config(folder / SETTINGS, state.config)
    for name in SEGMENTERS:
        if (run / name).exists():
            shutil.copyfile(run / name, folder / name)
    names = (GENERATOR, *SEGMENTERS, TRAINING)
    sums = {name: file_sha256(folder / name) for name in names if (folder / name).exists()}
    card = {
        "schema": 1,
        "title": title,
        "license": license,
        "family": ProgressiveGenerator.family,
        "source": "Trained by unitbrush train, on villages that this project renders",
        "citation": f"Unitbrush, an open GANPaint: the model {title}",
        "generator": GENERATOR,
        "sha256": sums,
    }
    write_text(folder / CARD, json.dumps(card, indent=2) + "\n")


def resume_from_model(folder: Path, state: RunState) -> None:
    """Fill `state` from shipped files, so that training goes on where the shipped weights were made.

    Raises FileNotFoundError where the folder has no training weights.
    """
    own = state.state_dict()
    tensors, shipped = load_file(str(folder / TRAINING)), load_file(str(folder / GENERATOR))
    for name, tensor in tensors.items():
        own[name] = tensor.to(own[name].dtype)
    for name in own:
        if name.startswith("average."):
            _, maker, rest = name.split(".", 2)
            own[name] = shipped[rest] if maker == "generator" else own[f"{maker}.{rest}"]
    state.load_state_dict(own)
