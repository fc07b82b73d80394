"""The 0.99 quantiles known of a model's units, and of which pictures: published, or stored with its dissection.

`dissect_results/<model>/published.json` holds figures that others have measured:

    {"schema": 1, "source": "whose they are", "quantile": 0.99, "layer": "layer4", "units": 512,
     "latents": {"random_state": 1, "pictures": 1000}, "levels": {"3": 11.3, "119": 8.02, ...}}

`levels` are some of the layer's units by their numbers. Picture i is of row i of
`numpy.random.RandomState(random_state).standard_normal((pictures, latent_dim))`, as GAN Dissection draws its latents.
What `unitbrush dissect` stores is in `units.npz`, and the seeds of its pictures in `effects.json`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, TypeAdapter

from server.results import units
from server.results.reading import Number, Text, Whole, read_json, reading

FILE_NAME = "published.json"
TRIALS = "effects.json"
TRIALS_SCHEMA = 2
QUANTILE = 0.99

_Pictures = Annotated[Whole, Field(ge=1, le=10**6)]
_State = Annotated[Whole, Field(ge=0, lt=2**32)]


@dataclass(frozen=True)
class LayerQuantiles:
    """Of some units of a layer over all cells of its featuremaps.

    total: units of the layer. units: (n,), the numbers of those that are known. values: (n,), their 0.99 quantiles.
    """

    layer: str
    total: int
    units: NDArray[np.int64]
    values: NDArray[np.float64]


@dataclass(frozen=True)
class Latents:
    """Of which pictures: of the rows of one random state, or, where that is None, of `pictures` seeds from `first`."""

    pictures: _Pictures
    random_state: _State | None = None
    first: _State = 0


@dataclass(frozen=True)
class KnownQuantiles:
    """source: whose figures they are, None where they are those of the model's own dissection."""

    source: str | None
    latents: Latents
    layers: tuple[LayerQuantiles, ...]


@dataclass(frozen=True)
class _Document:
    """What `published.json` holds."""

    source: Text
    quantile: Annotated[Number, Field(ge=QUANTILE, le=QUANTILE)]
    layer: Text
    units: Annotated[Whole, Field(ge=1, le=8192)]
    latents: Latents
    levels: Annotated[dict[str, Number], Field(min_length=1, max_length=8192)]


_published = TypeAdapter(_Document)
_stored = TypeAdapter(Latents)


def known_quantiles(folder: Path, layers: Sequence[str]) -> KnownQuantiles | None:
    """Those published of the model, else those stored of some of the layers; None where there are neither.

    Raises DissectionError where a file is damaged.
    """
    if (folder / FILE_NAME).exists():
        return load_published(folder)
    if not (folder / units.FILE_NAME).exists():
        return None
    stored = [_of_table(table) for layer in layers if (table := _table(folder, layer)) is not None]
    return KnownQuantiles(None, load_latents(folder), tuple(stored)) if stored else None


def load_published(folder: Path) -> KnownQuantiles:
    """Those in `published.json`. Raises DissectionError where it is damaged."""
    with reading(folder / FILE_NAME, "published quantiles"):
        document = _published.validate_python(read_json(folder / FILE_NAME, 1))
        numbers = [int(number) for number in document.levels]
        if len({*numbers}) != len(numbers) or not 0 <= min(numbers) <= max(numbers) < document.units:
            raise ValueError(f"the levels are not of distinct units below {document.units}")
        values = np.array(list(document.levels.values()))  # (n,)
        layer = LayerQuantiles(document.layer, document.units, np.array(numbers), values)
        return KnownQuantiles(document.source, document.latents, (layer,))


def load_latents(folder: Path) -> Latents:
    """Of which pictures the model's dissection was made. Raises DissectionError."""
    with reading(folder / TRIALS, "trials"):
        plan: Mapping[str, object] = read_json(folder / TRIALS, TRIALS_SCHEMA)["plan"]
        return _stored.validate_python({"pictures": plan["samples"], "first": plan["first"]})


def _table(folder: Path, layer: str) -> units.UnitTable | None:
    """The table of a layer, None where it was not dissected."""
    try:
        return units.load_units(folder, layer)
    except units.NoSuchLayer:
        return None


def _of_table(table: units.UnitTable) -> LayerQuantiles:
    return LayerQuantiles(table.layer, len(table), np.arange(len(table)), table.high.astype(np.float64))
