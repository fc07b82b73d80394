"""Brushes, what a concept is painted and removed with at one layer, and a dissection, all brushes of a model."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from server.errors import DissectionError
from server.results.reading import Flag, Number, Text, Whole

DEFAULT_UNITS = 20
LARGEST_LEVEL = 1e6  # far beyond any real one, far from float32's end

Op = Literal["draw", "remove"]
OPS: tuple[Op, ...] = ("draw", "remove")


@dataclass(frozen=True)
class RankedUnit:
    """A unit in a brush's ranking: number, IoU with the concept, own share of the effect, level.

    iou and effect are None where they were not measured; score is what the ranking was sorted by, None where
    that is one of the two.
    """

    unit: Whole
    iou: Number | None
    effect: Number | None
    level: Number
    score: Number | None = None


@dataclass(frozen=True)
class Removing:
    """What a concept is removed with at one layer, where that is not what it is drawn with.

    units: numbers, best first. recommended_units: how many of them measured best. best: whether this is the layer it
    is removed at by default. ranking: what the units were sorted by.
    """

    units: tuple[Whole, ...]
    recommended_units: Whole
    best: Flag
    ranking: str = ""


@dataclass(frozen=True)
class Brush:
    """What one concept is painted with at one layer.

    units: best first. recommended_units: how many of them measured best. draw_effect, remove_effect: mean
    change of the concept's share of the mask, -1..1, when drawing (up is good) and removing (down is good, so
    stored as the share taken away), with the recommended number of units; None where they were not measured.
    ranking: in a word or two, what the units were sorted by. removing: what it is removed with, None where that is the
    same. weak: what it does not do clearly better than random units: "drawing", "removing".
    """

    concept: Text
    layer: Text
    units: tuple[RankedUnit, ...]
    recommended_units: Whole
    draw_effect: Number | None
    remove_effect: Number | None
    best: Flag
    ranking: str = ""
    removing: Annotated[Removing | None, Field(alias="remove")] = None
    weak: tuple[Text, ...] = ()

    def ranked(self, op: Op) -> tuple[tuple[int, ...], int]:
        """The units to draw or to remove with, best first, and how many of them are recommended."""
        if op == "remove" and self.removing is not None:
            return self.removing.units, self.removing.recommended_units
        return tuple(u.unit for u in self.units), self.recommended_units

    def serves(self, op: Op) -> bool:
        """Whether the concept is drawn or removed at this layer by default."""
        return self.removing.best if op == "remove" and self.removing is not None else self.best


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


def check(dissection: Dissection) -> None:
    """Raises DissectionError, or a ValueError, for what no painter could use."""
    if not dissection.brushes:
        raise DissectionError("a dissection needs at least one brush")
    seen: set[tuple[str, str]] = set()
    for b in dissection.brushes:
        where = f"the brush of {b.concept!r} at {b.layer!r}"
        if (b.concept, b.layer) in seen:
            raise DissectionError(f"{where} stands twice")
        seen.add((b.concept, b.layer))
        (b.concept + b.layer).encode()  # lone surrogates raise UnicodeEncodeError
        for op in OPS:
            units, recommended = b.ranked(op)
            if not units or min(units) < 0 or len(set(units)) != len(units):
                raise DissectionError(f"{where} needs a ranking of distinct units")
            if not 1 <= recommended <= len(units):
                raise DissectionError(f"{where} recommends {recommended} of {len(units)} units")
        measured = [b.draw_effect, b.remove_effect, *(v for u in b.units for v in (u.iou, u.effect, u.level, u.score))]
        if not all(v is None or math.isfinite(v) for v in measured):
            raise DissectionError(f"{where} holds a number that is not finite")
        if any(abs(u.level) > LARGEST_LEVEL for u in b.units):
            raise DissectionError(f"{where} holds a level beyond {LARGEST_LEVEL:g}")
    for concept in dict.fromkeys(b.concept for b in dissection.brushes):
        for op in OPS:
            if sum(b.serves(op) for b in dissection.brushes if b.concept == concept) != 1:
                raise DissectionError(f"the concept {concept!r} needs exactly one best brush to {op} with")


def _by_draw_effect(brush: Brush) -> tuple[bool, float]:
    return bool(brush.weak), math.inf if brush.draw_effect is None else -brush.draw_effect
