"""Installing a generator: its file and a card that says what it is, in a folder of models."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from server.errors import WeightError
from server.files import CARD, file_sha256, write_json, write_whole
from server.model.card import SCHEMA, WEIGHTS
from server.model.generator import Generator
from server.model.hooked import HookedGenerator
from server.model.latents import latents_of
from server.model.own import load_weights, made_by
from server.model.weights import load_generator

PICTURES = 8  # that a range is told from


def add_family(folder: Path, weights: Path) -> Generator:
    """Install a file of a known family. Raises WeightError where it is none, and OSError."""
    generator = load_generator(weights)
    _install(folder, weights, {"family": generator.family})
    return generator


def add_own(
    folder: Path,
    module: str,
    weights: Path | None,
    latent_dim: int,
    layers: Sequence[str] | None,
    given: Sequence[float] | None,
) -> HookedGenerator:
    """Install a network of one's own. module: as `package.module:factory`, whose code runs. given: the range of its
    images, None where it is told from a few. Raises WeightError where it cannot be painted with, and OSError."""
    network = made_by(module)
    if weights is not None:
        load_weights(network, weights)
    generator = HookedGenerator(network, latent_dim, layers)
    with torch.inference_mode():
        images = generator(latents_of(range(PICTURES), latent_dim))  # (N, 3, H, W)
        if not torch.equal(images, generator(latents_of(range(PICTURES), latent_dim))):
            raise WeightError(f"{module} draws another image from the same latent each time")
    generator.low, generator.high = given or told_range(float(images.min()), float(images.max()))
    names = [layer.name for layer in generator.layers]
    card = {"family": generator.family, "module": module, "latent_dim": latent_dim, "layers": names}
    _install(folder, weights, {**card, "range": [generator.low, generator.high]})
    return generator


def told_range(low: float, high: float) -> tuple[float, float]:
    """The range that images with these least and greatest values have: 0..255, -1..1 or 0..1. Raises WeightError."""
    if not -1e6 < low <= high < 1e6:
        raise WeightError(f"its images have values from {low:g} to {high:g}")
    if high > 16:
        return 0.0, 255.0
    return (-1.0, 1.0) if low < -0.02 or high > 2 else (0.0, 1.0)


def _install(folder: Path, weights: Path | None, card: dict[str, Any]) -> None:
    """Copy the weights and write the card, the card last. What a folder held before of a generator goes."""
    document: dict[str, Any] = {"schema": SCHEMA, **card}
    new = not folder.exists()
    try:
        if weights is not None:
            name = f"generator{weights.suffix.lower() if weights.suffix.lower() in WEIGHTS else '.pth'}"
            write_whole(folder / name, lambda part: shutil.copyfile(weights, part))
            document |= {"generator": name, "sha256": {name: file_sha256(folder / name)}}
        write_json(folder / CARD, document)
    except BaseException:
        if new:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    for path in folder.glob("generator.*"):
        if path.name != document.get("generator"):
            path.unlink()
