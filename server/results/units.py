"""The units of a dissected layer: what each agrees with, and how it is usually active.

`dissect_results/<model>/units.npz`, written by `unitbrush dissect`, holds the names `concepts`, (C,), and for every
dissected layer arrays of the name `<layer>/<array>`, those of `UnitTable` among them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from server.errors import DissectionError
from server.results.reading import reading

FILE_NAME = "units.npz"


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


def load_units(folder: Path, layer: str) -> UnitTable:
    """Read one layer of `folder/units.npz`.

    Raises NoSuchLayer, and DissectionError where the file is missing, damaged or of another version.
    """
    path = folder / FILE_NAME
    arrays: dict[str, NDArray[Any]] = {}
    with reading(path, "units"), np.load(path, allow_pickle=False) as file:
        layers = list(dict.fromkeys(name.partition("/")[0] for name in file.files if "/" in name))
        if layer not in layers:
            raise NoSuchLayer(f"{folder.name!r} was dissected at {', '.join(layers)}, not at {layer!r}")
        concepts = tuple(str(name) for name in file["concepts"])
        for field in fields(UnitTable)[2:]:  # all but layer and concepts
            arrays[field.name] = file[f"{layer}/{field.name}"]
        units = len(arrays["iou"])
        if arrays["iou"].shape != (units, len(concepts)) or any(len(array) != units for array in arrays.values()):
            raise ValueError(f"the arrays of {layer} do not fit each other")
    return UnitTable(layer, concepts, **arrays)
