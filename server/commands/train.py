"""`unitbrush train`: the default model from nothing, with its dissection, its directions and its card.

unitbrush train runs/village
unitbrush train runs/village --model models/mine --weights-only
"""

from __future__ import annotations

import argparse
from pathlib import Path

from server.commands.training import add_threads, use_threads
from server.errors import UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument("run", type=Path, help="folder of the run; an interrupted one goes on where it stopped")
    parser.add_argument("--model", type=Path, help="folder the model is written to (default: models/village)")
    parser.add_argument("--results-dir", type=Path, help="folder of dissections")
    parser.add_argument("--weights-only", action="store_true", help="no dissection, directions and card afterwards")
    add_threads(parser)


def run(args: argparse.Namespace) -> int:
    """Train, with progress bars."""

    from server.lab.village.pipeline import train_village
    from server.settings import read_settings

    settings = read_settings()
    model = args.model or settings.models_dir / "village"
    threads = use_threads(args)
    try:
        train_village(args.run, model)
        return 0 if args.weights_only else _finish(model, args.results_dir or settings.results_dir, threads)
    except (OSError, ValueError) as error:
        raise UsageError(str(error)) from error


def _finish(model: Path, results: Path, threads: int) -> int:
    """Dissect the model, find its directions and write its card. Returns the exit status."""
    from server.cli import main
    from server.lab.village.card import write_card

    where = ["--models-dir", str(model.parent), "--results-dir", str(results), "--threads", str(threads)]
    for command in ("dissect", "directions"):
        if status := main([command, model.name, *where]):
            return status
    if (model / "notes.md").exists():
        write_card(model, results / model.name)
    return 0
