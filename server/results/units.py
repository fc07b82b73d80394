"""The units of a dissected layer: what each agrees with, and how it is usually active.

`dissect_results/<model>/units.npz`, written by `unitbrush dissect`, holds the names `concepts`, (C,), and for every
dissected layer arrays of the name `<layer>/<array>`, those of `UnitTable` among them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from server.errors import DissectionError
from server.files import unpacked_bytes
from server.results.names import Names, load_names
from server.results.reading import MAX_BYTES, reading

FILE_NAME = "units.npz"
MAX_CONCEPTS = 4096
# The arrays of a layer: their kinds in NumPy's letters, and their dimensions, the first of them units.
ARRAYS = {
    "iou": ("f", 2),
    "iou_fixed": ("f", 2),
    "threshold": ("f", 2),
    "mean": ("f", 1),
    "deviation": ("f", 1),
    "high": ("f", 1),
    "strongest": ("iu", 2),
    "regions": ("u", 3),
}


class NoSuchLayer(DissectionError):
    """The layer was not dissected."""


@dataclass(frozen=True)
class UnitTable:
    """The units of a dissected layer, a row each.

    concepts: C names. threshold: (units, C), the one of the best information quality ratio. iou: (units, C), the IoU
    there, on other samples than it was chosen on; iou_fixed: (units, C), at the unit's 0.99 quantile. mean, deviation,
    high: (units,), mean, standard deviation and 0.99 quantile of the activations over all cells. strongest:
    (units, K), the seeds it is strongest in; regions: (units, K, bytes), where it exceeds its threshold there, one bit
    a cell, row by row.
    """

    layer: str
    concepts: tuple[str, ...]
    iou: NDArray[np.float32]
    iou_fixed: NDArray[np.float32]
    threshold: NDArray[np.float32]
    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]
    high: NDArray[np.float32]
    strongest: NDArray[np.int64]
    regions: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.iou)

    @property
    def region_side(self) -> int:
        """Rows and columns of a region."""
        return math.isqrt(8 * self.regions.shape[2])

    def ranked(self, concept: str | None, least: float) -> list[int]:
        """Unit numbers: with a concept, those that match it with at least that IoU, best first; else with any.

        Raises KeyError for an unknown concept.
        """
        if concept is None:
            return [int(u) for u in np.flatnonzero(self.iou.max(1) >= least)]
        if concept not in self.concepts:
            raise KeyError(concept)
        own = self.iou[:, self.concepts.index(concept)]  # (units,)
        return [int(u) for u in np.argsort(-own, kind="stable") if own[u] >= least]


def load_units(folder: Path, layer: str, names: Names | None = None) -> UnitTable:
    """Read one layer of `folder/units.npz`. names: of its concepts, those in `folder` by default.

    Raises NoSuchLayer, and DissectionError where the file is missing, damaged or of another version.
    """
    path, names = folder / FILE_NAME, load_names(folder) if names is None else names
    with reading(path, "units"):
        if unpacked_bytes(path) > MAX_BYTES:
            raise ValueError(f"it unpacks to more than {MAX_BYTES} bytes")
        with np.load(path, allow_pickle=False) as file:
            layers = _layers(file.files)
            if layer not in layers:
                raise NoSuchLayer(f"{folder.name!r} was dissected at {', '.join(layers)}, not at {layer!r}")
            concepts = tuple(names.get(name, name) for name in _names(file["concepts"]))
            arrays = {name: _checked(name, file[f"{layer}/{name}"]) for name in ARRAYS}
        units, shapes = len(arrays["iou"]), {name: array.shape for name, array in arrays.items()}
        if {shapes[name] for name in ("iou", "iou_fixed", "threshold")} != {(units, len(concepts))}:
            raise ValueError(f"the arrays of {layer} do not fit the concepts")
        if any(shape[0] != units for shape in shapes.values()) or shapes["strongest"] != shapes["regions"][:2]:
            raise ValueError(f"the arrays of {layer} do not fit each other")
    return UnitTable(layer, concepts, **arrays)


def dissected_layers(folder: Path) -> tuple[str, ...]:
    """The layers in `folder/units.npz`, in their order. Raises DissectionError where it is missing or damaged."""
    path = folder / FILE_NAME
    with reading(path, "units"), np.load(path, allow_pickle=False) as file:
        return _layers(file.files)


def _layers(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.partition("/")[0] for name in names if "/" in name))


def _names(array: NDArray[Any]) -> tuple[str, ...]:
    """The names in `concepts`. Raises ValueError where it holds something else."""
    if array.dtype.kind != "U" or array.ndim != 1 or not 1 <= len(array) <= MAX_CONCEPTS:
        raise ValueError("concepts is no list of names")
    return tuple(str(name) for name in array)


def _checked(name: str, array: NDArray[Any]) -> NDArray[Any]:
    """The array. Raises ValueError where it is of another kind than its name says."""
    kinds, dimensions = ARRAYS[name]
    if array.dtype.kind not in kinds or array.ndim != dimensions:
        raise ValueError(f"{name} is of another kind")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError(f"{name} holds a number that is not finite")
    if name == "strongest" and array.size and not 0 <= array.min() <= array.max() < 2**32:
        raise ValueError("a seed is out of range")
    return array
