"""The files of a results folder, beside `dissection.json` and the pages: what each holds, and how it is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from server.files import write_json, write_text
from server.lab.dissect.judge.table import verdict_table
from server.lab.dissect.running.passes import Passes
from server.lab.dissect.running.plan import Plan
from server.lab.dissect.running.work import Arrays, write_arrays
from server.lab.dissect.units.matching import ARRAYS, flat
from server.lab.dissect.units.regions import REGION
from server.results.names import Names, renamed
from server.results.unit_quantiles import QUANTILES

SCHEMA = 1
TRIALS_SCHEMA = 2  # of effects.json and judged.json: drawing and removing apart


def write_results(
    out: Path,
    passes: Passes,
    plan: Plan,
    units: Mapping[str, Arrays],
    measured: Mapping[str, Any],
    names: Names,
    apart: bool,
) -> None:
    """measured: as JSON, brushes, judged, context, artifacts and statistics. names: what people call the concepts, in
    the table for them. apart: whether the judge is another segmenter than the one that chose. Raises OSError.
    """
    write_text(out / "README.md", schema_text())
    write_arrays(out / "units.npz", {**flat(units), "concepts": np.array(passes.concepts)})
    write_json(out / "effects.json", {"schema": TRIALS_SCHEMA, "plan": asdict(plan), "brushes": measured["brushes"]})
    judged = measured["judged"]
    write_json(out / "judged.json", {"schema": TRIALS_SCHEMA, "apart": apart, "brushes": judged})
    write_text(out / "judged.md", verdict_table(renamed(judged, names), passes.size, apart))
    write_json(out / "context.json", {"schema": SCHEMA, "concepts": passes.concepts, "draw": measured["context"]})
    write_json(out / "artifacts.json", {"schema": SCHEMA, **measured["artifacts"]})
    write_json(out / "statistics.json", {"schema": SCHEMA, **measured["statistics"]})


def schema_text() -> str:
    """What the files of a results folder hold, as Markdown."""
    arrays = "\n".join(f"| `<layer>/{name}` | {text} |" for name, text in ARRAYS.items())
    quantiles = ", ".join(f"{q:g}" for q in QUANTILES)
    return f"""# A dissection, schema {SCHEMA}

Written by `unitbrush dissect`. C is the number of concepts, K the number of pictures kept of a unit.

| file | holds |
|---|---|
| `dissection.json` | the brushes: a ranking of units, their levels and the recommended number, by concept and layer; \
under `remove` the ranking and number to remove with; `weak`: what is not clearly better than random units |
| `units.npz` | what is known of every unit, see below |
| `effects.json` | every trial of drawing: concept, layer, ranking, base level and its multiple, number of units; the \
concept's share of the mask before and after, how strange it looks (1: as by itself), what such a mask \
holds of it by itself, labels changed outside, random units beside; under `remove` every trial of removing: the part \
gone, labels changed outside, and when the units are zero everywhere (`spoilt`); the choice and its runners-up of both |
| `judged.json`, `judged.md` | the chosen brushes on fresh pictures, read by a segmenter that did not choose them; \
`apart`: false where there was no other than the one that did |
| `context.json` | each brush by what stood in the mask before: pictures, share before and after |
| `artifacts.json` | units whose removal makes pictures better, by layer, with the measure before and after, and the \
candidates that do not |
| `statistics.json` | the concepts' areas in samples and in training scenes, the Frechet distance between them |
| `names.json` | yours to edit: what concepts are called wherever they are shown, `{{"region 1": "face"}}`; where \
it is there a new dissection keeps it |
| `regions.json` | of clusters: the layer that was grouped, and of each region its share of the pictures' area and how \
well the segmenter and the judge read it off pictures they have not seen, as IoU |
| `removals.json`, `removals.webp` | of `unitbrush compare --scenes N --report`: things removed by brushes and by \
inpaintings; where they are there a new dissection's report shows them |
| `costs.json` | seconds of each stage and of the passes alone, peak memory |
| `report/index.html` | all of it for people; opens from the file system |

| array of `units.npz` | shape: meaning |
|---|---|
| `concepts` | (C,): their names |
{arrays}

The quantiles are {quantiles}. A region has {REGION} x {REGION} bits. Featuremaps are upsampled bilinearly with
align_corners False. Quantiles are within 2^-8 of the true ones.
"""
