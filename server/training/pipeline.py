"""One command from nothing to weights and their evaluation: `unitbrush train`. Dissection and card come after it.

Every part is skipped where its outcome lies in the run's folder already, and goes on where it was interrupted.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from tqdm import tqdm

from server.generators.loader import load_generator
from server.segmentation.segmenter import load_segmenter
from server.training.config import TrainConfig, load_config, save_config
from server.training.data import SceneData, halve_scenes, render_scenes
from server.training.evaluate import clearest_seeds, compare
from server.training.export import export_model, resume_from_model
from server.training.segment import train_segmenter
from server.training.state import adopt, save_checkpoint
from server.training.train import Run

Log = Callable[[str], None]
SEGMENTERS = {"segmenter": 0, "judge": 1}


def _logger(folder: Path) -> Log:
    path = folder / "log.txt"

    def log(line: str) -> None:
        stamped = f"{time.strftime('%H:%M:%S')} {line}"
        tqdm.write(stamped)
        with path.open("a") as f:
            f.write(stamped + "\n")

    return log


def _small(config: TrainConfig) -> TrainConfig:
    """The run that comes before growing: half the resolution."""
    return replace(config, size=config.size // 2, widths=config.widths[:-1])


def _finished(folder: Path, stage: str) -> bool:
    return (folder / f"{stage}.done").exists()


def render_data(folder: Path, config: TrainConfig) -> None:
    """Render the scenes at full and at half size."""
    data, small = folder / "data", folder / "data-half"
    if not _finished(folder, "data"):
        with tqdm(total=config.scenes, desc="scenes", unit="scene") as bar:
            for done in render_scenes(data, config.scenes, config.size):
                bar.update(done - bar.n)
        halve_scenes(data, small)
        (folder / "data.done").touch()


def train_segmenters(folder: Path, config: TrainConfig, images: int, log: Log) -> None:
    """Train two segmenters apart: one to choose units, one to judge the choice."""
    data = SceneData(folder / "data", config.held_out)
    for name, seed in SEGMENTERS.items():
        path = folder / f"{name}.safetensors"
        if not path.exists():
            found = train_segmenter(data, path, seed, images, log)
            log(f"{name}: IoU on held-out scenes {json.dumps(found)}")
            (folder / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n")


def train_generator(folder: Path, config: TrainConfig, compiled: bool, log: Log) -> Run:
    """Tail, trunk and a joint stage at half size, then growing and a joint stage at full size. Returns the run."""
    half_folder = folder / "half"
    half_folder.mkdir(exist_ok=True)
    half = Run(half_folder, _small(config), SceneData(folder / "data-half", config.held_out), compiled, log)
    for stage in ("tail", "trunk", "joint"):
        if not _finished(half_folder, stage):
            half.stage(stage)
            (half_folder / f"{stage}.done").touch()
    run = Run(folder, config, SceneData(folder / "data", config.held_out), compiled, log)
    if not run.path.exists():
        new = adopt(run.state, half.state.state_dict())
        log(f"grown to {config.size} pixels; {len(new)} tensors are new")
        run.state.images_seen[2:] = 0
        save_checkpoint(run.path, run.state)
    for stage in ("grow", "joint"):
        if not _finished(folder, stage):
            run.stage(stage)
            (folder / f"{stage}.done").touch()
    return run


def evaluate(folder: Path, model: Path, config: TrainConfig, log: Log) -> None:
    """Compare the model's samples with renderings, into `evaluation.json` beside the weights, and list the clearest
    scenes in its card."""
    generator = load_generator(model / "generator.safetensors").fold()
    segmenter, judge = load_segmenter(model / "segmenter.safetensors"), load_segmenter(model / "judge.safetensors")
    report = compare(generator, SceneData(folder / "data", config.held_out), segmenter, judge)
    report["segmenters"] = {
        name: json.loads((folder / f"{name}.json").read_text())
        for name in SEGMENTERS
        if (folder / f"{name}.json").exists()
    }
    card = json.loads((model / "model.json").read_text())
    card["scenes"] = clearest_seeds(generator, judge)
    (model / "model.json").write_text(json.dumps(card, indent=2) + "\n")
    (model / "evaluation.json").write_text(json.dumps(report, indent=1) + "\n")
    log(f"Frechet distance {report['frechet']} (renderings against renderings {report['frechet_floor']})")


def train(
    folder: Path, model: Path, config: TrainConfig | None, compiled: bool, threads: int, segmenter_images: int
) -> None:
    """Everything up to the exported model, in `folder`; `config` is kept from an earlier start where None.

    Raises ValueError where the folder was begun with other settings.
    """
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(threads)
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
    train_segmenters(folder, config, segmenter_images, log)
    run = train_generator(folder, config, compiled, log)
    export_model(folder, run.state, model, title="Village", license="CC0-1.0")
    evaluate(folder, model, config, log)


def resume(folder: Path, model: Path, stage: str, images: int, compiled: bool, threads: int) -> None:
    """Go on from a shipped model for so many images of one stage, and export it again."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(threads)
    config = replace(load_config(model / "training.json"), **{f"{stage}_images": images})  # type: ignore[arg-type]
    log = _logger(folder)
    render_data(folder, config)
    run = Run(folder, config, SceneData(folder / "data", config.held_out), compiled, log)
    if int(run.state.images_seen.sum()) == 0:
        resume_from_model(model, run.state)
        run.state.images_seen.zero_()
    run.stage(stage)
    for name in SEGMENTERS:
        source = model / f"{name}.safetensors"
        (folder / source.name).write_bytes(source.read_bytes())
    export_model(folder, run.state, model, title="Village", license="CC0-1.0")
    evaluate(folder, model, config, log)
