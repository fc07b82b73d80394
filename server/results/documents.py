"""Brushes as JSON: read and checked entry by entry, and written again; see `server.results.dissection`."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

from server.results.brush import DEFAULT_UNITS, Brush, RankedUnit, Removing


def compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number of JSON")


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is not a finite number")
    return float(value)


def _maybe_number(value: object) -> float | None:
    return None if value is None else _number(value)


def _integer(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{value!r} is not a whole number")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{value!r} is not a name")
    return value


def _read_unit(entry: Mapping[str, object]) -> RankedUnit:
    return RankedUnit(
        unit=_integer(entry["unit"]),
        iou=_maybe_number(entry["iou"]),
        effect=_maybe_number(entry["effect"]),
        level=_number(entry["level"]),
        score=_maybe_number(entry.get("score")),
    )


def read_brush(entry: Mapping[str, object]) -> Brush:
    units = entry["units"]
    if not isinstance(units, list):
        raise ValueError("a brush's units are a list")
    recommended = entry.get("recommended_units")
    return Brush(
        concept=_text(entry["concept"]),
        layer=_text(entry["layer"]),
        units=tuple(_read_unit(u) for u in units),
        recommended_units=min(DEFAULT_UNITS, len(units)) if recommended is None else _integer(recommended),
        draw_effect=_maybe_number(entry["draw_effect"]),
        remove_effect=_maybe_number(entry["remove_effect"]),
        best=entry["best"] is True,
        ranking=str(entry.get("ranking", "")),
        removing=_read_removing(entry.get("remove")),
        weak=_read_weak(entry.get("weak", [])),
    )


def _read_removing(entry: object) -> Removing | None:
    if entry is None:
        return None
    if not isinstance(entry, dict) or not isinstance(entry["units"], list):
        raise ValueError("a brush's remove is an object with a list of units")
    units = tuple(_integer(u) for u in entry["units"])
    return Removing(units, _integer(entry["recommended_units"]), entry["best"] is True, str(entry.get("ranking", "")))


def _read_weak(entry: object) -> tuple[str, ...]:
    if not isinstance(entry, list):
        raise ValueError("what a brush is weak at is a list")
    return tuple(_text(word) for word in entry)


def brush_document(brush: Brush) -> dict[str, object]:
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
    document: dict[str, object] = {
        "unit": unit.unit,
        "iou": _rounded(unit.iou),
        "effect": _rounded(unit.effect),
        "level": _rounded(unit.level),
    }
    if unit.score is not None:
        document["score"] = _rounded(unit.score)
    return document


def _rounded(value: float | None) -> float | None:
    """Seven significant digits: a float32's worth."""
    return None if value is None else float(f"{value:.7g}")
