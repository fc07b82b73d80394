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
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from server.errors import UnitbrushError
from server.results.brush import OPS, Brush, Op
from server.results.documents import brush_document, compact, read_brush, refuse_constant

SCHEMA = 1
FILE_NAME = "dissection.json"
OLD_FILE_NAME = "dissect.json"


class DissectionError(UnitbrushError, ValueError):
    """The folder holds no dissection this version can read; the message says what to do."""

    slug = "unreadable-dissection"
    title = "The model's dissection cannot be read"


@dataclass(frozen=True)
class Dissection:
    """All brushes of a model. source: where the numbers come from, for people."""

    model: str
    brushes: tuple[Brush, ...]
    source: str = ""

    @property
    def concepts(self) -> tuple[str, ...]:
        """The concepts with a brush, best painting first; unmeasured ones after them in their stored order, and weak
        ones last.
        """
        best = sorted((b for b in self.brushes if b.best), key=_by_draw_effect)
        return tuple(b.concept for b in best)

    @property
    def edit_layer(self) -> str:
        """The layer that most concepts paint best at."""
        layers = [b.layer for b in self.brushes if b.best]
        return max(sorted(set(layers)), key=layers.count)

    def brush(self, concept: str, layer: str | None = None, op: Op = "draw") -> Brush | None:
        """The concept's brush at that layer, or None where there is none. By default at the layer that is best for
        drawing, or for removing.
        """
        for b in self.brushes:
            if b.concept == concept and (b.serves(op) if layer is None else b.layer == layer):
                return b
        return None


def load_dissection(folder: Path) -> Dissection:
    """Read `folder/dissection.json`, or without one the `dissect.json` of the 2018 tool.

    Raises DissectionError where neither is there or it is unreadable.
    """
    path = folder / FILE_NAME
    if not path.exists() and (folder / OLD_FILE_NAME).exists():
        from server.results.netdissect import read_netdissect  # which needs this module's classes

        return read_netdissect(folder)
    try:
        document = json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse_constant)
        if document["schema"] != SCHEMA:
            raise DissectionError(
                f"{path} has schema {document['schema']!r}, not {SCHEMA}: run `unitbrush dissect` again"
            )
        brushes = tuple(read_brush(entry) for entry in document["brushes"])
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
    lines = ",\n".join(compact(brush_document(b)) for b in dissection.brushes)
    text = (
        f'{{"schema": {SCHEMA}, "model": {compact(dissection.model)}, '
        f'"source": {compact(dissection.source)},\n'
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


def _by_draw_effect(brush: Brush) -> tuple[bool, float]:
    return bool(brush.weak), math.inf if brush.draw_effect is None else -brush.draw_effect


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
            numbers, recommended = b.ranked(op)
            if not numbers or min(numbers) < 0 or len(set(numbers)) != len(numbers):
                raise DissectionError(f"{where} needs a ranking of distinct units")
            if not 1 <= recommended <= len(numbers):
                raise DissectionError(f"{where} recommends {recommended} of {len(numbers)} units")
        if not all(math.isfinite(v) for v in _numbers(b)):
            raise DissectionError(f"{where} holds a number that is not finite")
    for concept in dict.fromkeys(b.concept for b in dissection.brushes):
        for op in OPS:
            if sum(b.serves(op) for b in dissection.brushes if b.concept == concept) != 1:
                raise DissectionError(f"the concept {concept!r} needs exactly one best brush to {op} with")


def _numbers(brush: Brush) -> Iterable[float]:
    values = [brush.draw_effect, brush.remove_effect]
    for u in brush.units:
        values += [u.iou, u.effect, u.level, u.score]
    return (v for v in values if v is not None)
