"""What a stored dissection knows beyond its brushes, read without torch: its units and its context table."""

from __future__ import annotations

import json
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from server.lab.dissect.work import Arrays
from server.results.dissection import DissectionError

UNITS, CONTEXT = "units.npz", "context.json"
CONTEXT_SCHEMA = 1
_NEEDED = ("iou", "iou_fixed", "threshold", "mean", "deviation", "high", "strongest", "regions")


class NoSuchLayer(DissectionError):
    """The layer was not dissected."""


@dataclass(frozen=True)
class UnitTable:
    """The units of a dissected layer. held: the arrays that `server.lab.dissect.run.ARRAYS` describes."""

    layer: str
    concepts: tuple[str, ...]
    held: Arrays

    def __len__(self) -> int:
        return len(self.held["iou"])

    def ranked(self, concept: str | None, least: float) -> list[int]:
        """Unit numbers: with a concept, those that match it with at least that IoU, best first; else with any.

        Raises KeyError for an unknown concept.
        """
        iou: npt.NDArray[np.float32] = self.held["iou"]  # (units, C)
        if concept is None:
            return [int(u) for u in np.flatnonzero(iou.max(1) >= least)]
        if concept not in self.concepts:
            raise KeyError(concept)
        own = iou[:, self.concepts.index(concept)]  # (units,)
        return [int(u) for u in np.argsort(-own, kind="stable") if own[u] >= least]


def load_units(folder: Path, layer: str) -> UnitTable:
    """Read one layer of `folder/units.npz`.

    Raises NoSuchLayer, and DissectionError where the file is missing, damaged or of another version.
    """
    path = folder / UNITS
    try:
        with np.load(path, allow_pickle=False) as file:
            layers = list(dict.fromkeys(name.partition("/")[0] for name in file.files if "/" in name))
            if layer not in layers:
                raise NoSuchLayer(f"{folder.name!r} was dissected at {', '.join(layers)}, not at {layer!r}")
            concepts = tuple(str(name) for name in file["concepts"])
            held = {name: file[f"{layer}/{name}"] for name in _NEEDED}
    except FileNotFoundError as error:
        raise DissectionError(f"{path} is missing: run `unitbrush dissect` for this model") from error
    except DissectionError:
        raise
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        reason = " ".join(str(error).split())[:200]
        raise DissectionError(f"{path} holds no units this version can read ({reason})") from error
    units = len(held["iou"])
    if held["iou"].shape != (units, len(concepts)) or any(len(array) != units for array in held.values()):
        raise DissectionError(f"{path}: the arrays of {layer} do not fit each other")
    return UnitTable(layer, concepts, held)


def load_context(folder: Path) -> dict[str, Any]:
    """Read `folder/context.json`: `{"schema", "concepts", "draw": {concept: {before: {"pictures", "before",
    "drawn"} or null}}}`. Raises DissectionError where that is missing, damaged or of another schema.
    """
    path = folder / CONTEXT
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        schema = document["schema"]
        found = {"concepts": list(document["concepts"]), "draw": dict(document["draw"])}
    except FileNotFoundError as error:
        raise DissectionError(f"{path} is missing: run `unitbrush dissect` for this model") from error
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise DissectionError(f"{path} holds no context table this version can read") from error
    if schema != CONTEXT_SCHEMA:
        raise DissectionError(f"{path} has schema {schema!r}, not {CONTEXT_SCHEMA}: run `unitbrush dissect` again")
    return found
