"""`unitbrush bench`: what painting costs on this machine."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from server.commands.trust import add_trust, trusting_settings
from server.errors import UsageError

if TYPE_CHECKING:
    from server.lab.bench.timing import Timing
    from server.model.catalog import Catalog
    from server.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument("--model", help="the model (default: village)")
    parser.add_argument(
        "--seconds", type=float, help="for each measurement, about (default: 2), or of the drag (default: 10)"
    )
    parser.add_argument("--threads", type=int, default=0, help="threads of a render (default: one for each core)")
    parser.add_argument("--device", help="auto, cpu or cuda (default: auto)")
    parser.add_argument("--no-server", action="store_true", help="leave out the way through a server")
    parser.add_argument(
        "--browser", action="store_true", help="measure only a drag in a real Chromium, from the pointer to the frame"
    )
    add_trust(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Measure, and print a table whose ratios are against the plain full pass of the same run, or a drag's figures."""
    if args.seconds is None:
        args.seconds = 10.0 if args.browser else 2.0
    if not 0 < args.seconds <= 600:
        raise UsageError(f"--seconds is {args.seconds}; it takes 0 to 600")
    if args.browser and args.no_server:
        raise UsageError("--browser measures a server; leave out --no-server")
    document = measure_browser(args) if args.browser else measure_all(args)
    as_text = drag_lines if args.browser else table
    print(json.dumps(document, indent=2) if args.json else as_text(document))
    return 0


def measure_browser(args: argparse.Namespace) -> dict[str, Any]:
    """A drag in a browser, as one JSON-able document."""
    from server.app import make_painter
    from server.lab.bench.browser import measure_drag, require_browser
    from server.lab.bench.wire import running_server
    from server.painting.painter import Painter

    require_browser()
    settings, catalog = _installed(args)
    model, painter = catalog.get(), make_painter(catalog, settings)
    assert isinstance(painter, Painter)
    with running_server(settings) as (port, _):
        drag = measure_drag(port, args.seconds)
    return {
        "schema": 1,
        "model": {"name": model.name, "resolution": model.generator.resolution},
        "machine": machine(painter.device),
        "browser": drag.browser,
        "first_picture_ms": round(drag.first_picture_ms, 1),
        "drag": {
            "seconds": round(drag.seconds, 2),
            "events": drag.events,
            "median_ms": round(drag.median_ms, 1),
            "slow_ms": round(drag.slow_ms, 1),
            "frames_per_second": round(drag.frames_per_second, 1),
        },
    }


def drag_lines(document: dict[str, Any]) -> str:
    """A drag's document for people."""
    drag = document["drag"]
    return "\n".join(
        [
            f"{headline(document)}, {document['browser']}",
            "",
            f"from asking for the page to its first picture: {document['first_picture_ms']:.0f} ms",
            f"dragged for {drag['seconds']:.1f} s, {drag['events']} pointer events",
            f"from a pointer event to the frame that shows it: median {drag['median_ms']:.1f} ms,"
            f" 9 of 10 under {drag['slow_ms']:.1f} ms",
            f"frames shown a second: {drag['frames_per_second']:.1f}",
        ]
    )


def measure_all(args: argparse.Namespace) -> dict[str, Any]:
    """Everything but the browser, as one JSON-able document."""
    from server.app import make_painter
    from server.lab.bench.parts import edits, encoders, passes
    from server.lab.bench.wire import peak_bytes, round_trips, running_server
    from server.painting.painter import Painter

    settings, catalog = _installed(args)
    model = catalog.get()
    painter = make_painter(catalog, settings)
    assert isinstance(painter, Painter)
    timings: list[Timing] = []
    for part in (passes(model, painter.device, args.seconds), edits(painter, model, args.seconds)):
        timings += _watched(part)
    timings += _watched(encoders(painter, model, args.seconds))
    memory = None
    if not args.no_server:
        with running_server(settings) as (port, process):
            timings += _watched(round_trips(port, model, args.seconds))
            memory = peak_bytes(process)
    return {
        "schema": 1,
        "model": {"name": model.name, "resolution": model.generator.resolution},
        "machine": machine(painter.device),
        "drafts": str(painter.draft_dtype).removeprefix("torch."),
        "timings": [
            {
                "name": t.name,
                "median_ms": round(t.median_ms, 3),
                "slow_ms": round(t.slow_ms, 3),
                "of_plain_pass": round(t.median_ms / timings[0].median_ms, 3),
                "runs": t.runs,
            }
            for t in timings
        ],
        "server_peak_bytes": memory,
    }


def machine(device: str) -> dict[str, Any]:
    """What the numbers were measured on."""
    import os
    import platform

    import torch

    return {
        "system": platform.platform(),
        "device": torch.cuda.get_device_name() if device.startswith("cuda") else "cpu",
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def headline(document: dict[str, Any]) -> str:
    """What was measured where."""
    model, host = document["model"], document["machine"]
    return (
        f"{model['name']}, {model['resolution']} pixels, on {host['device']} with {host['threads']} threads"
        f" of {host['cores']} cores, torch {host['torch']}"
    )


def table(document: dict[str, Any]) -> str:
    """The document for people."""
    lines = [
        f"{headline(document)}, drafts in {document['drafts']}",
        "",
        f"{'':24}{'median ms':>11}{'9 of 10 ms':>12}{'of plain pass':>14}{'runs':>7}",
    ]
    for t in document["timings"]:
        lines.append(f"{t['name']:24}{t['median_ms']:11.2f}{t['slow_ms']:12.2f}{t['of_plain_pass']:14.2f}{t['runs']:7}")
    if document["server_peak_bytes"] is not None:
        lines += ["", f"the server's peak memory: {document['server_peak_bytes'] / 2**20:.0f} MiB"]
    return "\n".join(lines)


def _installed(args: argparse.Namespace) -> tuple[Settings, Catalog]:
    """The settings that the options make, and their models; torch gets its threads."""
    import torch

    from server.model.catalog import Catalog

    settings = trusting_settings(args, threads=args.threads or None, device=args.device, default_model=args.model)
    if settings.threads:
        torch.set_num_threads(settings.threads)
    return settings, Catalog(
        settings.models_dir, settings.results_dir, settings.default_model, settings.trusted_modules
    )


def _watched(timings: Iterable[Timing]) -> list[Timing]:
    """The timings, each named on stderr when it is there, where somebody looks."""
    seen = []
    for timing in timings:
        if sys.stderr.isatty():
            print(f"{timing.name}: {timing.median_ms:.2f} ms", file=sys.stderr)
        seen.append(timing)
    return seen
