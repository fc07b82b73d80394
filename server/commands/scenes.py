"""`unitbrush scenes`: a contact sheet of the world that the default model is trained on."""

from __future__ import annotations

import argparse
from pathlib import Path

from server.errors import UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument("output", type=Path, help="image file to write")
    parser.add_argument("--count", type=int, default=48, help="scenes to draw (default: 48)")
    parser.add_argument("--size", type=int, default=128, help="pixels a side (default: 128)")
    parser.add_argument("--columns", type=int, default=8, help="pictures in a row (default: 8)")
    parser.add_argument("--seed", type=int, default=0, help="the first scene (default: 0)")
    parser.add_argument("--labels", action="store_true", help="put each scene's labels beside it")


def run(args: argparse.Namespace) -> int:
    """Draw the sheet."""
    from server.lab.scenes.sheet import render_sheet

    try:
        render_sheet(args.output, args.count, args.size, args.columns, args.seed, args.labels)
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot write {args.output}: {error}") from error
    return 0
