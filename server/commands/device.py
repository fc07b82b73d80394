"""The device that a command runs on."""

from __future__ import annotations

import argparse

from server.commands.usage import UsageError


def add_device(parser: argparse.ArgumentParser) -> None:
    """The option that names it."""
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"), help="default: auto")


def device_named(wanted: str) -> str:
    """The device of that name; of "auto", CUDA where there is one. Raises UsageError where it is not here."""
    import torch

    if wanted == "cuda" and not torch.cuda.is_available():
        raise UsageError("there is no CUDA device here; use --device cpu")
    return ("cuda" if torch.cuda.is_available() else "cpu") if wanted == "auto" else wanted
