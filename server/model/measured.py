"""What was measured of a generator: its dissection, directions and artifact units, each checked to be of that one."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from server.errors import DissectionError
from server.model.card import Card
from server.model.generator import Generator
from server.results.artifacts import ArtifactUnits, load_artifacts
from server.results.brush import OPS, Dissection
from server.results.directions import Directions, load_directions
from server.results.dissection import is_dissected, stored_dissection


def read_dissection(folder: Path, generator: Generator) -> Dissection:
    """The model's brushes, none where it was not dissected. Raises DissectionError where they are damaged or of another
    generator."""
    if not is_dissected(folder):
        return Dissection(folder.name, ())
    dissection = stored_dissection(folder)
    for brush in dissection.brushes:
        if not _has_units(generator, brush.layer, (unit for op in OPS for unit in brush.ranked(op)[0])):
            raise DissectionError(
                f"the dissection of {dissection.model!r} belongs to another generator: "
                f"its brush of {brush.concept!r} names units that {brush.layer} does not have; "
                "run `unitbrush dissect` again"
            )
    return dissection


def read_directions(folder: Path, generator: Generator, card: Card) -> Directions:
    """The model's directions. Raises DissectionError where they are damaged or of another generator."""
    directions = load_directions(folder) or Directions(generator.latent_dim)
    other = None not in (card.sha256, directions.generator) and card.sha256 != directions.generator
    if other or directions.latent_dim != generator.latent_dim:
        raise DissectionError(
            f"the directions in {folder} belong to another generator: run `unitbrush directions` again"
        )
    return directions


def read_artifacts(folder: Path, generator: Generator) -> ArtifactUnits:
    """The model's artifact units. Raises DissectionError where they are damaged or of another generator."""
    artifacts = load_artifacts(folder)
    if not all(_has_units(generator, layer, units) for layer, units in artifacts):
        raise DissectionError(
            f"the artifact units in {folder} belong to another generator: run `unitbrush dissect` again"
        )
    return artifacts


def _has_units(generator: Generator, layer: str, units: Iterable[int]) -> bool:
    """Whether the generator has that layer, and units of these numbers in it."""
    return max(units) < next((known.units for known in generator.layers if known.name == layer), 0)
