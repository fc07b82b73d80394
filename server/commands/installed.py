"""What a command works with: an installed model, its generator loaded, and segmenters."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from server.commands.trust import add_trust, trusting_settings
from server.errors import UsageError, WeightError

if TYPE_CHECKING:
    import torch

    from server.model.card import Card
    from server.model.catalog import Catalog
    from server.model.generator import Generator
    from server.model.segmenter import UNet


@dataclass(frozen=True)
class Installed:
    """A model's folder, its card, the folder its results go to by default, and its generator."""

    folder: Path
    card: Card
    results: Path
    generator: Generator


def add_folders(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where models and results lie."""
    parser.add_argument("--models-dir", type=Path, help="folder of models")
    parser.add_argument("--results-dir", type=Path, help="folder of dissections")
    add_trust(parser)


def open_catalog(args: argparse.Namespace) -> Catalog:
    """The models in the folders that the options, or else the environment, name."""
    from server.model.catalog import Catalog

    settings = trusting_settings(args, models_dir=args.models_dir, results_dir=args.results_dir)
    return Catalog(settings.models_dir, settings.results_dir, settings.default_model, settings.trusted_modules)


def open_model(args: argparse.Namespace, device: torch.device) -> Installed:
    """The model `args.model`. Raises UnknownModel, WeightError."""
    from torch import nn

    from server.model.own import open_generator

    catalog = open_catalog(args)
    card = catalog.card(args.model)
    generator = open_generator(card, args.model, catalog.trusted)
    if isinstance(generator, nn.Module):
        generator.to(device)
    return Installed(catalog.models_dir / args.model, card, catalog.results_dir / args.model, generator)


def open_segmenter(path: Path, option: str) -> UNet:
    """The segmenter in a file. Raises UsageError, which says that the option names another."""
    from server.model.segmenter import load_segmenter

    try:
        return load_segmenter(path)
    except WeightError as error:
        raise UsageError(f"{error}; name another with {option}") from error
