"""The stored dissection of a model: what the server needs of it, loaded without torch in milliseconds.

A folder `dissect_results/<model>/` holds

- `dissection.json`: `{"schema": 1, "model", "concepts": [...], "layers": {layer: {"units", "height", "width"}},
  "brushes": [...], "measured": {...}}`;
- `units.npz`: the arrays the brushes were made from, one set a layer (see `docs` in `save_dissection`).

A brush is what one concept is painted with at one layer: a ranking, a level for each of its units, and what it was
measured to do. Every concept has one brush a dissected layer, and one of them is its best.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SCHEMA = 1


class DissectionError(ValueError):
    """The folder holds no dissection this version can read; the message says what to do."""


@dataclass(frozen=True)
class RankedUnit:
    """A unit in a brush's ranking: its number, its IoU with the concept, its own share of the effect, its level."""

    unit: int
    iou: float
    effect: float
    level: float


@dataclass(frozen=True)
class Brush:
    """What one concept is painted with at one layer.

    units: best first. recommended_units: how many of them measured best. draw_effect, remove_effect: mean change
    of the concept's share of the mask, -1..1, when drawing (up is good) and removing (down is good, so stored as the
    share taken away), with the recommended number of units.
    """

    concept: str
    layer: str
    units: tuple[RankedUnit, ...]
    recommended_units: int
    draw_effect: float
    remove_effect: float
    best: bool


@dataclass(frozen=True)
class Dissection:
    """All brushes of a model."""

    model: str
    brushes: tuple[Brush, ...]

    @property
    def concepts(self) -> tuple[str, ...]:
        """The concepts with a brush, those that paint best first."""
        best = sorted((b for b in self.brushes if b.best), key=lambda b: -b.draw_effect)
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
    """Read `folder/dissection.json`. Raises DissectionError where it is missing, damaged or of another schema."""
    raise NotImplementedError


def save_dissection(folder: Path, dissection: Dissection) -> None:
    """Write `folder/dissection.json`, whole or not at all."""
    raise NotImplementedError
