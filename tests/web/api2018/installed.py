"""The tiny model with everything measured, and with results of the 2018 tool."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from server.results.unit_quantiles import QUANTILES
from tests.helpers.tiny import write_model, write_units
from tests.web.api2018.asking import png

UNITS = 12  # of layer4
IOU = np.random.RandomState(0).rand(UNITS, 2).astype(np.float32)  # with tree and door
STORED = (np.linspace(-1, 4, len(QUANTILES)) + np.arange(UNITS)[:, None]).astype(np.float32)  # quantiles


def write_measured(folder: Path) -> None:
    """The tiny model, all units of layer4 measured."""
    write_model(folder)
    row = np.ones(UNITS, np.float32)
    write_units(
        folder / "dissect_results" / "village",
        iou=IOU,
        iou_fixed=IOU / 2,
        threshold=IOU,
        mean=row,
        deviation=row,
        high=STORED[:, QUANTILES.index(0.99)],
        strongest=np.zeros((UNITS, 4), np.int64),
        regions=np.zeros((UNITS, 4, 72), np.uint8),
        quantiles=STORED,
    )


def write_of_2018(folder: Path) -> Path:
    """The tiny model with results of the 2018 tool in the place of its own; gives their folder."""
    write_model(folder)
    results = folder / "dissect_results" / "village"
    (results / "dissection.json").unlink()
    units: list[dict[str, Any]] = [
        {"unit": u, "iou": 0.1, "iou_label": "tree" if u % 2 else "door"} for u in range(UNITS)
    ]
    rankings = [
        {"name": "unit", "score": list(range(UNITS))},
        {"name": "tree-iou", "metric": "iou", "score": [-0.01 * u for u in range(UNITS)]},
        {"name": "door-ace", "metric": "ace", "score": [None, float("nan"), *[-0.5] * (UNITS - 2)]},
    ]
    record = {"layer": "layer4", "dirname": "four", "units": units, "rankings": rankings}
    (results / "dissect.json").write_text(json.dumps({"netname": "church", "layers": [record]}))
    images = results / "four" / "s-image"
    images.mkdir(parents=True)
    data = png(np.full((4, 8), 7, np.uint8))
    (images / "3-top.jpg").write_bytes(data.encode())
    samples = np.arange(1001.0)[:, None] / 1000 * (np.arange(UNITS) + 1)  # (S, units)
    np.savez(results / "four" / "quantiles.npz", data=samples[None])
    return results
