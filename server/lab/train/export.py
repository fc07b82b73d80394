"""From a run's checkpoint to the files that ship, and back again.

`models/<name>/` gets

- `generator.safetensors`: the averaged generator, float32, in the published names;
- `segmenter.safetensors`, `judge.safetensors`: two segmenters trained apart, float16;
- `training.safetensors`: what going on from here needs (raw generator, label head, guides, discriminators), float16;
- `training.json`: the run's settings; `model.json`: title, licence and checksums.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

from safetensors.torch import load_file, save_file
from torch import Tensor

from server.lab.train.config import save_config
from server.lab.train.state import RunState

MODEL_FILES = ("generator.safetensors", "segmenter.safetensors", "judge.safetensors", "training.safetensors")


def _digest(path: Path) -> str:
    with path.open("rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def averaged_generator(state: RunState) -> dict[str, Tensor]:
    """The tensors of the shipped generator, float32."""
    return {k: v.float().contiguous().cpu() for k, v in state.average["generator"].state_dict().items()}


def training_tensors(state: RunState) -> dict[str, Tensor]:
    """All that a run needs to go on, less the averages (they restart from the raw weights), float16 where float."""
    tensors = {k: v for k, v in state.state_dict().items() if not k.startswith("average.")}
    return {k: (v.half() if v.is_floating_point() else v).contiguous().cpu() for k, v in tensors.items()}


def export_model(run: Path, state: RunState, folder: Path, title: str, license: str) -> None:
    """Write the model's files into `folder`; segmenters are taken from the run's folder."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file(averaged_generator(state), str(folder / "generator.safetensors"))
    save_file(training_tensors(state), str(folder / "training.safetensors"))
    save_config(folder / "training.json", state.config)
    for name in ("segmenter.safetensors", "judge.safetensors"):
        if (run / name).exists():
            shutil.copyfile(run / name, folder / name)
    sums = {name: _digest(folder / name) for name in MODEL_FILES if (folder / name).exists()}
    card = {
        "schema": 1,
        "title": title,
        "license": license,
        "generator": "generator.safetensors",
        "sha256": sums,
    }
    (folder / "model.json").write_text(json.dumps(card, indent=2) + "\n")


def resume_from_model(folder: Path, state: RunState) -> None:
    """Fill `state` from shipped files, so that training goes on where the shipped weights were made.

    Raises FileNotFoundError where the folder has no training weights.
    """
    own = state.state_dict()
    tensors = load_file(str(folder / "training.safetensors"))
    shipped = load_file(str(folder / "generator.safetensors"))
    for name, tensor in tensors.items():
        own[name] = tensor.to(own[name].dtype)
    for name in own:
        if name.startswith("average."):
            _, maker, rest = name.split(".", 2)
            own[name] = shipped[rest] if maker == "generator" else own[f"{maker}.{rest}"]
    state.load_state_dict(own)
