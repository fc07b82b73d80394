"""Results folders of the 2018 tool (GAN Dissection, Bau et al., ICLR 2019), read without running what they pickle.

Such a folder holds `dissect.json`,

    {"netname", "layers": [{"layer", "dirname",
      "units": [{"unit", "level"?, "iou"?, "iou_label"?, ...}],
      "rankings": [{"name": "tree-iou", "concept"?, "metric"?, "score": [a number a unit, the least one best]}]}]}

and `<dirname>/quantiles.npz`, a sketch of every unit's activations: `data`, one array of samples (n, units) a level,
those of level k with weight 2**k. The tool pickles `data` where the levels differ in length; only arrays are
unpickled here.
"""

from __future__ import annotations

import io
import json
import math
import pickle
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from server.files import read_text, unpacked_bytes
from server.results.brush import DEFAULT_UNITS, Brush, Dissection, RankedUnit, check
from server.results.reading import reading

FILE_NAME = "dissect.json"
LEVEL = 0.99  # quantile a unit is drawn at
MAX_BYTES = 2**28  # of a file, unpacked: that tool ranks every unit by hundreds of concepts
_KEPT = 64  # units of a ranking
_METRICS = ("ace", "iou", "iqr", "maxiou", "cor")  # rankings of a concept, the one to paint with first
_NAME = re.compile(rf"(?P<concept>.+)-(?P<metric>{'|'.join(_METRICS)})")

Floats = NDArray[np.float64]


def read_netdissect(folder: Path) -> Dissection:
    """Every concept's brush at every layer, levels from the units or else their 0.99 quantiles.

    Effects stay None: that tool did not measure them this way. Raises DissectionError.
    """
    path = folder / FILE_NAME
    with reading(path, "results of the 2018 tool"):
        document = json.loads(read_text(path, MAX_BYTES))
        brushes: dict[str, list[Brush]] = {}
        for record in document["layers"]:
            for brush in _layer_brushes(folder, record):
                brushes.setdefault(brush.concept, []).append(brush)
        marked = tuple(b for of_concept in brushes.values() for b in _with_best(of_concept))
        if not marked:
            raise ValueError("it ranks no units by a concept")
        name = str(document.get("netname") or folder.name)
        dissection = Dissection(name, marked, "read from results of GAN Dissection (2018)")
        check(dissection)
        return dissection


def _layer_brushes(folder: Path, record: Mapping[str, Any]) -> list[Brush]:
    """A brush for each concept that the layer's units are ranked by, from the best of its rankings."""
    layer, units = str(record["layer"]), record["units"]
    levels = _levels(folder, record)
    chosen: dict[str, tuple[int, Floats]] = {}  # place in _METRICS and scores, (units,), by concept
    for ranking in record["rankings"]:
        match = _NAME.fullmatch(str(ranking["name"]))
        scores = np.array([math.nan if s is None else float(s) for s in ranking["score"]])  # (units,)
        if match is None or len(scores) != len(units):
            continue
        place = _METRICS.index(match["metric"])
        if place < chosen.get(match["concept"], (len(_METRICS), scores))[0]:
            chosen[match["concept"]] = (place, scores)
    return [_brush(layer, name, _METRICS[place], scores, units, levels) for name, (place, scores) in chosen.items()]


def _brush(
    layer: str, concept: str, metric: str, scores: Floats, units: Sequence[Mapping[str, Any]], levels: Floats
) -> Brush:
    order = [int(u) for u in np.argsort(scores, kind="stable") if math.isfinite(scores[u])][:_KEPT]
    ranked = []
    for u in order:
        own = units[u].get("iou") if units[u].get("iou_label") == concept else None
        iou = -float(scores[u]) if metric == "iou" else None if own is None else float(own)
        ranked.append(RankedUnit(u, iou, None, float(levels[u]), -float(scores[u])))
    return Brush(concept, layer, tuple(ranked), min(DEFAULT_UNITS, len(ranked)), None, None, False, metric)


def _with_best(brushes: Sequence[Brush]) -> list[Brush]:
    """One concept's brushes that have units, the one with the best first unit marked."""
    usable = [b for b in brushes if b.units]
    best = max(usable, key=lambda b: b.units[0].score or 0.0, default=None)
    return [replace(b, best=b is best) for b in usable]


def _levels(folder: Path, record: Mapping[str, Any]) -> Floats:
    """What every unit is drawn at: (units,)."""
    units = record["units"]
    if all(u.get("level") is not None for u in units):
        return np.array([float(u["level"]) for u in units])
    name = _folder_name(record)
    levels = read_quantiles(folder / name / "quantiles.npz", LEVEL)
    if len(levels) != len(units):
        raise ValueError(f"the quantiles of {name} are of {len(levels)} units, not {len(units)}")
    return levels


@dataclass(frozen=True)
class Ranking:
    """The units of a layer in an order. scores: one a unit, the least one best; None where it is unknown. metric: what
    they measure, None where that is not said."""

    name: str
    metric: str | None
    scores: tuple[float | None, ...]


@dataclass(frozen=True)
class LayerRecord:
    """What the tool says of a layer. folder: of its files. labels: the concept that each unit agrees with best."""

    folder: Path
    labels: tuple[str | None, ...]
    rankings: tuple[Ranking, ...]


def read_layer(folder: Path, layer: str) -> LayerRecord | None:
    """Everything that stands in `dissect.json` about a layer; None where it is not about that layer. Raises
    DissectionError."""
    path = folder / FILE_NAME
    with reading(path, "results of the 2018 tool"):
        document = json.loads(read_text(path, MAX_BYTES))
        record = next((r for r in document["layers"] if r["layer"] == layer), None)
        return None if record is None else _layer_record(folder, record)


def _layer_record(folder: Path, record: Mapping[str, Any]) -> LayerRecord:
    rankings = []
    for ranking in record["rankings"]:
        scores = [None if s is None or not math.isfinite(s) else float(s) for s in ranking["score"]]
        metric = ranking.get("metric")
        rankings.append(Ranking(str(ranking["name"]), None if metric is None else str(metric), tuple(scores)))
    labels = [unit.get("iou_label") for unit in record["units"]]
    names = tuple(None if label is None else str(label) for label in labels)
    return LayerRecord(folder / _folder_name(record), names, tuple(rankings))


def _folder_name(record: Mapping[str, Any]) -> str:
    """The name of the folder of a layer's files. Raises ValueError where it would lead elsewhere."""
    name = str(record.get("dirname") or record["layer"])
    if Path(name).name != name:
        raise ValueError(f"{name!r} is no folder's name")
    return name


def read_quantiles(path: Path, q: float) -> Floats:
    """A quantile of every unit from a sketch of the 2018 tool: (units,). Raises DissectionError."""
    return sketched_quantiles(path, [q])[:, 0]


def sketched_quantiles(path: Path, shares: Sequence[float]) -> Floats:
    """Quantiles of every unit from a sketch of the 2018 tool: (units, len(shares)). Raises DissectionError."""
    samples, weights = [], []
    with reading(path, "quantiles"):
        if unpacked_bytes(path) > MAX_BYTES:
            raise ValueError(f"it unpacks to more than {MAX_BYTES} bytes")
        with zipfile.ZipFile(path) as archive:
            levels = _read_array(archive.read("data.npy"))
        for level, part in enumerate(levels):
            if not isinstance(part, np.ndarray):  # lists may name one another without end
                raise ValueError("a level is no array")
            values = np.asarray(part, np.float64)
            if values.ndim != 2:
                raise ValueError(f"a level has {values.ndim} dimensions")
            samples.append(values)  # (n, units)
            weights.append(np.full(len(values), 2.0**level))
        flat, weight = np.concatenate(samples), np.concatenate(weights)  # (S, units), (S,)
        if not len(flat):
            raise ValueError("it holds no samples")
    order = flat.argsort(0, kind="stable")
    heavy = weight[order].cumsum(0)  # (S, units)
    at = [
        np.searchsorted(unit, np.multiply(shares, unit[-1])).clip(max=len(flat) - 1) for unit in heavy.T
    ]  # (units, Q)
    result: Floats = np.take_along_axis(np.take_along_axis(flat, order, 0).T, np.array(at), 1)
    return result


class _ArraysOnly(pickle.Unpickler):
    """Unpickles NumPy arrays and nothing else, those of NumPy 1.16 among them, whose bytes are spelt as text."""

    def find_class(self, module: str, name: str) -> Any:
        """What an array is made of. Raises UnpicklingError for everything else."""
        if module in ("numpy.core.multiarray", "numpy._core.multiarray") and name == "_reconstruct":
            return np.empty(0).__reduce__()[0]  # wherever this NumPy keeps it
        if module == "numpy" and name in ("ndarray", "dtype"):
            return getattr(np, name)
        if (module, name) == ("_codecs", "encode"):
            return _latin1
        if (module, name) == ("__builtin__", "bytes"):
            return _no_bytes
        raise pickle.UnpicklingError(f"it holds a {module}.{name}")


def _latin1(text: str, encoding: str) -> bytes:
    """What protocol 2 makes bytes with. Raises UnpicklingError for every other encoding."""
    if not isinstance(text, str) or encoding != "latin1":
        raise pickle.UnpicklingError("it holds text that stands for no bytes")
    return text.encode(encoding)


def _no_bytes() -> bytes:
    """What protocol 2 makes the bytes of an empty array with."""
    return b""


def _read_array(raw: bytes) -> list[Any]:
    """The array in a .npy file; one of objects may hold arrays only."""
    stream = io.BytesIO(raw)
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    dtype = read(stream)[2]
    if not dtype.hasobject:
        return list(np.lib.format.read_array(io.BytesIO(raw), allow_pickle=False))
    levels = _ArraysOnly(stream).load()
    return list(np.asarray(levels, dtype=object).ravel()) if isinstance(levels, np.ndarray) else list(levels)
