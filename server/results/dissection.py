"""The stored dissection of a model: what the server needs of it, loaded without torch in milliseconds.

A folder `dissect_results/<model>/` holds `dissection.json`:

    {"schema": 1, "model": "village", "source": "where the numbers come from",
     "brushes": [
       {"concept": "tree", "layer": "layer6", "best": true, "ranking": "contrast", "recommended_units": 60,
        "draw_effect": 0.44, "remove_effect": 0.31,
        "units": [{"unit": 17, "iou": 0.21, "effect": 0.03, "level": 1.9, "score": 0.8}, ...best first],
        "remove": {"best": true, "ranking": "causal removing", "recommended_units": 8, "units": [17, 4, ...best first]},
        "weak": ["removing"]}]}

A brush is what one concept is painted with at one layer: a ranking, a level for each of its units, and what
it was measured to do. Every concept has one brush a dissected layer, and one of them is its best. `remove`
is the ranking that its removal goes by, and says whether this layer is the best to remove at; without it
(older results have none) removing goes by the units it is drawn with. `weak` names what it does not do
clearly better than random units. `null` stands where a number was never measured; `recommended_units`,
`source`, `ranking`, `score`, `remove` and `weak` may be left out.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from server.errors import DissectionError
from server.files import write_text
from server.results import netdissect
from server.results.brush import DEFAULT_UNITS, OPS, Brush, Dissection, RankedUnit, Removing
from server.results.reading import entries, number, read_json, reading, text, whole

SCHEMA = 1
FILE_NAME = "dissection.json"


def load_dissection(folder: Path) -> Dissection:
    """Read `folder/dissection.json`, or without one the `dissect.json` of the 2018 tool.

    Raises DissectionError where neither is there or it is unreadable.
    """
    path = folder / FILE_NAME
    if not path.exists() and (folder / netdissect.FILE_NAME).exists():
        return netdissect.read_netdissect(folder)
    with reading(path, "dissection"):
        document = read_json(path, SCHEMA)
        brushes = tuple(_read_brush(entry) for entry in document["brushes"])
        dissection = Dissection(str(document["model"]), brushes, str(document.get("source", "")))
        _check(dissection)
        return dissection


def save_dissection(folder: Path, dissection: Dissection) -> None:
    """Write `folder/dissection.json`, whole or not at all. Raises DissectionError for an unusable one, and OSError."""
    _check(dissection)
    lines = ",\n".join(_compact(_brush_document(b)) for b in dissection.brushes)
    head = f'"schema": {SCHEMA}, "model": {_compact(dissection.model)}, "source": {_compact(dissection.source)}'
    write_text(folder / FILE_NAME, f'{{{head},\n"brushes": [\n{lines}\n]}}\n')


def _check(dissection: Dissection) -> None:
    """Raises DissectionError for what no painter could use."""
    if not dissection.brushes:
        raise DissectionError("a dissection needs at least one brush")
    seen: set[tuple[str, str]] = set()
    for b in dissection.brushes:
        where = f"the brush of {b.concept!r} at {b.layer!r}"
        if (b.concept, b.layer) in seen:
            raise DissectionError(f"{where} stands twice")
        seen.add((b.concept, b.layer))
        for op in OPS:
            units, recommended = b.ranked(op)
            if not units or min(units) < 0 or len(set(units)) != len(units):
                raise DissectionError(f"{where} needs a ranking of distinct units")
            if not 1 <= recommended <= len(units):
                raise DissectionError(f"{where} recommends {recommended} of {len(units)} units")
        measured = [b.draw_effect, b.remove_effect, *(v for u in b.units for v in (u.iou, u.effect, u.level, u.score))]
        if not all(v is None or math.isfinite(v) for v in measured):
            raise DissectionError(f"{where} holds a number that is not finite")
    for concept in dict.fromkeys(b.concept for b in dissection.brushes):
        for op in OPS:
            if sum(b.serves(op) for b in dissection.brushes if b.concept == concept) != 1:
                raise DissectionError(f"the concept {concept!r} needs exactly one best brush to {op} with")


def _read_brush(entry: Mapping[str, Any]) -> Brush:
    units = tuple(_read_unit(unit) for unit in entries(entry["units"]))
    recommended = entry.get("recommended_units")
    return Brush(
        concept=text(entry["concept"]),
        layer=text(entry["layer"]),
        units=units,
        recommended_units=min(DEFAULT_UNITS, len(units)) if recommended is None else whole(recommended),
        draw_effect=_measured(entry["draw_effect"]),
        remove_effect=_measured(entry["remove_effect"]),
        best=entry["best"] is True,
        ranking=str(entry.get("ranking", "")),
        removing=None if entry.get("remove") is None else _read_removing(entry["remove"]),
        weak=tuple(text(word) for word in entries(entry.get("weak", []))),
    )


def _read_unit(entry: Mapping[str, Any]) -> RankedUnit:
    return RankedUnit(
        unit=whole(entry["unit"]),
        iou=_measured(entry["iou"]),
        effect=_measured(entry["effect"]),
        level=number(entry["level"]),
        score=_measured(entry.get("score")),
    )


def _read_removing(entry: Mapping[str, Any]) -> Removing:
    units = tuple(whole(unit) for unit in entries(entry["units"]))
    return Removing(units, whole(entry["recommended_units"]), entry["best"] is True, str(entry.get("ranking", "")))


def _measured(value: object) -> float | None:
    return None if value is None else number(value)


def _brush_document(brush: Brush) -> dict[str, object]:
    document: dict[str, object] = {
        "concept": brush.concept,
        "layer": brush.layer,
        "best": brush.best,
        "ranking": brush.ranking,
        "recommended_units": brush.recommended_units,
        "draw_effect": _rounded(brush.draw_effect),
        "remove_effect": _rounded(brush.remove_effect),
        "units": [_unit_document(u) for u in brush.units],
    }
    if brush.removing is not None:
        document["remove"] = {
            "best": brush.removing.best,
            "ranking": brush.removing.ranking,
            "recommended_units": brush.removing.recommended_units,
            "units": list(brush.removing.units),
        }
    if brush.weak:
        document["weak"] = list(brush.weak)
    return document


def _unit_document(unit: RankedUnit) -> dict[str, object]:
    measured = {name: _rounded(getattr(unit, name)) for name in ("iou", "effect", "level", "score")}
    if unit.score is None:
        del measured["score"]
    return {"unit": unit.unit, **measured}


def _rounded(value: float | None) -> float | None:
    """Seven significant digits: a float32's worth."""
    return None if value is None else float(f"{value:.7g}")


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
