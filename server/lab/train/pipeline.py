"""One command from nothing to weights and their evaluation, the first part of `unitbrush train`; dissection, directions
and card come after it.

Every part is skipped where its outcome lies in the run's folder already, and goes on where it was interrupted.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from tqdm import tqdm

from server.lab.train.config import TrainConfig, load_config, save_config
from server.lab.train.contact import write_sheets
from server.lab.train.data import SceneData
from server.lab.train.evaluate import clearest_seeds, compare
from server.lab.train.export import export_model, resume_from_model
from server.lab.train.segment import accuracy, train_segmenter
from server.lab.train.state import STAGES
from server.lab.train.store import render_scenes
from server.lab.train.train import Run
from server.model.segmenter import load_segmenter
from server.model.weights import load_generator

Log = Callable[[str], None]
SEGMENTERS = {"segmenter": 0, "judge": 1}


@dataclass(frozen=True)
class Machine:
    """What to train on: a device, threads of the CPU, and whether torch compiles the networks first."""

    device: torch.device
    threads: int
    compiled: bool


def _logger(folder: Path) -> Log:
    path = folder / "log.txt"

    def log(line: str) -> None:
        stamped = f"{time.strftime('%H:%M:%S')} {line}"
        tqdm.write(stamped)
        with path.open("a") as f:
            f.write(stamped + "\n")

    return log


def _finished(folder: Path, stage: str) -> bool:
    return (folder / f"{stage}.done").exists()


def render_data(folder: Path, config: TrainConfig) -> None:
    """Render the scenes."""
    with tqdm(total=2 * config.scenes + config.more_layouts, desc="scenes and layouts", unit="row") as bar:
        for done in render_scenes(folder / "data", config.scenes, config.more_layouts, config.size):
            bar.update(done - bar.n)


def train_segmenters(folder: Path, config: TrainConfig, images: int, log: Log, device: torch.device) -> None:
    """Train two segmenters apart: one to choose units, one to judge the choice."""
    data = SceneData(folder / "data", config.held_out)
    for name, seed in SEGMENTERS.items():
        path = folder / f"{name}.safetensors"
        if not path.exists():
            found = train_segmenter(data, path, seed, images, log, device)
            log(f"{name}: IoU on held-out scenes {json.dumps(found)}")


def train_generator(folder: Path, config: TrainConfig, log: Log, machine: Machine) -> Run:
    """Every stage in turn. Returns the run."""
    run = Run(folder, config, SceneData(folder / "data", config.held_out), machine.compiled, log, machine.device)
    for stage in STAGES:
        if not _finished(folder, stage):
            train_stage(run, stage)
            (folder / f"{stage}.done").touch()
    return run


def train_stage(run: Run, stage: str) -> None:
    """One stage, to its end; the averages that joint ends with are a mean of its own and of those before it."""
    before = run.folder / "before-joint.safetensors"
    if stage == "joint" and not before.exists():
        save_file({k: v.contiguous() for k, v in run.state.average.state_dict().items()}, str(before))
    run.stage(stage)
    if stage == "joint":
        run.state.soften(load_file(str(before)), run.config.joint_share)
        run.save(stage)


def evaluate(folder: Path, model: Path, config: TrainConfig, log: Log) -> None:
    """Compare the model's samples with renderings, into `evaluation.json` and sheets beside the weights, and list the
    clearest scenes in its card."""
    generator = load_generator(model / "generator.safetensors").fold()
    networks = {name: load_segmenter(model / f"{name}.safetensors") for name in SEGMENTERS}
    segmenter, judge = networks["segmenter"], networks["judge"]
    data = SceneData(folder / "data", config.held_out)
    report = compare(generator, data, segmenter, judge)
    report["segmenters"] = {name: accuracy(network, data) for name, network in networks.items()}
    card = json.loads((model / "model.json").read_text())
    card["scenes"] = clearest_seeds(generator, judge)
    (model / "model.json").write_text(json.dumps(card, indent=2) + "\n")
    write_sheets(model / "pictures", generator, data, judge)
    (model / "evaluation.json").write_text(json.dumps(report, indent=1) + "\n")
    log(f"Frechet distance {report['frechet']} (renderings against renderings {report['frechet_floor']})")


def train(folder: Path, model: Path, config: TrainConfig | None, machine: Machine, segmenter_images: int) -> None:
    """Everything up to the exported model, in `folder`; `config` is kept from an earlier start where None.

    Raises ValueError where the folder was begun with other settings.
    """
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(machine.threads)
    known = folder / "config.json"
    if known.exists():
        begun = load_config(known)
        if config is not None and config != begun:
            raise ValueError(f"{folder} was begun with other settings; use another folder or leave the settings out")
        config = begun
    config = config or TrainConfig()
    save_config(known, config)
    log = _logger(folder)
    render_data(folder, config)
    train_segmenters(folder, config, segmenter_images, log, machine.device)
    run = train_generator(folder, config, log, machine)
    export_model(folder, run.state, model, title="Village", license="CC0-1.0")
    evaluate(folder, model, config, log)


def resume(folder: Path, model: Path, stage: str, images: int, machine: Machine) -> None:
    """Go on from a shipped model for so many images of one stage, and export it again."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(machine.threads)
    config = replace(load_config(model / "training.json"), **{f"{stage}_images": images})  # type: ignore[arg-type]
    log = _logger(folder)
    render_data(folder, config)
    run = Run(folder, config, SceneData(folder / "data", config.held_out), machine.compiled, log, machine.device)
    if int(run.state.images_seen.sum()) == 0:
        resume_from_model(model, run.state)
        run.state.images_seen.zero_()
    train_stage(run, stage)
    for name in SEGMENTERS:
        source = model / f"{name}.safetensors"
        (folder / source.name).write_bytes(source.read_bytes())
    export_model(folder, run.state, model, title="Village", license="CC0-1.0")
    evaluate(folder, model, config, log)
