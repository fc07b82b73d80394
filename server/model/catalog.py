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
from dataclasses import dataclass
from pathlib import Path

from server.errors import UnknownModel, WeightError
from server.model.progressive import ProgressiveGenerator
from server.model.segmenter import Segmenter, SegmenterError, load_segmenter
from server.model.weights import load_generator
from server.results.artifacts import ArtifactUnits, load_artifacts
from server.results.brush import OPS
from server.results.directions import Directions, DirectionsError, load_directions
from server.results.dissection import Dissection, DissectionError, load_dissection

log = logging.getLogger(__name__)

SCHEMA = 1
CARD = "model.json"
SEGMENTER = "segmenter.safetensors"


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
    """What is known of a model before it is loaded. sha256: of the generator's file, None where unknown. scenes: seeds
    worth beginning with."""

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
        found = [f.name for f in self.models_dir.iterdir() if f.is_dir() and _generator_file(f) is not None]
        return tuple(sorted(found, key=lambda n: (n != self.default, n)))

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

    def problems(self) -> dict[str, str]:
        """What is wrong with the installed models that do not load, by name."""
        found = {}
        for name in self.names():
            try:
                self.get(name)
            except (WeightError, DissectionError) as error:
                found[name] = str(error)
        return found

    def _load(self, name: str) -> Model:
        known = self.names()
        if name not in known:
            installed = ", ".join(known) or f"none, {self.models_dir} holds no models"
            raise UnknownModel(f"there is no model {name!r}; installed: {installed}")
        card = read_card(self.models_dir / name)
        try:
            generator = load_generator(card.generator, card.sha256)
        except WeightError as error:
            raise WeightError(f"{name}/{error.detail}") from error
        dissection = load_dissection(self.results_dir / name)
        _check_fit(generator, dissection)
        return Model(
            name=name,
            title=card.title,
            license=card.license,
            default=name == self.default,
            folder=self.models_dir / name,
            generator=generator,
            dissection=dissection,
            segmenter=_load_segmenter(self.models_dir / name / SEGMENTER),
            directions=_load_directions(self.results_dir / name, generator, card.sha256),
            artifacts=_load_artifacts(self.results_dir / name, generator),
            scenes=card.scenes,
        )


def read_card(folder: Path) -> Card:
    """The model's card, or what stands in for one. Raises WeightError where there is no generator."""
    generator = _generator_file(folder)
    if generator is None:
        raise WeightError(f"{folder.name}: holds no generator")
    document = _card_document(folder)
    hashes = document.get("sha256", {})
    sha256 = hashes.get(generator.name) if isinstance(hashes, dict) else None
    return Card(
        title=str(document.get("title", folder.name.replace("_", " ").capitalize())),
        license=str(document.get("license", "unknown")),
        generator=generator,
        sha256=sha256 if isinstance(sha256, str) else None,
        scenes=_seeds(document.get("scenes")),
    )


def _seeds(listed: object) -> tuple[int, ...]:
    """The seeds of a card's list; what is no seed is passed over."""
    found = listed if isinstance(listed, list) else []
    return tuple(s for s in found if isinstance(s, int) and not isinstance(s, bool) and 0 <= s < 2**32)


def _card_document(folder: Path) -> dict[str, object]:
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


def _generator_file(folder: Path) -> Path | None:
    """The generator's file, or None where the folder holds none (a damaged card still shows its file)."""
    try:
        named = _card_document(folder).get("generator")
    except WeightError:
        named = None
    candidates = [folder / named] if isinstance(named, str) and Path(named).name == named else []
    candidates += [folder / "generator.safetensors", *sorted(folder.glob("proggan_*.pth"))]
    return next((c for c in candidates if c.is_file()), None)


def _load_segmenter(path: Path) -> Segmenter | None:
    """The model's segmenter. A damaged one is reported to the log: all but picking by concept works without."""
    if not path.is_file():
        return None
    try:
        return load_segmenter(path)
    except SegmenterError as error:
        log.error("%s", error)
        return None


def _load_directions(folder: Path, generator: ProgressiveGenerator, sha256: str | None) -> Directions:
    """The model's directions. Those of another generator, or damaged ones, are reported to the log and left out."""
    none = Directions(generator.latent_dim)
    try:
        found = load_directions(folder)
    except DirectionsError as error:
        log.error("%s", error)
        return none
    if found is None:
        return none
    other = sha256 is not None and found.generator is not None and found.generator != sha256
    if other or found.latent_dim != generator.latent_dim:
        log.error("the directions in %s belong to another generator: run `unitbrush directions` again", folder)
        return none
    return found


def _load_artifacts(folder: Path, generator: ProgressiveGenerator) -> ArtifactUnits:
    """The model's artifact units. Those of another generator, or damaged ones, are reported to the log and left out."""
    try:
        found = load_artifacts(folder)
    except DissectionError as error:
        log.error("%s", error)
        return ()
    widths = {layer.name: layer.units for layer in generator.layers}
    if any(max(units) >= widths.get(layer, 0) for layer, units in found):
        log.error("the artifact units in %s belong to another generator: run `unitbrush dissect` again", folder)
        return ()
    return found


def _check_fit(generator: ProgressiveGenerator, dissection: Dissection) -> None:
    """Raises DissectionError where the dissection names layers or units that the generator does not have."""
    units = {layer.name: layer.units for layer in generator.layers}
    for brush in dissection.brushes:
        if max(unit for op in OPS for unit in brush.ranked(op)[0]) >= units.get(brush.layer, 0):
            raise DissectionError(
                f"the dissection of {dissection.model!r} belongs to another generator: "
                f"its brush of {brush.concept!r} names units that {brush.layer} does not have; "
                "run `unitbrush dissect` again"
            )
