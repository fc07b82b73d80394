"""A dissection written as the 2018 tool does (GAN Dissection, Bau et al., ICLR 2019), whose pages and server read it.

`server.results.netdissect` describes such a folder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from server.files import write_json, write_whole
from server.lab.dissect.constants import INTERPRETABLE
from server.lab.dissect.running.work import Arrays, read_arrays
from server.lab.dissect.units.matching import by_layer
from server.results.brush import Brush, Dissection
from server.results.dissection import load_dissection
from server.results.names import load_names
from server.results.netdissect import FILE_NAME, LEVEL, Floats
from server.results.unit_quantiles import QUANTILES
from server.results.units import FILE_NAME as UNITS

_RESOLUTION = 1024  # samples a unit in a written sketch


def rewrite(results: Path, folder: Path) -> None:
    """Write the finished dissection in `results` again, as the 2018 tool does. Raises OSError, DissectionError."""
    arrays = read_arrays(results / UNITS)
    names = load_names(results)
    concepts = [names.get(str(name), str(name)) for name in arrays.pop("concepts")]
    write_netdissect(folder, load_dissection(results), concepts, by_layer(arrays), np.array(QUANTILES))


def write_netdissect(
    folder: Path, dissection: Dissection, concepts: Sequence[str], layers: Mapping[str, Arrays], quantiles: Floats
) -> None:
    """Write a folder that the 2018 tool's pages and server read.

    layers: the arrays of `units.npz` by layer. quantiles: (Q,), which ones their "quantiles" are.
    """
    records = []
    for layer, arrays in layers.items():
        records.append(_record(layer, arrays, concepts, [b for b in dissection.brushes if b.layer == layer]))
        way = np.linspace(0, 1, _RESOLUTION)
        samples = np.stack([np.interp(way, quantiles, unit) for unit in arrays["quantiles"]], 1)  # (S, units)
        state = {
            "resolution": 6 * _RESOLUTION,
            "depth": samples.shape[1],
            "buffersize": 128,
            "samplerate": 1.0,
            "data": samples[None].astype(np.float32),  # one level
            "sizes": np.array([6 * _RESOLUTION]),
            "extremes": arrays["quantiles"][:, [0, -1]].astype(np.float32),
            "size": _RESOLUTION,
        }
        write_whole(folder / layer / "quantiles.npz", lambda p, state=state: np.savez(p, **state))  # type: ignore[misc]
    document = {
        "netname": dissection.model,
        "default_ranking": "unit",
        "quantile_threshold": 1 - LEVEL,
        "layers": records,
    }
    write_json(folder / FILE_NAME, document)


def _record(layer: str, arrays: Arrays, concepts: Sequence[str], brushes: Sequence[Brush]) -> dict[str, Any]:
    iou: npt.NDArray[np.float32] = arrays["iou_fixed"]  # (units, C)
    best = iou.argmax(1)  # (units,)
    units = [
        {
            "unit": u,
            "interp": bool(iou[u, best[u]] >= INTERPRETABLE),
            "level": float(arrays["high"][u]),
            "iou": float(iou[u, best[u]]),
            "iou_label": concepts[best[u]],
            "iou_labelnum": int(best[u]),
            "iou_cat": "object",
            "top": [{"imgnum": int(seed)} for seed in arrays["strongest"][u]],
        }
        for u in range(len(iou))
    ]
    rankings: list[dict[str, Any]] = [{"name": "unit", "score": list(range(len(iou)))}]
    rankings.append({"name": "max iou", "metric": "iou", "score": [-float(v) for v in iou.max(1)]})
    for c, concept in enumerate(concepts):
        scores = [-float(v) for v in iou[:, c]]
        rankings.append({"name": f"{concept}-iou", "concept": concept, "metric": "iou", "score": scores})
    for brush in brushes:
        place = {u.unit: i for i, u in enumerate(brush.units)}
        scores = [place.get(u, len(iou)) / len(iou) - 1 for u in range(len(iou))]
        rankings.append({"name": f"{brush.concept}-ace", "concept": brush.concept, "metric": "ace", "score": scores})
    return {"layer": layer, "dirname": layer, "units": units, "rankings": rankings}
