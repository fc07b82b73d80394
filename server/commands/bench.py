"""`unitbrush bench`: what painting costs on this machine."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from server.commands.trust import add_trust, trusting_settings
from server.errors import UsageError
from server.files import write_text
from server.steps import finished

if TYPE_CHECKING:
    from server.lab.bench.timing import Timing
    from server.model.catalog import Catalog
    from server.settings import Settings

MANY, FEW = (1, 8, 64, 256, 1024), (1, 4)  # painters at once, on a GPU and without one
MOST_PAINTERS = 4096


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument("--model", help="the model (default: village)")
    parser.add_argument(
        "--seconds", type=float, help="for each measurement, about (default: 2), or of each drag (default: 10)"
    )
    parser.add_argument("--threads", type=int, default=0, help="threads of a render (default: as many as do best)")
    parser.add_argument("--precision", help="of drafts: auto, float32 or bfloat16 (default: auto)")
    parser.add_argument("--device", help="auto, cpu or cuda (default: auto)")
    parser.add_argument("--no-server", action="store_true", help="leave out the way through a server")
    parser.add_argument(
        "--painters",
        type=painter_counts,
        metavar="N,N,...",
        help="how many paint at once on the server (default: 1,8,64,256,1024 on CUDA, 1,4 elsewhere)",
    )
    parser.add_argument(
        "--browser", action="store_true", help="measure only drags in a real Chromium, from the pointer to the frame"
    )
    add_trust(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="write the table as an SVG image, too")
    parser.add_argument(
        "--against",
        type=Path,
        metavar="OLD",
        help="say what changed since a run whose --json is in that file; with --browser also a folder with another"
        " version's checkout, on which it drags by turns",
    )
    parser.add_argument("--turns", type=int, help="drags on each server (default: 1, or 3 against a checkout)")
    parser.add_argument("--busy", type=int, default=0, metavar="N", help="drag beside so many processes that spin")


def run(args: argparse.Namespace) -> int:
    """Measure, and print a table whose ratios are against the plain full pass of the same run, or a drag's figures."""
    _check(args)
    if args.browser:
        from server.lab.bench.drags import drag_lines

        document = measure_browser(args)
        print(json.dumps(document, indent=2) if args.json else drag_lines(document))
        return 0
    from server.lab.bench.report import changes, plot, read_document, table

    old = read_document(args.against) if args.against else None
    document = measure_all(args)
    print(json.dumps(document, indent=2) if args.json else table(document))
    if args.plot:
        write_text(args.plot, plot(document))
    if old is not None:
        print(changes(old, document), file=sys.stderr if args.json else sys.stdout)
    return 0


def _check(args: argparse.Namespace) -> None:
    """Fill in what was left out. Raises UsageError for what does not go together."""
    if args.seconds is None:
        args.seconds = 10.0 if args.browser else 2.0
    if args.turns is None:
        args.turns = 3 if args.browser and args.against and args.against.is_dir() else 1
    elif not args.browser:
        raise UsageError("--turns says how many drags there are; say --browser, too")
    if args.busy and not args.browser:
        raise UsageError("--busy is for drags; say --browser, too")
    if args.browser and (args.no_server or args.plot):
        raise UsageError("--browser measures drags on a server; leave out --no-server and --plot")
    for name, low, high in (("seconds", 0, 600), ("turns", 1, 100), ("busy", 0, 64)):
        value = getattr(args, name)
        if not low <= value <= high or (name == "seconds" and not value):
            raise UsageError(f"--{name} is {value}; it takes {low} to {high}")


def measure_browser(args: argparse.Namespace) -> dict[str, Any]:
    """Drags in a browser, as one JSON-able document."""
    from contextlib import ExitStack

    from server.app import make_painter
    from server.lab.bench.browser import require_browser
    from server.lab.bench.busy import busy_cores
    from server.lab.bench.drags import checkout_at, drags_by_turns, read_drag, shares, since, summary
    from server.lab.bench.wire import running_server
    from server.painting.painter import Painter

    checkout = checkout_at(args.against) if args.against else None
    old = read_drag(args.against) if args.against and checkout is None else None
    require_browser()
    settings, catalog = _installed(args)
    model, painter = catalog.get(), make_painter(catalog, settings)
    assert isinstance(painter, Painter)
    with ExitStack() as running:
        ports = [running.enter_context(running_server(settings))[0]]
        if checkout:
            ports.append(running.enter_context(running_server(settings, checkout))[0])
        running.enter_context(busy_cores(args.busy, len(ports) * args.turns * (args.seconds + 60)))
        drags, *others = drags_by_turns(ports, args.seconds, args.turns)
    drag = summary(drags)
    before: dict[str, Any] | None = None
    if others:
        before = {"of": str(args.against), "drag": summary(others[0]), "shares": shares(drags, others[0])}
    elif old is not None:
        before = {"of": str(args.against), "drag": old["drag"], "shares": since(drag, old["drag"])}
    return {
        "schema": 1,
        "model": {"name": model.name, "resolution": model.generator.resolution, "size": model.generator.size},
        "machine": machine(painter.device),
        "busy": args.busy,
        "browser": drags[0].browser,
        "first_picture_ms": round(drags[0].first_picture_ms, 1),
        "drag": drag,
        "before": before,
    }


def measure_all(args: argparse.Namespace) -> dict[str, Any]:
    """Everything but the browser, as one JSON-able document."""
    from server.app import make_painter
    from server.lab.bench.compared import MISSING, inpainting
    from server.lab.bench.painters import allow_painters, measure_painters
    from server.lab.bench.parts import cells_picture, edits, encoders, passes, updates
    from server.lab.bench.timing import measure_by_turns
    from server.lab.bench.wire import peak_bytes, round_trips, running_server
    from server.model.threads import choose_threads, left_open, waits_asleep
    from server.painting.painter import Painter
    from server.painting.picture import Picture

    settings, catalog = _installed(args)
    model = catalog.get()
    painter = make_painter(catalog, settings)
    assert isinstance(painter, Painter)
    choice = None
    if left_open(settings.threads) and painter.device == "cpu":
        first = Picture(model.name, 0)
        choice = finished(choose_threads(lambda: painter.render(first), os.cpu_count() or 1))
        settings = settings.model_copy(update={"threads": choice.count})  # the server's too
    finished(painter.measure_drafts())
    pixels = painter.render(cells_picture(model, 2, corner=False))
    others = inpainting(cells_picture(model, 2, corner=False), pixels)
    parts = (passes(model, painter.device), edits(painter, model), updates(painter, model), encoders(painter, model))
    works = {name: work for part in (*parts, others) for name, work in part.items()}
    timings = measure_by_turns(works, args.seconds)
    memory = None
    crowds: list[dict[str, Any]] = []
    if not args.no_server:
        counts = args.painters or (MANY if painter.device.startswith("cuda") else FEW)
        allow_painters(max(counts))
        settings = settings.model_copy(update={"max_sockets": max(counts) + settings.max_sockets})
        with running_server(settings) as (port, process):
            timings += _watched(round_trips(port, model, args.seconds))
            crowds, seen = measure_painters(port, painter, counts, args.seconds)
            timings += _watched(seen)
            memory = peak_bytes(process)
    drafts = painter.drafts
    return {
        "schema": 1,
        "model": {"name": model.name, "resolution": model.generator.resolution, "size": model.generator.size},
        "machine": machine(painter.device),
        "thread_choice": {
            "sleep": waits_asleep(),
            "alone": choice and {str(count): round(ms, 3) for count, ms in choice.alone.items()},
            "beside": choice and {str(count): round(ms, 3) for count, ms in choice.beside.items()},
        },
        "drafts": str(painter.draft_dtype).removeprefix("torch."),
        "bfloat16": drafts
        and {
            "time": round(drafts.time, 3),
            "mean_error": round(drafts.mean_error, 3),
            "largest_error": drafts.largest_error,
        },
        "timings": [
            {
                "name": t.name,
                "median_ms": round(t.median_ms, 4),
                "slow_ms": round(t.slow_ms, 4),
                "low_ms": round(t.low_ms, 4),
                "high_ms": round(t.high_ms, 4),
                "of_plain_pass": round(t.median_ms / timings[0].median_ms, 4),
                "runs": t.runs,
            }
            for t in timings
        ],
        "painters": crowds,
        "notes": [] if others else [MISSING],
        "server_peak_bytes": memory,
    }


def painter_counts(text: str) -> tuple[int, ...]:
    """`1,8,64`. Raises ValueError, which argparse tells."""
    counts = tuple(int(part) for part in text.split(","))
    if not all(0 < count <= MOST_PAINTERS for count in counts):
        raise ValueError
    return counts


def machine(device: str) -> dict[str, Any]:
    """What the numbers were measured on."""
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


def _installed(args: argparse.Namespace) -> tuple[Settings, Catalog]:
    """The settings that the options make, and their models; torch gets its threads."""
    import torch

    from server.model.catalog import Catalog

    settings = trusting_settings(
        args,
        threads=args.threads or None,
        precision=args.precision,
        device=args.device,
        default_model=args.model,
    )
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
