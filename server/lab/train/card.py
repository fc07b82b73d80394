"""The model card, written: what the weights are, how they came about, what was measured of them.

Prose that no figure can give (`notes.md` beside the weights) is taken as it stands; every figure comes from the
files that the measurements wrote.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from server.files import CARD, write_text
from server.lab.directions.card import directions_section
from server.lab.train.config import TrainConfig, load_config
from server.lab.train.export import EVALUATION, SETTINGS


def _shares_table(shares: dict[str, dict[str, float]]) -> list[str]:
    lines = ["| concept | renderings | samples | ratio |", "|---|---|---|---|"]
    for concept, s in shares.items():
        ratio = s["samples"] / s["renderings"] if s["renderings"] else float("nan")
        lines.append(f"| {concept} | {100 * s['renderings']:.1f} % | {100 * s['samples']:.1f} % | {ratio:.2f} |")
    return lines


def _recall_table(recall: dict[str, float]) -> list[str]:
    return [
        "| " + " | ".join(recall) + " |",
        "|---" * len(recall) + "|",
        "| " + " | ".join(f"{100 * share:.0f} %" for share in recall.values()) + " |",
    ]


def _segmenter_table(ious: dict[str, dict[str, float]]) -> list[str]:
    names = list(ious)
    lines = ["| concept | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for concept in next(iter(ious.values())):
        lines.append(f"| {concept} | " + " | ".join(f"{ious[n][concept]:.2f}" for n in names) + " |")
    return lines


def _architecture(config: TrainConfig) -> list[str]:
    pairs = zip(config.widths[::2], config.widths[1::2], strict=True)
    sizes = ", ".join(f"{a} and {b} at {4 * 2**i}x{4 * 2**i}" for i, (a, b) in enumerate(pairs))
    return [
        f"A Progressive GAN generator of {config.size}x{config.size} pixels from a latent of {config.latent_dim}; "
        f"units of its layers: {sizes}. Brushes work at 8x8 and 16x16."
    ]


SHEETS = {
    "samples": "Renderings above, samples of the same latents below",
    "interpolations": "From one sample to the next, in equal steps between their latents",
    "nearest": "Samples, and below each the four of 2000 training scenes that the judge finds most like it",
}


def _sheets(folder: Path) -> list[str]:
    """The sheets of pictures that there are, each with what it shows."""
    there = [(name, text) for name, text in SHEETS.items() if (folder / f"{name}.jpg").exists()]
    return [line for name, text in there for line in (f"{text}:", "", f"![{text}](pictures/{name}.jpg)", "")]


def write_card(model: Path, results: Path) -> Path:
    """Write `model/README.md` from the files in `model` and the brushes judged in `results`. Returns its path.

    Raises FileNotFoundError where a measurement is missing.
    """
    card = json.loads((model / CARD).read_text())
    config = load_config(model / SETTINGS)
    report: dict[str, Any] = json.loads((model / EVALUATION).read_text())
    lines = [
        f"# {card['title']}",
        "",
        *_architecture(config),
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
        *_recall_table(report["understood"]),
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
