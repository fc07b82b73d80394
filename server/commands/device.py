"""The option that names the device a command runs on."""

from __future__ import annotations

import argparse
import re


def add_device(parser: argparse.ArgumentParser) -> None:
    """Add `--device`; `server.model.device.device_named` reads it."""
    parser.add_argument("--device", default="auto", type=_name, help="auto, cpu, cuda or cuda:1 (default: auto)")


def _name(text: str) -> str:
    if re.fullmatch(r"auto|cpu|cuda(:\d+)?", text) is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not auto, cpu or cuda")
    return text
