"""The stored dissection of a model: what the server needs of it, loaded without torch in milliseconds.

A folder `dissect_results/<model>/` holds `dissection.json`:

    {"schema": 1, "model": "village", "source": "where the numbers come from",
     "brushes": [
       {"concept": "tree", "layer": "layer6", "best": true, "ranking": "contrast", "recommended_units": 60,
        "draw_effect": 0.44, "remove_effect": 0.31,
        "units": [{"unit": 17, "iou": 0.21, "effect": 0.03, "level": 1.9, "score": 0.8}, ...best first]}]}

A brush is what one concept is painted with at one layer: a ranking, a level for each of its units, and what
it was measured to do. Every concept has one brush a dissected layer, and one of them is its best. `null`
stands where a number was never measured; `recommended_units`, `source`, `ranking` and `score` may be left
out.
"""

from __future__ import annotations

import json
import math
import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from server.errors import UnitbrushError

SCHEMA = 1
FILE_NAME = "dissection.json"
OLD_FILE_NAME = "dissect.json"
DEFAULT_UNITS = 20


class DissectionError(UnitbrushError, ValueError):
    """The folder holds no dissection this version can read; the message says what to do."""

    slug = "unreadable-dissection"
    title = "The model's dissection cannot be read"


@dataclass(frozen=True)
class RankedUnit:
    """A unit in a brush's ranking: number, IoU with the concept, own share of the effect, level.

    iou and effect are None where they were not measured; score is what the ranking was sorted by, None where
    that is one of the two.
    """

    unit: int
    iou: float | None
    effect: float | None
    level: float
    score: float | None = None


@dataclass(frozen=True)
class Brush:
    """What one concept is painted with at one layer.

    units: best first. recommended_units: how many of them measured best. draw_effect, remove_effect: mean
    change of the concept's share of the mask, -1..1, when drawing (up is good) and removing (down is good, so
    stored as the share taken away), with the recommended number of units; None where they were not measured.
    ranking: in a word or two, what the units were sorted by.
    """

    concept: str
    layer: str
    units: tuple[RankedUnit, ...]
    recommended_units: int
    draw_effect: float | None
    remove_effect: float | None
    best: bool
    ranking: str = ""


@dataclass(frozen=True)
class Dissection:
    """All brushes of a model. source: where the numbers come from, for people."""

    model: str
    brushes: tuple[Brush, ...]
    source: str = ""

    @property
    def concepts(self) -> tuple[str, ...]:
        """The concepts with a brush, best painting first; unmeasured ones last, in their stored order."""
        best = sorted((b for b in self.brushes if b.best), key=_by_draw_effect)
        return tuple(b.concept for b in best)

    @property
    def edit_layer(self) -> str:
        """The layer that most concepts paint best at."""
        layers = [b.layer for b in self.brushes if b.best]
        return max(sorted(set(layers)), key=layers.count)

    def brush(self, concept: str, layer: str | None = None) -> Brush | None:
        """The concept's brush at that layer (its best layer by default), or None where there is none."""
        for b in self.brushes:
            if b.concept == concept and (b.best if layer is None else b.layer == layer):
                return b
        return None


def load_dissection(folder: Path) -> Dissection:
    """Read `folder/dissection.json`, or without one the `dissect.json` of the 2018 tool.

    Raises DissectionError where neither is there or it is unreadable.
    """
    path = folder / FILE_NAME
    if not path.exists() and (folder / OLD_FILE_NAME).exists():
        from server.dissection.netdissect import read_netdissect  # which needs this module's classes

        return read_netdissect(folder)
    try:
        document = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
        if document["schema"] != SCHEMA:
            raise DissectionError(
                f"{path} has schema {document['schema']!r}, not {SCHEMA}: run `unitbrush dissect` again"
            )
        brushes = tuple(_read_brush(entry) for entry in document["brushes"])
        dissection = Dissection(str(document["model"]), brushes, str(document.get("source", "")))
        _check(dissection)
    except FileNotFoundError as error:
        raise DissectionError(f"{path} is missing: run `unitbrush dissect` for this model") from error
    except DissectionError:
        raise
    except (OSError, KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise DissectionError(f"{path} holds no dissection this version can read ({reason})") from error
    return dissection


def save_dissection(folder: Path, dissection: Dissection) -> None:
    """Write `folder/dissection.json`, whole or not at all. Raises DissectionError for an unusable one."""
    _check(dissection)
    lines = ",\n".join(_compact(_brush_document(b)) for b in dissection.brushes)
    text = (
        f'{{"schema": {SCHEMA}, "model": {_compact(dissection.model)}, '
        f'"source": {_compact(dissection.source)},\n'
        f'"brushes": [\n{lines}\n]}}\n'
    )
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder, prefix=FILE_NAME, suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(name, 0o644)
        os.replace(name, folder / FILE_NAME)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _by_draw_effect(brush: Brush) -> float:
    return math.inf if brush.draw_effect is None else -brush.draw_effect


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _refuse_constant(name: str) -> float:
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


def _read_brush(entry: Mapping[str, object]) -> Brush:
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
    )


def _brush_document(brush: Brush) -> dict[str, object]:
    return {
        "concept": brush.concept,
        "layer": brush.layer,
        "best": brush.best,
        "ranking": brush.ranking,
        "recommended_units": brush.recommended_units,
        "draw_effect": _rounded(brush.draw_effect),
        "remove_effect": _rounded(brush.remove_effect),
        "units": [_unit_document(u) for u in brush.units],
    }


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
        numbers = [u.unit for u in b.units]
        if not numbers or min(numbers) < 0 or len(set(numbers)) != len(numbers):
            raise DissectionError(f"{where} needs a ranking of distinct units")
        if not 1 <= b.recommended_units <= len(numbers):
            raise DissectionError(f"{where} recommends {b.recommended_units} of {len(numbers)} units")
        if not all(math.isfinite(v) for v in _numbers(b)):
            raise DissectionError(f"{where} holds a number that is not finite")
    for concept in dict.fromkeys(b.concept for b in dissection.brushes):
        if sum(b.best for b in dissection.brushes if b.concept == concept) != 1:
            raise DissectionError(f"the concept {concept!r} needs exactly one best brush")


def _numbers(brush: Brush) -> Iterable[float]:
    values = [brush.draw_effect, brush.remove_effect]
    for u in brush.units:
        values += [u.iou, u.effect, u.level, u.score]
    return (v for v in values if v is not None)
