"""A tiny generator that decides and then draws, with random weights, and the same installed with brushes."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save_file

from server.files import GENERATOR, SEGMENTER
from server.lab.dissect.report.dissection import save_dissection
from server.model.decided import DecidedGenerator, Shape
from server.model.segmenter import UNet, save_segmenter
from server.results.brush import Brush, Dissection, RankedUnit

SMALL = Shape(
    latent_dim=6,
    trunk=(8, 8, 8),
    sketch=7,
    plan=((0.5, 12), (0.5, 12), (1, 10), (2, 9), (4, 8), (4, 8)),
    parts=5,
    draw=((4, 8), (8, 6), (16, 4)),
)
SKETCH, DECISION = "layer6", "layer13"
CONCEPTS = ("tree", "door", "sky")
EXACT = ("tree", "door")  # of these, those that can be painted exactly


def small_decided(seed: int = 3) -> DecidedGenerator:
    """16 layers, 256 pixels."""
    torch.manual_seed(seed)
    return DecidedGenerator(SMALL).eval().requires_grad_(False)


def write_decided_model(folder: Path, name: str = "village") -> None:
    """That generator, a segmenter, and brushes at the sketch and at the decision, under models/ and
    dissect_results/."""
    models = folder / "models" / name
    models.mkdir(parents=True)
    save_file({n: t.half().contiguous() for n, t in small_decided().state_dict().items()}, models / GENERATOR)
    torch.manual_seed(5)
    save_segmenter(models / SEGMENTER, UNet(CONCEPTS, (6, 6, 6, 6)))
    grow = [
        Brush(concept, SKETCH, tuple(RankedUnit((u + i) % 7, 0.2, 0.1, 3.0) for u in range(7)), 3, 0.5, 0.4, True)
        for i, concept in enumerate(CONCEPTS)
    ]
    exact = [
        Brush(concept, DECISION, tuple(RankedUnit((u + i) % 5, 0.4, None, 2.0) for u in range(5)), 1, 0.97, 0.9, False)
        for i, concept in enumerate(EXACT)
    ]
    save_dissection(folder / "dissect_results" / name, Dissection(name, (*grow, *exact)))
