"""Writing brushes as `server.results.dissection` reads them."""

from __future__ import annotations

import json
from pathlib import Path

from server.files import write_text
from server.results.brush import Brush, Dissection, RankedUnit, check
from server.results.dissection import FILE_NAME, SCHEMA


def save_dissection(folder: Path, dissection: Dissection) -> None:
    """Write `folder/dissection.json`, whole or not at all. Raises DissectionError for an unusable one, and OSError."""
    check(dissection)
    lines = ",\n".join(_compact(_brush_document(b)) for b in dissection.brushes)
    head = f'"schema": {SCHEMA}, "model": {_compact(dissection.model)}, "source": {_compact(dissection.source)}'
    write_text(folder / FILE_NAME, f'{{{head},\n"brushes": [\n{lines}\n]}}\n')


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
