"""The installed models: weights in `models/<name>/`, their dissections in `dissect_results/<name>/`.

A folder that holds nothing but downloads under way (a published model that was not fetched), or neither a card nor
weights, is no model.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from server.errors import DissectionError, UnitbrushError, UnknownModel, WeightError
from server.files import SEGMENTER, file_state
from server.model.card import WEIGHTS, Card, holds_model, read_card
from server.model.generator import Generator
from server.model.measured import read_artifacts, read_directions, read_dissection
from server.model.own import open_generator
from server.model.segmenter import Segmenter, load_segmenter, renamed
from server.results.artifacts import ArtifactUnits
from server.results.brush import Dissection
from server.results.directions import Directions
from server.results.dissection import with_names
from server.results.names import FILE_NAME as NAMES
from server.results.names import Names, load_names
from server.results.reading import reason

log = logging.getLogger(__name__)

MAX_NAME = 64  # letters, which is what a picture's document takes

T = TypeVar("T")
Stamp = tuple[tuple[str, int, int, int], ...]  # of files: path, inode, size, time of the last change


@dataclass(frozen=True)
class Model:
    """A model in memory. weights: the generator's file, None where code alone makes it. generator: float32, never
    written to. segmenter: None where it has none. directions: that a picture may be moved along. artifacts: the units
    that `clean` sets to zero. names: what people call concepts that its results have other names for. scenes: seeds
    worth beginning with. source, citation: where it comes from, and what to cite."""

    name: str
    title: str
    license: str
    family: str
    default: bool
    folder: Path
    weights: Path | None
    generator: Generator
    dissection: Dissection
    segmenter: Segmenter | None
    directions: Directions
    artifacts: ArtifactUnits = ()
    names: Names = field(default_factory=dict)
    scenes: tuple[int, ...] = ()
    source: str | None = None
    citation: str | None = None

    @property
    def edit_layer(self) -> str:
        """The layer that most concepts paint best at; the middle one of a model that was not dissected."""
        layers = self.generator.layers
        return self.dissection.edit_layer if self.dissection.brushes else layers[len(layers) // 2].name

    @property
    def exact_layer(self) -> str | None:
        """The layer at which concepts are painted just where the mask is; None where the generator has no such layer,
        or no brushes there."""
        layer = self.generator.exact_layer
        return layer if any(brush.layer == layer for brush in self.dissection.brushes) else None

    def present_name(self, concept: str) -> str:
        """What people call a concept now, of which a picture may have the name that the results gave it: naming a
        concept must not lose what was painted before."""
        known = concept in self.dissection.concepts
        known = known or (self.segmenter is not None and concept in self.segmenter.concepts)
        return concept if known else self.names.get(concept, concept)


@dataclass(frozen=True)
class _Named:
    """loaded: a model as it is stored. state: of the file of names when it was read. model: the same under them."""

    loaded: Model
    state: tuple[int, int, int]
    model: Model


class Catalog:
    """Finds models, loads each at its first use and keeps it. Safe to share between threads.

    trusted: models, by name or by the reference in their card, whose own code may run.
    """

    def __init__(
        self, models_dir: Path, results_dir: Path, default: str = "village", trusted: Collection[str] = ()
    ) -> None:
        self.trusted = tuple(trusted)
        self.models_dir, self.results_dir, self.default = Path(models_dir), Path(results_dir), default
        self._lock = threading.Lock()
        self._loaded: dict[str, Model] = {}  # under the names that their results have
        self._naming = threading.Lock()
        self._named: dict[str, _Named] = {}
        self._failed: dict[str, tuple[Stamp, UnitbrushError]] = {}  # why, as long as its files have that stamp
        self._reported: dict[str, str] = {}

    def names(self) -> tuple[str, ...]:
        """The names of the installed models, the default first, damaged ones among them."""
        names = [folder.name for folder in self._folders() if _fault(folder) is None]
        return tuple(sorted(names, key=lambda name: (name != self.default, name)))

    def card(self, name: str) -> Card:
        """The card of an installed model. Raises UnknownModel, WeightError."""
        self._check(name)
        return read_card(self.models_dir / name)

    def get(self, name: str | None = None) -> Model:
        """The model of that name, None for the default. Raises UnknownModel, WeightError, DissectionError.

        One that could not be loaded is tried again when its files have changed. Its concepts have the names that
        `names.json` gives them now.
        """
        name = self.default if name is None else name
        if name in self._loaded:  # nobody waits for a model that another is loading
            return self._under_names(self._loaded[name])
        with self._lock:
            if name not in self._loaded:
                self._check(name)
                stamp = _stamp(self.models_dir / name, self.results_dir / name)
                if name not in self._failed or self._failed[name][0] != stamp:
                    self._try(name, stamp)
            if name in self._failed:
                _, error = self._failed[name]
                raise type(error)(error.detail)
            return self._under_names(self._loaded[name])

    def is_current(self, model: Model) -> bool:
        """Whether `get` gives this very one: neither loaded again, nor named anew."""
        loaded = self._loaded.get(model.name)
        return loaded is not None and self._under_names(loaded) is model

    def _under_names(self, loaded: Model) -> Model:
        """The model under the names in its results, which are read again when their file has changed. Where they are
        damaged it keeps those it had, and the log says why."""
        folder = self.results_dir / loaded.name
        state = file_state(folder / NAMES)
        known = self._named.get(loaded.name)
        if known is not None and known.loaded is loaded and known.state == state:
            return known.model
        with self._naming:
            before = known.model if known is not None and known.loaded is loaded else loaded
            model = _extra(before, lambda: _renamed(loaded, load_names(folder)))
            self._named[loaded.name] = _Named(loaded, state, model)
            return model

    def usable(self) -> tuple[Model, ...]:
        """Every model that loads, the default first; a damaged one is reported to the log, once, and left out."""
        models = []
        for name in self.names():
            try:
                models.append(self.get(name))
            except UnitbrushError as error:
                self._report(name, error.detail)
        for folder in self._folders():
            if (fault := _fault(folder)) is not None:
                self._report(ascii(folder.name), fault)
        return tuple(models)

    def _folders(self) -> list[Path]:
        """Those that hold something but downloads under way."""
        return [folder for folder in _entries(self.models_dir) if _holds_something(folder)]

    def _report(self, name: str, reason: str) -> None:
        with self._lock:
            reported, self._reported[name] = self._reported.get(name), reason
        if reported != reason:
            log.error("model %s is left out: %s", name, reason)

    def _check(self, name: str) -> None:
        """Raises UnknownModel where no model of that name is installed."""
        # Only its own folder is looked into: a list of many models asks this for each.
        folders = (folder for folder in _entries(self.models_dir) if folder.name == name)
        if not any(_holds_something(folder) and _fault(folder) is None for folder in folders):
            installed = ", ".join(self.names()) or f"none, {self.models_dir} holds no models"
            raise UnknownModel(f"there is no model {name!r}; installed: {installed}")

    def _try(self, name: str, stamp: Stamp) -> None:
        """Load a model, or keep why it does not load."""
        self._failed.pop(name, None)
        try:
            self._loaded[name] = self._load(name)
        except (WeightError, DissectionError) as error:
            # Made anew, as what was raised holds on to all that was read.
            self._failed[name] = stamp, type(error)(error.detail)
        except Exception as error:  # a stranger's folder must take no other model down
            self._failed[name] = stamp, WeightError(f"{name}: cannot be read ({reason(error)})")

    def _load(self, name: str) -> Model:
        card = read_card(self.models_dir / name)
        folder, results = self.models_dir / name, self.results_dir / name
        try:
            generator = open_generator(card, name, self.trusted)
        except WeightError as error:
            raise WeightError(f"{name}{': ' if card.own else '/'}{error.detail}") from error
        return Model(
            name=name,
            title=card.title,
            license=card.license,
            family=card.family or generator.family,
            default=name == self.default,
            folder=folder,
            weights=card.generator,
            generator=generator,
            dissection=read_dissection(results, generator),
            segmenter=_extra(None, lambda: _read_segmenter(folder)),
            directions=_extra(Directions(generator.latent_dim), lambda: read_directions(results, generator, card)),
            artifacts=_extra((), lambda: read_artifacts(results, generator)),
            scenes=card.scenes,
            source=card.source,
            citation=card.citation,
        )


def _entries(folder: Path) -> list[Path]:
    """What a folder holds; nothing where it cannot be read."""
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _holds_something(folder: Path) -> bool:
    """Whether a folder holds anything but a download under way, and is not hidden itself."""
    entries = _entries(folder) if not folder.name.startswith(".") else []
    return any(not path.name.startswith(".") and path.suffix != ".part" for path in entries)


def _fault(folder: Path) -> str | None:
    """Why a folder is no model, however it loads; None where it may be one."""
    try:
        folder.name.encode()  # what is not UTF-8 is read as lone surrogates, which no answer can carry
    except UnicodeEncodeError:
        return "the name of its folder is not UTF-8"
    if len(folder.name) > MAX_NAME:
        return f"the name of its folder has more than {MAX_NAME} letters"
    return None if holds_model(folder) else f"it holds no generator, a file that ends in {', '.join(WEIGHTS)}"


def _stamp(models: Path, results: Path) -> Stamp:
    """What changes whenever a file does that a model is loaded from."""
    own, dissected = _entries(models), _entries(results)
    paths = [*own, *dissected, *(path / "quantiles.npz" for path in dissected)]
    return tuple(sorted((str(path), *file_state(path)) for path in paths))


def _read_segmenter(folder: Path) -> Segmenter | None:
    """The model's segmenter, None where it has none. Raises WeightError where it is damaged."""
    path = folder / SEGMENTER
    return load_segmenter(path) if path.is_file() else None


def _renamed(model: Model, names: Names) -> Model:
    """The model under other names of concepts. Raises DissectionError where two would have one name."""
    dissection, segmenter = with_names(model.dissection, names), model.segmenter
    segmenter = None if segmenter is None else renamed(segmenter, names)
    return replace(model, dissection=dissection, segmenter=segmenter, names=names)


def _extra(without: T, read: Callable[[], T]) -> T:
    """What `read` returns. Where that is damaged, a model paints `without` it, and the log says why."""
    try:
        return read()
    except UnitbrushError as error:
        log.error("%s", error)
    except Exception as error:  # as above: a stranger's file
        log.error("a file that goes with a model cannot be read (%s)", reason(error))
    return without
