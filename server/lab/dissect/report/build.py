"""Writes the report: its data, the pictures it shows, and the page that is the same for every model."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from server.files import write_text
from server.lab.dissect.constants import ABOVE_CHANCE, INTERPRETABLE
from server.lab.dissect.judge.areas import area_shares
from server.lab.dissect.report.colours import colours
from server.lab.dissect.report.removals import PAGE, show_removals
from server.lab.dissect.report.sheet import region_sheet, tile_of
from server.lab.dissect.running.work import Arrays
from server.lab.dissect.units.agreement import best_concepts, matching
from server.lab.dissect.units.regions import REGION
from server.lab.dissect.units.samples import Samples
from server.model.generator import Layer
from server.model.pixels import Pixels
from server.results.names import Names, renamed

TILE = 96  # pixels of a picture's longer side in the sheets
COLUMNS = 8
REGIONS = "regions.webp"  # what the segmenter sees of each concept
_PER_SHEET = 128
_CONCEPTS = 4  # listed for a unit at most


@dataclass(frozen=True)
class Pictures:
    """What the report shows. artifacts: pictures before and after setting artifact units to zero, (2, K, H, W, 3), by
    name.
    """

    samples: Samples
    artifacts: Mapping[str, Pixels] = field(default_factory=dict)


def build_report(
    folder: Path,
    model: str,
    layers: Sequence[Layer],
    concepts: Sequence[str],
    arrays: Mapping[str, Arrays],
    pictures: Pictures,
    measured: Mapping[str, Any],
    names: Names,
) -> None:
    """Write the report into `folder`, which is replaced as a whole.

    layers: the dissected ones, in order. measured: what else the page shows, as JSON: brushes,
    judged, judgedApart, context, artifacts, statistics. names: what people call the concepts.
    """
    concepts, measured, samples = [names.get(c, c) for c in concepts], renamed(measured, names), pictures.samples
    fresh = folder.with_name(f".{folder.name}")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(PAGE, fresh)
    seeds = sorted({int(seed) for layer in layers for seed in np.unique(arrays[layer.name]["strongest"])})
    tile = tile_of(samples.images, TILE)
    sheets = _write_sheets(fresh, samples.images, [seed - samples.first for seed in seeds], tile)
    region_sheet(samples, _titles(samples, concepts)).save(fresh / REGIONS, quality=80, method=4)
    strips = {name: _write_strip(fresh, name, pair) for name, pair in pictures.artifacts.items()}
    document = {
        "schema": 1,
        "model": model,
        "samples": len(samples),
        "interpretable": INTERPRETABLE,
        "aboveChance": ABOVE_CHANCE,
        "concepts": list(concepts),
        "tile": tile,
        "columns": COLUMNS,
        "perSheet": _PER_SHEET,
        "sheets": sheets,
        "seeds": seeds,
        "region": REGION,
        "layers": [_layer(layer, arrays[layer.name], {s: i for i, s in enumerate(seeds)}) for layer in layers],
        "strips": strips,
        "colours": colours(concepts),
        **measured,
    }
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # A page opened from the file system may read no JSON; a script that assigns it is fine everywhere.
    write_text(fresh / "data.js", f"var DISSECTION = {text};\n")
    show_removals(folder.parent, fresh)
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)


def _titles(samples: Samples, concepts: Sequence[str]) -> list[str]:
    """What a sheet says of each concept: its name in the results and what it is called, and its share."""
    shares = area_shares(samples.labels, len(concepts)).mean(0)  # (C,)
    return [
        f"{own if own == name else f'{name} ({own})'}: {share:.1%} of the area"
        for own, name, share in zip(samples.concepts, concepts, shares, strict=True)
    ]


def _layer(layer: Layer, arrays: Arrays, tiles: Mapping[int, int]) -> dict[str, Any]:
    """One layer. Units are [[concept, IoU, IoU at the 0.99 quantile], ...], tiles and regions of their pictures."""
    iou, fixed, chance = arrays["iou"], arrays["iou_fixed"], arrays["chance"]
    pairs, best = matching(iou, chance), best_concepts(iou, chance)  # (units, C), (units,)
    units = []
    for u in range(len(iou)):
        listed = [int(c) for c in np.argsort(-iou[u]) if pairs[u, c]][:_CONCEPTS]
        units.append(
            [
                [[c, round(float(iou[u, c]), 3), round(float(fixed[u, c]), 3)] for c in listed],
                [tiles[int(seed)] for seed in arrays["strongest"][u]],
                base64.b64encode(arrays["regions"][u].tobytes()).decode("ascii"),
            ]
        )
    counts = np.bincount(best[pairs.any(1)], minlength=iou.shape[1])
    return {"name": layer.name, "size": [layer.height, layer.width], "matching": counts.tolist(), "units": units}


def _write_sheets(folder: Path, images: Pixels, wanted: Sequence[int], tile: tuple[int, int]) -> list[str]:
    """Pictures side by side in a few files: browsers load those faster than a thousand small ones. tile: their width
    and height there."""
    names, (width, height) = [], tile
    for number, start in enumerate(range(0, len(wanted), _PER_SHEET)):
        some = wanted[start : start + _PER_SHEET]
        rows = -(-len(some) // COLUMNS)
        sheet = Image.new("RGB", (COLUMNS * width, rows * height))
        for i, index in enumerate(some):
            small = Image.fromarray(images[index]).resize(tile, Image.Resampling.BICUBIC)
            sheet.paste(small, (i % COLUMNS * width, i // COLUMNS * height))
        names.append(f"samples-{number}.webp")
        sheet.save(folder / names[-1], quality=72, method=4)
    return names


def _write_strip(folder: Path, name: str, pair: Pixels) -> str:
    """Pictures before, and below each what it is after. pair: (2, K, H, W, 3). Returns the file's name."""
    two, count, height, width, _ = pair.shape
    strip = pair.transpose(0, 2, 1, 3, 4).reshape(two * height, count * width, 3)
    file = f"artifacts-{name}.webp"
    Image.fromarray(strip).save(folder / file, quality=85, method=4)
    return file
