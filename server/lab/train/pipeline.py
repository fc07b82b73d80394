"""The whole training, from nothing to weights and their evaluation: the first part of `unitbrush train`, before
dissection, directions and card.

Every part is skipped where its result lies in the run's folder already, and goes on where it was interrupted.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors.torch import load_file
from tqdm import tqdm

from server.files import CARD, GENERATOR, write_text
from server.lab.train.config import STAGES, TrainConfig, load_config, save_config
from server.lab.train.contact import write_sheets
from server.lab.train.data import SceneData
from server.lab.train.evaluate import clearest_seeds, compare
from server.lab.train.export import EVALUATION, SEGMENTERS, SETTINGS, export_model, resume_from_model, save_tensors
from server.lab.train.segment import RenderedPictures
from server.lab.train.store import render_scenes
from server.lab.train.train import TrainingRun
from server.lab.training.log import Log, open_log
from server.lab.training.segmenters import accuracy, train_segmenter
from server.model.progressive import ProgressiveGenerator
from server.model.segmenter import load_segmenter
from server.model.weights import load_generator

# Not `before-joint`: the checkpoints of older runs, which have that file, are softened already.
BEFORE_JOINT = "joint-start.safetensors"


@dataclass(frozen=True)
class Machine:
    """What to train on: a device, threads of the CPU, and whether torch compiles the networks first."""

    device: torch.device
    threads: int
    compiled: bool


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
    for seed, name in enumerate(SEGMENTERS):
        path = folder / name
        if not path.exists():
            iou = train_segmenter(RenderedPictures(data), path, seed, images, log, device)
            log(f"{path.stem}: IoU on held-out scenes {json.dumps(iou)}")


def train_generator(folder: Path, config: TrainConfig, log: Log, machine: Machine) -> TrainingRun:
    """Every stage in turn. Returns the run."""
    run = TrainingRun(
        folder, config, SceneData(folder / "data", config.held_out), machine.compiled, log, machine.device
    )
    for stage in STAGES:
        if not _finished(folder, stage):
            train_stage(run, stage)
            (folder / f"{stage}.done").touch()
    soften_joint(run)
    return run


def train_stage(run: TrainingRun, stage: str) -> None:
    """One stage, to its end. The averages that joint begins with are kept for `soften_joint`."""
    before = run.folder / BEFORE_JOINT
    if stage == "joint" and not before.exists():
        save_tensors(before, run.state.average.state_dict())
    run.stage(stage)


def soften_joint(run: TrainingRun) -> None:
    """Make of the averages a mean of what joint learnt and what it began with. The checkpoint keeps what it learnt, so
    that a run that goes on, or is started again at its end, is softened once."""
    before = run.folder / BEFORE_JOINT
    if before.exists():
        run.state.soften(load_file(str(before)), run.config.joint_share)


def evaluate(folder: Path, model: Path, config: TrainConfig, log: Log) -> None:
    """Compare the model's samples with renderings, into `evaluation.json` and sheets beside the weights, and list the
    clearest scenes in its card."""
    generator = load_generator(model / GENERATOR)
    assert isinstance(generator, ProgressiveGenerator)  # which training makes
    segmenter, judge = (load_segmenter(model / name) for name in SEGMENTERS)
    data = SceneData(folder / "data", config.held_out)
    report = compare(generator, data, segmenter, judge)
    held_out = RenderedPictures(data)
    report["segmenters"] = {"segmenter": accuracy(segmenter, held_out), "judge": accuracy(judge, held_out)}
    card = json.loads((model / CARD).read_text())
    card["scenes"] = clearest_seeds(generator, judge)
    write_text(model / CARD, json.dumps(card, indent=2) + "\n")
    write_sheets(model / "pictures", generator, data, judge)
    write_text(model / EVALUATION, json.dumps(report, indent=1) + "\n")
    log(f"Frechet distance {report['frechet']} (renderings against renderings {report['frechet_floor']})")


def train(folder: Path, model: Path, config: TrainConfig | None, machine: Machine, segmenter_images: int) -> None:
    """Everything up to the exported model, in `folder`; `config` is kept from an earlier start where None.

    Raises ValueError where the folder was begun with other settings.
    """
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(machine.threads)
    settings = folder / "config.json"
    if settings.exists():
        begun = load_config(settings)
        if config is not None and config != begun:
            raise ValueError(f"{folder} was begun with other settings; use another folder or leave the settings out")
        config = begun
    config = config or TrainConfig()
    save_config(settings, config)
    log = open_log(folder)
    render_data(folder, config)
    train_segmenters(folder, config, segmenter_images, log, machine.device)
    run = train_generator(folder, config, log, machine)
    export_model(folder, run.state, model, title="Village", license="CC0-1.0")
    evaluate(folder, model, config, log)


def resume(folder: Path, model: Path, stage: str, images: int, machine: Machine) -> None:
    """Go on from a shipped model for so many images of one stage, and export it again."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(machine.threads)
    config = replace(load_config(model / SETTINGS), **{f"{stage}_images": images})  # type: ignore[arg-type]
    log = open_log(folder)
    render_data(folder, config)
    run = TrainingRun(
        folder, config, SceneData(folder / "data", config.held_out), machine.compiled, log, machine.device
    )
    if int(run.state.images_seen.sum()) == 0:
        resume_from_model(model, run.state)
        run.state.images_seen.zero_()
    train_stage(run, stage)
    if stage == "joint":
        soften_joint(run)
    for name in SEGMENTERS:
        shutil.copyfile(model / name, folder / name)
    export_model(folder, run.state, model, title="Village", license="CC0-1.0")
    evaluate(folder, model, config, log)
