"""The stored directions of a model: what the server needs of them, loaded without torch in a millisecond.

`dissect_results/<model>/directions.json`, written by `unitbrush directions`:

    {"schema": 1, "model": "village", "generator": "<sha256 of its file, or null>", "latent_dim": 128,
     "samples": 2000,                   pictures that the directions were fitted to
     "measured_on": 200,                pictures that the changes were measured on
     "predictor": {"scenes": 5000, "r2": {"season": 0.97, ...}},   on scenes it was not taught
     "random_kept": 0.93,               share of labels kept at +-1 along a random direction
     "directions": [
       {"name": "season", "title": "Season", "low": "winter", "high": "autumn", "range": [-3, 3],
        "fit": 0.81,                    R2 of the linear model on samples it was not fitted to
        "effect": 0.11,                 change of the attribute per unit, in the attribute's own unit
        "effects": {"season": 0.11, "night": 0.01, ...},   the same of every attribute, in standard deviations
        "layout_kept": 0.92,            share of labels kept at +-1
        "vector": [...latent_dim numbers of unit length...]}]}

A direction's amount a moves the latent: z' = z + sum(a * vector), over the names in alphabetical order, in double
precision, rounded to float32 once. The length of z' plays no part, as the generator's first step, PixelNorm, divides by
it; an amount is a turn of the latent, about 5 degrees a unit where latent_dim is 128.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from server.errors import UnitbrushError

SCHEMA = 1
FILE_NAME = "directions.json"


class DirectionsError(UnitbrushError, ValueError):
    """The file holds no directions this version can read; the message says what to do."""

    slug = "unreadable-directions"
    title = "The model's directions cannot be read"


@dataclass(frozen=True)
class Direction:
    """One direction. low, high: in a word, what lies at its ends. range: the amounts that a picture may ask for.

    effect: measured change of the attribute per unit of amount. layout_kept: share of labels that stay at +-1, 0..1.
    vector: latent_dim numbers, of unit length.
    """

    name: str
    title: str
    low: str
    high: str
    range: tuple[float, float]
    effect: float
    layout_kept: float
    vector: tuple[float, ...]


@dataclass(frozen=True)
class Directions:
    """All directions of a model. generator: the SHA-256 of the weights they belong to, None where unknown."""

    latent_dim: int
    generator: str | None = None
    all: tuple[Direction, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Their names, in the stored order."""
        return tuple(d.name for d in self.all)

    def get(self, name: str) -> Direction | None:
        """The direction of that name, None where there is none."""
        return next((d for d in self.all if d.name == name), None)


def move(z: NDArray[np.float32], directions: Directions, amounts: Mapping[str, float]) -> NDArray[np.float32]:
    """The latent moved along directions: (latent_dim,). amounts: by name; each name must be known.

    Without amounts that is z itself, bit for bit.
    """
    moved = z.astype(np.float64)  # (latent_dim,)
    for name, amount in sorted(amounts.items()):
        direction = directions.get(name)
        if direction is None:
            raise KeyError(name)
        moved += amount * np.asarray(direction.vector)
    return moved.astype(np.float32)


def load_directions(folder: Path) -> Directions | None:
    """Read `folder/directions.json`; None where there is no such file.

    Raises DirectionsError where it is damaged or of another schema.
    """
    path = folder / FILE_NAME
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["schema"] != SCHEMA:
            raise DirectionsError(f"{path} has schema {document['schema']!r}, not {SCHEMA}: run `unitbrush directions`")
        latent_dim, entries = document["latent_dim"], document["directions"]
        if not isinstance(latent_dim, int) or not isinstance(entries, list):
            raise TypeError("latent_dim is a whole number, directions are a list")
        found = tuple(_read(entry, latent_dim) for entry in entries)
        if len({d.name for d in found}) != len(found):
            raise ValueError("a direction stands twice")
        generator = document.get("generator")
        return Directions(latent_dim, generator if isinstance(generator, str) else None, found)
    except FileNotFoundError:
        return None
    except DirectionsError:
        raise
    except (OSError, KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise DirectionsError(
            f"{path} holds no directions this version can read ({reason}): run `unitbrush directions` again"
        ) from error


def _read(entry: Mapping[str, object], latent_dim: int) -> Direction:
    vector = _numbers(entry["vector"])
    if len(vector) != latent_dim:
        raise ValueError(f"a vector has {len(vector)} numbers, not {latent_dim}")
    low, high = _numbers(entry["range"])
    if not low < 0 < high:
        raise ValueError("a range goes from below 0 to above 0")
    effect, kept = _numbers([entry["effect"], entry["layout_kept"]])
    return Direction(
        name=_text(entry["name"]),
        title=_text(entry["title"]),
        low=_text(entry["low"]),
        high=_text(entry["high"]),
        range=(low, high),
        effect=effect,
        layout_kept=kept,
        vector=vector,
    )


def _text(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 64:
        raise ValueError(f"{value!r} is not a name")
    return value


def _numbers(value: object) -> tuple[float, ...]:
    if not isinstance(value, list):
        raise ValueError(f"{value!r} is not a list of numbers")
    for v in value:
        if isinstance(v, bool) or not isinstance(v, int | float) or not math.isfinite(v):
            raise ValueError(f"{v!r} is not a finite number")
    return tuple(float(v) for v in value)
