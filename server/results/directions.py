"""The stored directions of a model, and how a latent moves along them.

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

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, TypeAdapter

from server.results.reading import Number, Text, Whole, read_json, reading

SCHEMA = 1
FILE_NAME = "directions.json"

Short = Annotated[Text, Field(max_length=64)]


@dataclass(frozen=True)
class Direction:
    """One direction. low, high: in a word, what lies at its ends. range: the amounts that a picture may ask for.

    effect: measured change of the attribute per unit of amount. layout_kept: share of labels that stay at +-1, 0..1.
    vector: latent_dim numbers, of unit length.
    """

    name: Short
    title: Short
    low: Short
    high: Short
    range: tuple[Number, Number]
    effect: Number
    layout_kept: Number
    vector: tuple[Number, ...]


@dataclass(frozen=True)
class Directions:
    """All directions of a model. generator: the SHA-256 of the weights they belong to, None where unknown."""

    latent_dim: Whole
    generator: str | None = None
    all: Annotated[tuple[Direction, ...], Field(alias="directions")] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Their names, in the stored order."""
        return tuple(d.name for d in self.all)

    def get(self, name: str) -> Direction | None:
        """The direction of that name, None where there is none."""
        return next((d for d in self.all if d.name == name), None)


_adapter = TypeAdapter(Directions)


def move(z: NDArray[np.float32], directions: Directions, amounts: Mapping[str, float]) -> NDArray[np.float32]:
    """The latent moved along directions: (latent_dim,). amounts: by name.

    Without amounts that is z itself, bit for bit. Raises KeyError for an unknown name.
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

    Raises DissectionError where it is damaged or of another schema.
    """
    path = folder / FILE_NAME
    if not path.exists():
        return None
    with reading(path, "directions", "directions"):
        document = read_json(path, SCHEMA)
        directions = _adapter.validate_python(document)
        if len(set(directions.names)) != len(directions.all):
            raise ValueError("a direction stands twice")
        for d in directions.all:
            if len(d.vector) != directions.latent_dim:
                raise ValueError(f"the vector of {d.name!r} has {len(d.vector)} numbers, not {directions.latent_dim}")
            if abs(math.hypot(*d.vector) - 1) > 0.01:
                raise ValueError(f"the vector of {d.name!r} is not of unit length")
            if not d.range[0] < 0 < d.range[1]:
                raise ValueError("a range goes from below 0 to above 0")
        return directions
