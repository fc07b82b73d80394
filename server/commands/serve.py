"""`unitbrush serve`: the studio and the API on one port."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from server.commands.trust import add_trust, trusting_settings

OPTIONS: dict[str, tuple[type, str]] = {
    "host": (str, "address to listen on; 0.0.0.0 is every network (default: 127.0.0.1)"),
    "port": (int, "port to listen on; 0 picks a free one (default: 8000)"),
    "root-path": (str, "path that a proxy serves the studio under, as /studio, whether it strips that or not"),
    "token": (
        str,
        "a secret every call has to carry; better given as UNITBRUSH_TOKEN, which no process list shows",
    ),
    "models-dir": (Path, "folder of models"),
    "results-dir": (Path, "folder of dissections"),
    "data-dir": (Path, "folder where pictures are kept"),
    "default-model": (str, "the model of a picture that names none (default: village)"),
    "device": (str, "auto, cpu or cuda (default: auto)"),
    "threads": (int, "threads a render may use on the CPU (default: as many as do best, measured at start)"),
    "precision": (str, "of drafts: auto, float32 or bfloat16 (default: auto, by measuring at start)"),
    "allowed-hosts": (str, "further host names to answer to, separated by commas"),
    "allowed-origins": (str, "other origins whose pages may call, separated by commas"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options; each is also an environment variable, UNITBRUSH_HOST for --host."""
    for name, (kind, text) in OPTIONS.items():
        parser.add_argument(f"--{name}", type=kind, default=None, help=text, metavar=name.rpartition("-")[2].upper())
    add_trust(parser)
    parser.add_argument("--access-log", action="store_true", help="log every request")


def run(args: argparse.Namespace) -> int:
    """Serve until a signal stops it."""
    from server.commands.serving import run_server

    given: dict[str, Any] = {name.replace("-", "_"): getattr(args, name.replace("-", "_")) for name in OPTIONS}
    return run_server(trusting_settings(args, **given), access_log=args.access_log, out=sys.stderr)
