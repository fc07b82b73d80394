"""The installed models: weights in `models/<name>/`, their dissections in `dissect_results/<name>/`.

A model's folder may hold a `segmenter.safetensors`, and a `model.json`:

    {"schema": 1, "title": "Village", "license": "CC0-1.0", "generator": "generator.safetensors",
     "sha256": {"generator.safetensors": "..."}, "scenes": [3, 14, 15]}

Without one, the folder's only `generator.safetensors` or `proggan_*.pth` is the generator. A folder without a
generator (a published model that was not fetched) is no model.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from server.errors import DissectionError, UnknownModel, WeightError
from server.files import CARD, GENERATOR, SEGMENTER
from server.model.generator import Generator
from server.model.progressive import ProgressiveGenerator
from server.model.segmenter import Segmenter, load_segmenter
from server.model.weights import load_generator
from server.results.artifacts import ArtifactUnits, load_artifacts
from server.results.brush import OPS, Dissection
from server.results.directions import Directions, load_directions
from server.results.dissection import load_dissection

log = logging.getLogger(__name__)

SCHEMA = 1

T = TypeVar("T")


@dataclass(frozen=True)
class Model:
    """A model in memory. generator: float32, never written to. segmenter: None where it has none. directions: that a
    picture may be moved along. artifacts: the units that `clean` sets to zero. scenes: seeds worth beginning with."""

    name: str
    title: str
    license: str
    default: bool
    folder: Path
    generator: ProgressiveGenerator
    dissection: Dissection
    segmenter: Segmenter | None
    directions: Directions
    artifacts: ArtifactUnits = ()
    scenes: tuple[int, ...] = ()


@dataclass(frozen=True)
class Card:
    """What is known of a model before it is loaded. generator: its file. sha256: of that file, None where unknown.
    scenes: seeds worth beginning with."""

    title: str
    license: str
    generator: Path
    sha256: str | None
    scenes: tuple[int, ...] = ()


class Catalog:
    """Finds models, loads each at its first use and keeps it. Safe to share between threads."""

    def __init__(self, models_dir: Path, results_dir: Path, default: str = "village") -> None:
        self.models_dir, self.results_dir, self.default = Path(models_dir), Path(results_dir), default
        self._lock = threading.Lock()
        self._loaded: dict[str, Model] = {}

    def names(self) -> tuple[str, ...]:
        """The names of the installed models, the default first, damaged ones among them."""
        if not self.models_dir.is_dir():
            return ()
        names = [folder.name for folder in self.models_dir.iterdir() if folder.is_dir() and _holds_model(folder)]
        return tuple(sorted(names, key=lambda name: (name != self.default, name)))

    def card(self, name: str) -> Card:
        """The card of an installed model. Raises UnknownModel, WeightError."""
        names = self.names()
        if name not in names:
            installed = ", ".join(names) or f"none, {self.models_dir} holds no models"
            raise UnknownModel(f"there is no model {name!r}; installed: {installed}")
        return read_card(self.models_dir / name)

    def get(self, name: str | None = None) -> Model:
        """The model of that name, None for the default. Raises UnknownModel, WeightError, DissectionError."""
        name = self.default if name is None else name
        with self._lock:
            if name not in self._loaded:
                self._loaded[name] = self._load(name)
            return self._loaded[name]

    def usable(self) -> tuple[Model, ...]:
        """Every model that loads, the default first; a damaged one is reported to the log and left out."""
        models = []
        for name in self.names():
            try:
                models.append(self.get(name))
            except (WeightError, DissectionError) as error:
                log.error("model %s is left out: %s", name, error)
        return tuple(models)

    def _load(self, name: str) -> Model:
        card = self.card(name)
        folder, results = self.models_dir / name, self.results_dir / name
        try:
            generator = load_generator(card.generator, card.sha256)
        except WeightError as error:
            raise WeightError(f"{name}/{error.detail}") from error
        return Model(
            name=name,
            title=card.title,
            license=card.license,
            default=name == self.default,
            folder=folder,
            generator=generator,
            dissection=_read_dissection(results, generator),
            segmenter=_extra(None, lambda: _read_segmenter(folder)),
            directions=_extra(Directions(generator.latent_dim), lambda: _read_directions(results, generator, card)),
            artifacts=_extra((), lambda: _read_artifacts(results, generator)),
            scenes=card.scenes,
        )


def read_card(folder: Path) -> Card:
    """The model's card, or what stands in for one. Raises WeightError where it is damaged or there is no generator."""
    document = _read_document(folder)
    generator = _generator_file(folder, document)
    if generator is None:
        raise WeightError(f"{folder.name}: holds no generator")
    hashes, scenes = document.get("sha256"), document.get("scenes")
    sha256 = hashes.get(generator.name) if isinstance(hashes, dict) else None
    return Card(
        title=str(document.get("title", folder.name.replace("_", " ").capitalize())),
        license=str(document.get("license", "unknown")),
        generator=generator,
        sha256=sha256 if isinstance(sha256, str) else None,
        scenes=tuple(s for s in scenes if _is_seed(s)) if isinstance(scenes, list) else (),
    )


def _read_document(folder: Path) -> dict[str, Any]:
    """What `model.json` says, nothing where there is none. Raises WeightError where it is damaged."""
    path = folder / CARD
    if not path.exists():
        return {}
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise WeightError(f"{folder.name}/{CARD}: damaged ({' '.join(str(error).split())})") from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise WeightError(f"{folder.name}/{CARD}: no model card of schema {SCHEMA}")
    return document


def _generator_file(folder: Path, card: Mapping[str, Any]) -> Path | None:
    """The file that the card names, else one of the usual names; None where the folder holds none."""
    named = card.get("generator")
    candidates = [folder / named] if isinstance(named, str) and Path(named).name == named else []
    candidates += [folder / GENERATOR, *sorted(folder.glob("proggan_*.pth"))]
    return next((file for file in candidates if file.is_file()), None)


def _holds_model(folder: Path) -> bool:
    """Whether there is a generator; a model whose card is damaged is one, too."""
    try:
        card = _read_document(folder)
    except WeightError:
        card = {}
    return _generator_file(folder, card) is not None


def _is_seed(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**32


def _read_dissection(folder: Path, generator: Generator) -> Dissection:
    """The model's brushes. Raises DissectionError where they are damaged or of another generator."""
    dissection = load_dissection(folder)
    for brush in dissection.brushes:
        if not _has_units(generator, brush.layer, (unit for op in OPS for unit in brush.ranked(op)[0])):
            raise DissectionError(
                f"the dissection of {dissection.model!r} belongs to another generator: "
                f"its brush of {brush.concept!r} names units that {brush.layer} does not have; "
                "run `unitbrush dissect` again"
            )
    return dissection


def _read_segmenter(folder: Path) -> Segmenter | None:
    """The model's segmenter, None where it has none. Raises WeightError where it is damaged."""
    path = folder / SEGMENTER
    return load_segmenter(path) if path.is_file() else None


def _read_directions(folder: Path, generator: Generator, card: Card) -> Directions:
    """The model's directions. Raises DissectionError where they are damaged or of another generator."""
    directions = load_directions(folder) or Directions(generator.latent_dim)
    other = None not in (card.sha256, directions.generator) and card.sha256 != directions.generator
    if other or directions.latent_dim != generator.latent_dim:
        raise DissectionError(
            f"the directions in {folder} belong to another generator: run `unitbrush directions` again"
        )
    return directions


def _read_artifacts(folder: Path, generator: Generator) -> ArtifactUnits:
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


def _extra(without: T, read: Callable[[], T]) -> T:
    """What `read` returns. Where that is damaged, a model paints `without` it, and the log says why."""
    try:
        return read()
    except (WeightError, DissectionError) as error:
        log.error("%s", error)
        return without
