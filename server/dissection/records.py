"""What was tried, as JSON, and the brushes chosen from it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from server.dissection.brushes import Tried, choose
from server.dissection.results import Brush, RankedUnit
from server.dissection.trials import Measured
from server.dissection.work import Arrays

RUNNERS_UP = 5

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
        "trials": [finite(asdict(t)) for t in tried.trials],
    }


def read_tried(document: Mapping[str, Any]) -> Tried:
    """From JSON."""
    trials = []
    for entry in document["trials"]:
        numbers: dict[str, Any] = {k: float("nan") if v is None else v for k, v in entry.items()}
        trials.append(Measured(**numbers))
    return Tried(
        {name: np.array(order, np.int64) for name, order in document["rankings"].items()},
        {name: np.array(level, np.float32) for name, level in document["levels"].items()},
        np.array([np.nan if v is None else v for v in document["parts"]], np.float32),
        dict(document["bounds"]),
        tuple(trials),
    )


def bound_of(trials: Trials, concept: str) -> float:
    """The most that any trial of the concept drew, at any layer."""
    return max((found[concept].gain() for found in trials.values() if concept in found), default=0.0)


def assemble(
    concepts: Sequence[str], arrays: Mapping[str, Arrays], trials: Trials
) -> tuple[list[Brush], list[dict[str, Any]]]:
    """The brushes of every concept at every layer, one of each concept's the best, and the record of the
    choice.
    """
    brushes: list[Brush] = []
    record: list[dict[str, Any]] = []
    for c, concept in enumerate(concepts):
        here = {layer: found[concept] for layer, found in trials.items() if concept in found}
        if not here:
            continue
        bound = bound_of(trials, concept)
        chosen = {layer: choose(found.trials, bound) for layer, found in here.items()}
        most = max(trials[0].pictures for trials in chosen.values())
        rivals = [layer for layer, trials in chosen.items() if trials[0].pictures == most]
        best = max(rivals, key=lambda layer: chosen[layer][0].score(bound))
        for layer, found in here.items():
            winner = chosen[layer][0]
            brushes.append(_brush(concept, c, found, winner, arrays[layer], layer == best))
            record.append(
                {
                    "concept": concept,
                    "layer": layer,
                    "best": layer == best,
                    "choice": [_scored(t, bound) for t in chosen[layer][: 1 + RUNNERS_UP]],
                    "drawn_by_all": finite(found.bounds),
                    "trials": [_scored(t, bound) for t in found.trials],
                }
            )
    return brushes, record


def _scored(trial: Measured, bound: float) -> dict[str, Any]:
    return finite({**asdict(trial), "score": trial.score(bound)})


def _brush(concept: str, c: int, found: Tried, winner: Measured, held: Arrays, best: bool) -> Brush:
    level = found.levels[winner.level]
    units = tuple(
        RankedUnit(int(u), float(held["iou"][u, c]), _part(found.parts[u]), float(level[u]))
        for u in found.rankings[winner.ranking]
    )
    return Brush(
        concept,
        winner.layer,
        units,
        winner.units,
        winner.gain,
        winner.removed,
        best,
        f"{winner.ranking}, level {winner.level}",
    )


def _part(both: float) -> float | None:
    """A unit's part of drawing and of removing, which `both` is the sum of, None where it was not measured."""
    return None if math.isnan(both) else float(both) / 2


def _numbers(values: np.ndarray[Any, np.dtype[np.float32]]) -> list[float]:
    return [float(f"{v:.7g}") for v in values]
