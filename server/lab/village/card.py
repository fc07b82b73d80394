"""The model card, written: what the weights are, how they came about, what was measured of them.

Prose that no figure can give (`notes.md` beside the weights) is taken as it stands; every figure comes from the
weights and from the files that the measurements wrote.
"""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path
from typing import Any

from server.files import CARD, GENERATOR, write_text
from server.lab.directions.card import directions_section
from server.model.decided import DecidedGenerator, multiplications
from server.model.weights import load_generator

EVALUATION = "evaluation.json"
SHEETS = {
    "samples": "Renderings above, samples of the same latents below",
    "interpolations": "From one sample to the next, in equal steps between their latents",
    "nearest": "Samples, and below each the four of 2000 training scenes that the judge finds most like it",
}


def _shares_table(shares: dict[str, dict[str, float]]) -> list[str]:
    lines = ["| concept | renderings | samples | ratio |", "|---|---|---|---|"]
    for concept, s in shares.items():
        ratio = s["samples"] / s["renderings"] if s["renderings"] else float("nan")
        lines.append(f"| {concept} | {100 * s['renderings']:.1f} % | {100 * s['samples']:.1f} % | {ratio:.2f} |")
    return lines


def _row(values: dict[str, str]) -> list[str]:
    """A table of one row."""
    return [
        "| " + " | ".join(values) + " |",
        "|---" * len(values) + "|",
        "| " + " | ".join(values.values()) + " |",
    ]


def _segmenter_table(ious: dict[str, dict[str, float]]) -> list[str]:
    names = list(ious)
    lines = ["| concept | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for concept in next(iter(ious.values())):
        lines.append(f"| {concept} | " + " | ".join(f"{ious[n][concept]:.2f}" for n in names) + " |")
    return lines


def _architecture(generator: DecidedGenerator) -> list[str]:
    """What it is made of, and what each size costs from the sketch to the picture."""
    sides = {layer.name: layer for layer in generator.layers}
    steps = [(f"{layer.height}x{layer.width}", layer.units) for layer in generator.layers]
    sizes = ", ".join(
        f"{' and '.join(str(units) for _, units in run)} at {side}" for side, run in groupby(steps, lambda s: s[0])
    )
    counts = multiplications(generator)
    costs: dict[int, float] = {}
    for name, count in counts.items():
        side = sides[name].height if name in sides else generator.resolution
        side = side // 2 if name == generator.decision else side  # four cells of it are made at once
        costs[side] = costs.get(side, 0.0) + 2 * count / 1e9
    by_size = ", ".join(f"{cost:.2f} at {side}" for side, cost in costs.items())
    return [
        f"A generator that decides and then draws (`server/model/decided.py`), of {generator.resolution}x"
        f"{generator.resolution} pixels from a latent of {generator.latent_dim}; units of its layers, in order: "
        f"{sizes}. Brushes work at {generator.sketch}, the sketch, and exact ones at {generator.decision}, the "
        f"decision. From the sketch to the picture it takes {2 * sum(counts.values()) / 1e9:.2f} GFLOP: {by_size}."
    ]


def _sheets(folder: Path) -> list[str]:
    """The sheets of pictures that there are, each with what it shows."""
    there = [(name, text) for name, text in SHEETS.items() if (folder / f"{name}.jpg").exists()]
    return [line for name, text in there for line in (f"{text}:", "", f"![{text}](pictures/{name}.jpg)", "")]


def write_card(model: Path, results: Path) -> Path:
    """Write `model/README.md` from the files in `model` and the brushes judged in `results`. Returns its path.

    Raises FileNotFoundError where a measurement is missing, ValueError for a generator of another family.
    """
    card = json.loads((model / CARD).read_text())
    generator = load_generator(model / GENERATOR)
    if not isinstance(generator, DecidedGenerator):
        raise ValueError(f"{model / GENERATOR} holds a {generator.family}")
    report: dict[str, Any] = json.loads((model / EVALUATION).read_text())
    lines = [
        f"# {card['title']}",
        "",
        *_architecture(generator),
        "",
        f"Licence of the weights: {card['license']}.",
        "",
        (model / "notes.md").read_text().strip(),
        "",
        "## Samples against renderings",
        "",
        f"Over {report['images']} pictures each, as the second segmenter (`judge`) sees them. The Frechet distance of "
        f"its pooled features is {report['frechet']:.3f}; between two sets of renderings it is "
        f"{report['frechet_floor']:.3f}. Mean share of the pixels:",
        "",
        *_shares_table(report["shares"]),
        "",
        "Every latent means a scene (`server/lab/scenes/latent.py`). Of each concept's pixels in the scenes of seeds "
        "that were never trained on, the judge finds in the generator's pictures:",
        "",
        *_row({concept: f"{100 * share:.0f} %" for concept, share in report["understood"].items()}),
        "",
        "By how many buildings such scenes have, the trunk misses their sketches by (mean square, in units of each "
        "number's spread):",
        "",
        *_row({count: f"{error:.3f}" for count, error in report["trunk_error"].items()}),
        "",
        *_sheets(model / "pictures"),
        "## Segmenters",
        "",
        "Two small U-Nets trained apart on rendered scenes; `segmenter` chooses units, `judge` measures the choice. "
        f"On generated pictures they name {100 * report['agreement']:.1f} % of the pixels alike. IoU on scenes that "
        "neither saw:",
        "",
        *_segmenter_table(report["segmenters"]),
        "",
        "## Brushes",
        "",
        (results / "judged.md").read_text().strip(),
        "",
        *directions_section(results, model),
    ]
    path = model / "README.md"
    write_text(path, "\n".join(lines))
    return path
