"""`unitbrush serve`: the studio and the API on one port."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from server.commands.trust import add_trust, trusting_settings
from server.errors import UsageError

if TYPE_CHECKING:
    from server.settings import Settings

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
    "database": (
        str,
        "a PostgreSQL database to keep them in, which servers may share; better given as UNITBRUSH_DATABASE",
    ),
    "default-model": (str, "the model of a picture that names none (default: village)"),
    "device": (str, "auto, cpu or cuda (default: auto)"),
    "threads": (int, "threads a render may use on the CPU (default: as many as do best, measured at start)"),
    "precision": (str, "of drafts: auto, float32 or bfloat16 (default: auto, by measuring at start)"),
    "allowed-hosts": (str, "further host names to answer to, separated by commas"),
    "allowed-origins": (str, "other origins whose pages may call, separated by commas"),
}
CLUSTER_OPTIONS: dict[str, tuple[type, str]] = {
    "cluster-address": (str, "Ray cluster to join, as auto or host:port; without one it is started on this machine"),
    "studios": (int, "processes that take calls (default: 1)"),
    "min-painters": (int, "painters at least (default: 1)"),
    "max-painters": (int, "painters at most, as load asks for them (default: 4)"),
    "painter-gpus": (float, "share of a GPU that each painter has, as 0.25 (default: 0, it paints on the CPU)"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options; each is also an environment variable, UNITBRUSH_HOST for --host."""
    _add_options(parser, OPTIONS)
    add_trust(parser)
    parser.add_argument(
        "--training", action="store_true", default=None, help="let callers have a model's encoder trained, for hours"
    )
    parser.add_argument("--access-log", action="store_true", help="log every request")
    parser.add_argument(
        "--cluster", action="store_true", help="on many machines, by Ray Serve (pip install 'unitbrush[cluster]')"
    )
    _add_options(parser.add_argument_group("of a cluster"), CLUSTER_OPTIONS)


def _add_options(parser: argparse._ActionsContainer, options: dict[str, tuple[type, str]]) -> None:
    for name, (kind, text) in options.items():
        parser.add_argument(f"--{name}", type=kind, default=None, help=text, metavar=name.rpartition("-")[2].upper())


def run(args: argparse.Namespace) -> int:
    """Serve until a signal stops it."""
    names = [name.replace("-", "_") for name in (*OPTIONS, *CLUSTER_OPTIONS)]
    given: dict[str, Any] = {name: getattr(args, name) for name in (*names, "training")}
    settings = trusting_settings(args, **given)
    if args.cluster:
        return _run_cluster(settings)
    from server.commands.serving import run_server

    return run_server(settings, access_log=args.access_log, out=sys.stderr)


def _run_cluster(settings: Settings) -> int:
    try:
        from server.commands.clustering import run_cluster
    except ImportError as error:
        if (error.name or "").partition(".")[0] != "ray":
            raise
        raise UsageError("--cluster needs Ray; pip install 'unitbrush[cluster]'") from error
    return run_cluster(settings, out=sys.stderr)
