"""The brushes chosen from what was tried, and the account of the choice."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from server.lab.dissect.constants import AGREES_WITHIN
from server.lab.dissect.running.work import Arrays
from server.lab.dissect.search.halving import Records
from server.lab.dissect.search.scores import best_first, reach, score
from server.lab.dissect.trials.record import Drawing, Record, Removal, Trial, finite
from server.lab.dissect.units.samples import Floats
from server.results.brush import OPS, Brush, RankedUnit, Removing

RUNNERS_UP = 8


def choose_brushes(
    concepts: Sequence[str], units: Mapping[str, Arrays], records: Mapping[int, Records], exact: str | None = None
) -> tuple[list[Brush], list[dict[str, Any]]]:
    """The brushes of every concept at every layer, one of each concept's the best to draw with and one the best to
    remove with; and as JSON all trials and the choice among them. records: by concept, those that were sought, to the
    last round. exact: a layer whose trials had no part in the race, and where the unit draws that agrees best of those
    that draw well: what is set there shows that part of a thing alone, be it an outline.
    """
    brushes: list[Brush] = []
    account: list[dict[str, Any]] = []
    for c, tried in records.items():
        raced = reach(record for layer, record in tried.items() if layer != exact)
        bounds = {layer: reach([record]) if layer == exact else raced for layer, record in tried.items()}
        drawings = {layer: best_first(record.drawings, bounds[layer]) for layer, record in tried.items()}
        if exact in drawings:
            drawings[exact] = _agreeing_first(drawings[exact], tried[exact], units[exact]["iou"][:, c])
        removals = {layer: best_first(record.removals, bounds[layer]) for layer, record in tried.items()}
        draws, removes = (next(layer for layer, record in tried.items() if op in record.leads) for op in OPS)
        for layer, record in tried.items():
            bound = bounds[layer]
            drawn, removed, iou = drawings[layer][0], removals[layer][0], units[layer]["iou"][:, c]
            brushes.append(_brush(concepts[c], record, drawn, removed, iou, layer == draws, layer == removes))
            account.append(
                {
                    "concept": concepts[c],
                    "layer": layer,
                    **_choice(layer == draws, drawings[layer], record.drawings, bound),
                    "drawn_by_all": finite(record.bounds),
                    "remove": _choice(layer == removes, removals[layer], record.removals, bound),
                }
            )
    return brushes, account


def _agreeing_first(drawings: Sequence[Drawing], record: Record, iou: Floats) -> list[Drawing]:
    """Best first, but of those that draw about as much as the best those first whose first unit agrees best. iou:
    (units,)."""
    enough = max(t.drawn for t in drawings) - AGREES_WITHIN

    def agreement(trial: Drawing) -> float:
        return float(iou[record.rankings[trial.ranking][0]])

    return sorted(drawings, key=lambda t: -agreement(t) if t.drawn >= enough else 0.0)


def _choice(best: bool, ordered: Sequence[Trial], trials: Sequence[Trial], bound: float) -> dict[str, Any]:
    """As JSON: whether the layer is the concept's best, the chosen trial and its runners-up, and all trials."""

    def scored(some: Sequence[Trial]) -> list[dict[str, Any]]:
        return [finite({**asdict(t), "score": score(t, bound)}) for t in some]

    return {"best": best, "choice": scored(ordered[: 1 + RUNNERS_UP]), "trials": scored(trials)}


def _brush(
    concept: str, record: Record, drawn: Drawing, removed: Removal, iou: Floats, draws: bool, removes: bool
) -> Brush:
    level = record.value(drawn.level, drawn.multiple)  # (units,)
    ranking = record.rankings[drawn.ranking]
    removing = tuple(int(u) for u in record.rankings[removed.ranking])
    return Brush(
        concept,
        record.layer,
        tuple(RankedUnit(int(u), float(iou[u]), _part(record.parts[u]), float(level[u])) for u in ranking),
        drawn.units,
        drawn.gain,
        removed.removed,
        draws,
        f"{drawn.ranking}, level {drawn.level} x{drawn.multiple:g}",
        Removing(removing, removed.units, removes, removed.ranking),
    )


def _part(part: float) -> float | None:
    """A unit's part of what all units draw, None where it was not measured."""
    return None if math.isnan(part) else float(part)
