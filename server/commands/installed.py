"""The model that a command names: found among those installed, its generator loaded and folded."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from server.model.catalog import Card
    from server.model.progressive import ProgressiveGenerator


@dataclass(frozen=True)
class Installed:
    """A model's folder, its card, the folder its results go to unless told otherwise, and its generator."""

    folder: Path
    card: Card
    results: Path
    generator: ProgressiveGenerator


def add_folders(parser: argparse.ArgumentParser) -> None:
    """The options that say where models and results lie."""
    parser.add_argument("--models-dir", type=Path, help="folder of models")
    parser.add_argument("--results-dir", type=Path, help="folder of dissections")


def open_model(args: argparse.Namespace, device: torch.device) -> Installed:
    """The model `args.model`. Raises UnknownModel, or what `load_generator` raises for damaged weights."""
    from server.errors import UnknownModel
    from server.model.catalog import Catalog, read_card
    from server.model.weights import load_generator
    from server.settings import read_settings

    settings = read_settings()
    models, results = args.models_dir or settings.models_dir, args.results_dir or settings.results_dir
    names = Catalog(models, results).names()
    if args.model not in names:
        raise UnknownModel(f"there is no model {args.model!r}; installed: {', '.join(names) or 'none'}")
    folder = Path(models) / args.model
    card = read_card(folder)
    generator = load_generator(card.generator, card.sha256).to(device).fold()
    return Installed(folder, card, Path(results) / args.model, generator)
