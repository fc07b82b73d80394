"""Drags by turns: of this version, and of another one beside it."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from server.errors import UsageError
from server.lab.bench.browser import Drag, measure_drag
from server.lab.bench.report import Document, headline

COMPARED = {"median_ms": "of the time from event to frame", "frames_per_second": "of the frames"}


def checkout_at(path: Path) -> Path | None:
    """Another version's folder; None where the path is no folder. Raises UsageError for another folder."""
    if not path.is_dir():
        return None
    if not (path / "server" / "cli.py").is_file():
        raise UsageError(f"{path} is no checkout of Unitbrush: it has no server/cli.py")
    return path


def drags_by_turns(ports: Sequence[int], seconds: float, turns: int) -> list[list[Drag]]:
    """By server, as many drags as turns, in a turn one of each after the other and in the next the other way round, so
    that whatever else the machine does meets all alike. Raises what `measure_drag` raises."""
    drags: list[list[Drag]] = [[] for _ in ports]
    for turn in range(turns):
        servers = list(enumerate(ports))
        for i, port in servers[::-1] if turn % 2 else servers:
            drags[i].append(measure_drag(port, seconds))
    return drags


def summary(drags: Sequence[Drag]) -> Document:
    """Of the drags on one server: their seconds and events in all, the medians of the rest."""

    def middle(values: Sequence[float], digits: int = 1) -> float:
        return round(statistics.median(values), digits)

    return {
        "turns": len(drags),
        "seconds": round(sum(drag.seconds for drag in drags), 2),
        "events": sum(drag.events for drag in drags),
        "median_ms": middle([drag.median_ms for drag in drags]),
        "slow_ms": middle([drag.slow_ms for drag in drags]),
        "frames_per_second": middle([drag.frames_per_second for drag in drags]),
        "costs_ms": {
            name: middle([drag.costs[name] for drag in drags if name in drag.costs], 2) for name in drags[0].costs
        },
    }


def shares(drags: Sequence[Drag], before: Sequence[Drag]) -> dict[str, float]:
    """The median over the turns of each figure's share of the one that the other version had in the same turn."""
    turns = list(zip(drags, before, strict=True))
    return {
        name: round(statistics.median(getattr(a, name) / getattr(b, name) for a, b in turns), 3) for name in COMPARED
    }


def read_drag(path: Path) -> Document:
    """Another run's. Raises UsageError."""
    try:
        document: Document = json.loads(path.read_text())
        for name in COMPARED:
            if not document["drag"][name] > 0:
                raise ValueError(name)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} is neither a checkout nor what `unitbrush bench --browser --json` prints") from error
    return document


def since(drag: Document, before: Document) -> dict[str, float]:
    """Each figure's share of the one of another run."""
    return {name: round(drag[name] / before[name], 3) for name in COMPARED}


def drag_lines(document: Document) -> str:
    """A document of drags for people."""
    lines = [
        f"{headline(document)}, {document['browser']}",
        "",
        f"from asking for the page to its first picture: {document['first_picture_ms']:.0f} ms",
        *_lines("", document["drag"]),
    ]
    if document["busy"]:
        lines.append(f"beside {document['busy']} busy {'core' if document['busy'] == 1 else 'cores'}")
    before = document["before"]
    if before:
        lines += ["", *_lines(f"{before['of']}: ", before["drag"]), ""]
        lines += [f"{share:.2f} {COMPARED[name]} that {before['of']} has" for name, share in before["shares"].items()]
    return "\n".join(lines)


def _lines(of: str, drag: dict[str, Any]) -> list[str]:
    lines = [
        f"dragged for {drag['seconds']:.1f} s, {drag['events']} pointer events",
        f"from a pointer event to the frame that shows it: median {drag['median_ms']:.1f} ms,"
        f" 9 of 10 under {drag['slow_ms']:.1f} ms",
        f"frames shown a second: {drag['frames_per_second']:.1f}",
    ]
    if "costs_ms" in drag:  # earlier versions did not measure them
        costs = ", ".join(f"{name} {ms:.1f}" for name, ms in drag["costs_ms"].items())
        lines.append(f"the browser's processor time, ms a frame: {costs}")
    return [of + line for line in lines]
