"""`unitbrush train`: the default model from nothing, or further from what was shipped."""

from __future__ import annotations

import argparse
from pathlib import Path

from server.commands.device import add_device
from server.errors import UsageError
from server.lab.train.config import SIZES, STAGES, config_for, load_config


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument("run", type=Path, help="folder of the run; an interrupted one goes on where it stopped")
    parser.add_argument("--model", type=Path, help="folder the model is written to (default: models/village)")
    parser.add_argument("--config", type=Path, metavar="JSON", help="settings of a new run (default: built in)")
    parser.add_argument("--size", type=int, choices=SIZES, help="pixels a side in a new run (default: 128)")
    parser.add_argument("--resume", choices=STAGES, metavar="STAGE", help="go on with the shipped model at this stage")
    parser.add_argument("--images", type=int, default=100_000, help="images to go on for (default: 100000)")
    parser.add_argument(
        "--segmenter-images", type=int, default=120_000, help="images a segmenter sees (default: 120000)"
    )
    parser.add_argument("--weights-only", action="store_true", help="no dissection, directions and card afterwards")
    parser.add_argument("--threads", type=int, help="threads (default: one for each core)")
    add_device(parser)
    parser.add_argument("--compile", action="store_true", help="let torch compile the networks first")


def run(args: argparse.Namespace) -> int:
    """Train, with progress bars."""
    import os

    from server.lab.train.pipeline import Machine, resume, train
    from server.model.device import device_named
    from server.settings import read_settings

    model = args.model or read_settings().models_dir / "village"
    threads = args.threads or os.cpu_count() or 1
    if args.images < 1 or args.segmenter_images < 1 or threads < 1:
        raise UsageError("images and threads are whole numbers above 0")
    if args.size is not None and (args.config is not None or args.resume is not None):
        raise UsageError("--size is for a new run whose other settings are built in")
    machine = Machine(device_named(args.device), threads, args.compile)
    try:
        if args.resume is not None:
            resume(args.run, model, args.resume, args.images, machine)
        else:
            config = load_config(args.config) if args.config else config_for(args.size) if args.size else None
            train(args.run, model, config, machine, args.segmenter_images)
    except (OSError, ValueError) as error:
        raise UsageError(str(error)) from error
    return 0 if args.weights_only else _finish(model, read_settings().results_dir, threads, args.device)


def _finish(model: Path, results: Path, threads: int, device: str) -> int:
    """Dissect the model, find its directions and write its card. Returns the exit status."""
    from server.cli import main
    from server.lab.train.card import write_card

    where = ["--models-dir", str(model.parent), "--results-dir", str(results), "--threads", str(threads)]
    for command in (["dissect", "--device", device], ["directions"]):
        if status := main([*command, model.name, *where]):
            return status
    if (model / "notes.md").exists():
        write_card(model, results / model.name)
    return 0
