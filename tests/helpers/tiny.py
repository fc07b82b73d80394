"""The one model of the tests: a random generator that draws in milliseconds, with all that is installed beside one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

from server.files import GENERATOR, INPAINTER, SEGMENTER, TRANSLATOR, write_json, write_whole
from server.lab.dissect.report.dissection import save_dissection
from server.lab.dissect.running.work import write_arrays
from server.model.inpainter import Inpainter, save_inpainter
from server.model.progressive import ProgressiveGenerator
from server.model.segmenter import UNet, save_segmenter
from server.model.translator import Translator, save_translator
from server.results.brush import Brush, Dissection, RankedUnit

CONCEPTS = ("tree", "door", "sky")
SEEN = ("sky", "tree", "door")  # by the segmenter
SEASONS = ("summer", "winter")
WIDTHS = (16, 12, 8, 8)
MATCHED, MATCHED_UNITS = ("tree", "door"), 6  # in the table of units
UNITS = {"layer4": 12, "layer6": 8}  # of the layers that have brushes, 8x8 and 16x16


def save_generator(path: Path, generator: ProgressiveGenerator) -> None:
    """Write a generator's weights as safetensors, under the published names."""
    save_file({name: tensor.contiguous() for name, tensor in generator.state_dict().items()}, path)


def write_model(
    folder: Path,
    name: str = "village",
    seed: int = 1,
    concepts: Sequence[str] = CONCEPTS,
    seen: Sequence[str] = SEEN,
    latent_dim: int = 8,
) -> None:
    """A generator of 32x32 pixels and a segmenter, brushes of every concept at two layers, two directions and two
    artifact units, under models/ and dissect_results/. seen: the concepts that the segmenter knows."""
    torch.manual_seed(seed)
    generator = ProgressiveGenerator(latent_dim, WIDTHS)
    models = folder / "models" / name
    models.mkdir(parents=True)
    save_generator(models / GENERATOR, generator)
    torch.manual_seed(seed + 4)
    save_segmenter(models / SEGMENTER, UNet(tuple(seen), (6, 6, 6, 6)))
    brushes = [
        Brush(
            concept=concept,
            layer=layer,
            units=tuple(RankedUnit((u + i) % units, iou=0.2, effect=0.1, level=3.0 - i + u / 10) for u in range(units)),
            recommended_units=5,
            draw_effect=0.4 - 0.3 * i / len(concepts),
            remove_effect=0.3,
            best=layer == "layer4",
        )
        for i, concept in enumerate(concepts)
        for layer, units in UNITS.items()
    ]
    results = folder / "dissect_results" / name
    save_dissection(results, Dissection(name, tuple(brushes)))
    write_directions(results, generator.latent_dim)
    write_artifacts(results, "layer4", 3, 1)


def write_translator(folder: Path, name: str = "village", seed: int = 1, generator: str | None = None) -> None:
    """A translator that nobody trained, beside that model. generator: the SHA-256 of the one it says it is for."""
    torch.manual_seed(seed)
    translator = Translator(SEASONS)
    write_whole(folder / "models" / name / TRANSLATOR, lambda part: save_translator(part, translator, generator))


def write_inpainter(folder: Path, name: str = "village", seed: int = 1, generator: str | None = None) -> None:
    """An inpainter that nobody trained, beside that model. generator: the SHA-256 of the one it says it is for."""
    torch.manual_seed(seed)
    write_whole(folder / "models" / name / INPAINTER, lambda part: save_inpainter(part, Inpainter(), generator))


def write_directions(folder: Path, latent_dim: int, **members: Any) -> None:
    """Two directions along the latent's first two axes, `season` and `night`, into a folder of results."""
    directions = [
        {
            "name": name,
            "title": name.capitalize(),
            "low": "less",
            "high": "more",
            "range": [-3, 2],
            "effect": 0.1,
            "layout_kept": 0.9,
            "vector": [float(i == axis) for i in range(latent_dim)],
        }
        for axis, name in enumerate(("season", "night"))
    ]
    document = {"schema": 1, "latent_dim": latent_dim, "directions": directions, **members}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "directions.json").write_text(json.dumps(document))


def write_artifacts(folder: Path, layer: str, *units: int) -> None:
    """These units of a layer as artifact units, into a folder of results."""
    folder.mkdir(parents=True, exist_ok=True)
    document = {"schema": 1, "units": [{"layer": layer, "unit": unit} for unit in units]}
    (folder / "artifacts.json").write_text(json.dumps(document))


def write_units(folder: Path, **others: Any) -> None:
    """Units of `layer4` and the concepts they match, into a folder of results. others: in the place of some arrays."""
    iou = np.linspace(0.01, 0.3, MATCHED_UNITS * 2, dtype=np.float32).reshape(MATCHED_UNITS, 2)
    flat = np.ones(MATCHED_UNITS, np.float32)
    arrays = {
        "iou": iou,
        "iou_fixed": iou / 2,
        "threshold": iou * 9,
        "mean": flat,
        "deviation": flat,
        "high": flat * 3,
        "chance": iou / 9,
        "strongest": np.arange(MATCHED_UNITS * 4).reshape(MATCHED_UNITS, 4),
        "regions": np.full((MATCHED_UNITS, 4, 72), 0b10101010, np.uint8),
    }
    concepts = np.array(others.pop("concepts", MATCHED))
    of_layer = {f"layer4/{name}": array for name, array in {**arrays, **others}.items()}
    write_arrays(folder / "units.npz", {**of_layer, "concepts": concepts})


def write_context(folder: Path) -> None:
    """A context table of two concepts, into a folder of results."""
    gain = {"pictures": 8, "before": 0.0, "drawn": 0.4, "visible": 0.75}
    table = {"tree": {"tree": None, "door": gain}, "door": {"tree": {**gain, "drawn": 0.01}, "door": None}}
    write_json(folder / "context.json", {"schema": 1, "concepts": MATCHED, "draw": table})
