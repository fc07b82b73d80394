"""What was tried, as JSON, and the brushes chosen from it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from server.lab.dissect.brushes import Tried
from server.lab.dissect.choice import choose_drawing, choose_removing
from server.lab.dissect.trials import Drawing, Removal
from server.lab.dissect.work import Arrays
from server.results.brush import Brush, RankedUnit, Removing

RUNNERS_UP = 8

Trials = Mapping[str, Mapping[str, Tried]]  # by layer, then by concept


def finite(document: Mapping[str, Any]) -> dict[str, Any]:
    """JSON knows no NaN: null stands for it. Other numbers keep five decimals."""
    return {k: (None if v != v else round(v, 5)) if isinstance(v, float) else v for k, v in document.items()}


def tried_document(tried: Tried) -> dict[str, Any]:
    """As JSON."""
    return {
        "rankings": {name: order.tolist() for name, order in tried.rankings.items()},
        "levels": {name: _numbers(level) for name, level in tried.levels.items()},
        "parts": [None if v != v else v for v in _numbers(tried.parts)],
        "bounds": finite(tried.bounds),
        "drawings": [finite(asdict(t)) for t in tried.drawings],
        "removals": [finite(asdict(t)) for t in tried.removals],
    }


def read_tried(document: Mapping[str, Any]) -> Tried:
    """From JSON."""

    def numbers(entry: Mapping[str, Any]) -> dict[str, Any]:
        return {k: math.nan if v is None else v for k, v in entry.items()}

    return Tried(
        {name: np.array(order, np.int64) for name, order in document["rankings"].items()},
        {name: np.array(level, np.float32) for name, level in document["levels"].items()},
        np.array([np.nan if v is None else v for v in document["parts"]], np.float32),
        dict(document["bounds"]),
        tuple(Drawing(**numbers(entry)) for entry in document["drawings"]),
        tuple(Removal(**numbers(entry)) for entry in document["removals"]),
    )


def bound_of(trials: Trials, concept: str) -> float:
    """The most that any trial of the concept drew, at any layer, up to what masks hold naturally."""
    return max((found[concept].gain() for found in trials.values() if concept in found), default=0.0)


def assemble(
    concepts: Sequence[str], arrays: Mapping[str, Arrays], trials: Trials
) -> tuple[list[Brush], list[dict[str, Any]]]:
    """The brushes of every concept at every layer, one of each concept's the best to draw with and one the best to
    remove with, and the record of the choice.
    """
    brushes: list[Brush] = []
    record: list[dict[str, Any]] = []
    for c, concept in enumerate(concepts):
        here = {layer: found[concept] for layer, found in trials.items() if concept in found}
        if not here:
            continue
        bound = bound_of(trials, concept)
        drawings = {layer: choose_drawing(found.drawings, bound) for layer, found in here.items()}
        removals = {layer: choose_removing(found.removals) for layer, found in here.items()}
        draws = _leader({layer: (t[0].pictures, t[0].score(bound)) for layer, t in drawings.items()})
        removes = _leader({layer: (t[0].pictures, t[0].score()) for layer, t in removals.items()})
        for layer, found in here.items():
            drawn, removed = drawings[layer][0], removals[layer][0]
            brushes.append(_brush(concept, c, found, drawn, removed, arrays[layer], layer == draws, layer == removes))
            record.append(
                {
                    "concept": concept,
                    "layer": layer,
                    "best": layer == draws,
                    "choice": [_scored(t, t.score(bound)) for t in drawings[layer][: 1 + RUNNERS_UP]],
                    "trials": [_scored(t, t.score(bound)) for t in found.drawings],
                    "drawn_by_all": finite(found.bounds),
                    "remove": {
                        "best": layer == removes,
                        "choice": [_scored(t, t.score()) for t in removals[layer][: 1 + RUNNERS_UP]],
                        "trials": [_scored(t, t.score()) for t in found.removals],
                    },
                }
            )
    return brushes, record


def _leader(layers: Mapping[str, tuple[int, float]]) -> str:
    """The layer with the best score among those whose trials saw the most pictures. layers: pictures and score."""
    most = max(pictures for pictures, _ in layers.values())
    return max((layer for layer in layers if layers[layer][0] == most), key=lambda layer: layers[layer][1])


def _scored(trial: Drawing | Removal, score: float) -> dict[str, Any]:
    return finite({**asdict(trial), "score": score})


def _brush(
    concept: str, c: int, found: Tried, drawn: Drawing, removed: Removal, held: Arrays, draws: bool, removes: bool
) -> Brush:
    level = found.levels[drawn.level] * np.float32(drawn.multiple)
    units = tuple(
        RankedUnit(int(u), float(held["iou"][u, c]), _part(found.parts[u]), float(level[u]))
        for u in found.rankings[drawn.ranking]
    )
    removing = tuple(int(u) for u in found.rankings[removed.ranking])
    return Brush(
        concept,
        drawn.layer,
        units,
        drawn.units,
        drawn.gain,
        removed.removed,
        draws,
        f"{drawn.ranking}, level {drawn.level} x{drawn.multiple:g}",
        Removing(removing, removed.units, removes, removed.ranking),
    )


def _part(part: float) -> float | None:
    """A unit's part of drawing and of removing, None where it was not measured."""
    return None if math.isnan(part) else float(part)


def _numbers(values: np.ndarray[Any, np.dtype[np.float32]]) -> list[float]:
    return [float(f"{v:.7g}") for v in values]
