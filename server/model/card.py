"""A model's card, and which file of its folder is the generator.

A model's folder may hold a `model.json`:

    {"schema": 1, "title": "Village", "license": "CC0-1.0", "generator": "generator.safetensors",
     "sha256": {"generator.safetensors": "..."}, "scenes": [3, 14, 15], "truncation": 0.7,
     "family": "Progressive GAN", "source": "where it comes from", "citation": "what to cite"}

The generator is the file that it names, else `generator.safetensors`, else a published `proggan_*.pth`, else a
`generator` of another kind of file, else the only file of weights that is no segmenter, judge, encoder, discriminator
or state of a training.

The card of a network of one's own says how it is made and cut (`server.model.own`), and needs no file of weights:

     "module": "package.module:factory", "latent_dim": 100, "layers": ["main.5", "main.8"], "range": [-1, 1]
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from server.errors import WeightError
from server.files import CARD, GENERATOR
from server.results.reading import Number, Text, Whole, read_json, reason

SCHEMA = 1
MAX_LATENT = 8192
WEIGHTS = (".safetensors", ".pth", ".pt", ".bin", ".ckpt", ".pkl")
# Files of weights that are no generators, by their stems.
_OTHERS = ("segmenter", "judge", "encoder", "discriminator", "training")

MOST_LETTERS = 500  # of a line about the model

_Line = Annotated[Text, Field(max_length=200)]


@dataclass(frozen=True)
class Own:
    """How a network of one's own is made. layers: names, None for the usual ones. range: of its images."""

    module: str
    latent_dim: int
    layers: tuple[str, ...] | None
    range: tuple[float, float]


@dataclass(frozen=True)
class Card:
    """What is known of a model before it is loaded. generator: its file, None for a network of one's own without one.
    sha256: of that file, None where unknown. scenes: seeds worth beginning with. family: what kind of network, where
    the card names it; the generator knows that too. source: where the model comes from. citation: what to cite. own:
    how it is made, None for a generator of a known family. truncation: of a StyleGAN2's w, 1 for none."""

    title: str
    license: str
    generator: Path | None
    sha256: str | None
    scenes: tuple[int, ...] = ()
    family: str | None = None
    source: str | None = None
    citation: str | None = None
    own: Own | None = None
    truncation: float = 1.0


@dataclass(frozen=True)
class _Document:
    """What `model.json` says. What is of no use of the members that may be anything is passed over."""

    title: _Line | None = None
    license: _Line = "unknown"
    generator: Any = None
    sha256: dict[str, Text] = field(default_factory=dict)
    scenes: Any = ()
    family: Any = None
    source: Any = None
    citation: Any = None
    module: _Line | None = None
    latent_dim: Annotated[Whole, Field(ge=1, le=MAX_LATENT)] = 100
    layers: Annotated[tuple[Text, ...], Field(min_length=1)] | None = None
    range: tuple[Number, Number] = (-1, 1)
    truncation: Annotated[float, Field(strict=True, ge=0, le=1)] = 1.0


_adapter = TypeAdapter(_Document)


def read_card(folder: Path) -> Card:
    """The model's card, or what stands in for one. Raises WeightError where it is damaged or there is no generator."""
    document = _read_document(folder)
    own = _own(document)
    generator = None if own and document.generator is None else _generator_file(folder, document.generator)
    scenes = document.scenes if isinstance(document.scenes, list) else []
    return Card(
        title=document.title or folder.name.replace("_", " ").capitalize(),
        license=document.license,
        generator=generator,
        sha256=None if generator is None else document.sha256.get(generator.name),
        scenes=tuple(s for s in scenes if _is_seed(s)),
        family=_line(document.family),
        source=_line(document.source),
        citation=_line(document.citation),
        own=own,
        truncation=document.truncation,
    )


def _own(document: _Document) -> Own | None:
    low, high = document.range
    if document.module is None:
        return None
    return Own(document.module, document.latent_dim, document.layers, (low, high))


def _read_document(folder: Path) -> _Document:
    path = folder / CARD
    try:
        return _adapter.validate_python(read_json(path, SCHEMA)) if path.exists() else _Document()
    except Exception as error:  # a stranger's file
        raise WeightError(f"{folder.name}/{CARD}: damaged ({reason(error)})") from error


def _generator_file(folder: Path, named: object) -> Path:
    """The generator's file. Raises WeightError, which says how to name it."""
    try:
        if isinstance(named, str) and Path(named).name == named and (folder / named).is_file():
            return folder / named
        files = [path for path in sorted(folder.iterdir()) if is_weights(path)]
    except (OSError, ValueError) as error:
        raise WeightError(f"{folder.name}: cannot be read ({reason(error)})") from error
    ranked = (
        [path for path in files if path.name == GENERATOR],
        [path for path in files if path.match("proggan_*.pth")],
        [path for path in files if path.stem == "generator"],
        [path for path in files if path.stem not in _OTHERS],
    )
    candidates = next(filter(None, ranked), [])
    if not candidates:
        raise WeightError(f"{folder.name}: holds no generator, a file that ends in {', '.join(WEIGHTS)}")
    if len(candidates) > 1:
        names = ", ".join(repr(path.name) for path in candidates)
        raise WeightError(
            f"{folder.name}: holds several files of weights, {names}; call the generator {GENERATOR}, or name it in "
            f'{CARD}: {{"schema": {SCHEMA}, "generator": {json.dumps(candidates[0].name)}}}'
        )
    return candidates[0]


def holds_model(folder: Path) -> bool:
    """Whether a folder holds a card or a file of weights: without either it is no model, and no damaged one."""
    try:
        return (folder / CARD).exists() or any(is_weights(path) for path in folder.iterdir())
    except OSError:
        return False


def is_weights(path: Path) -> bool:
    """Whether that is a file that may hold weights, by its name."""
    return path.suffix.lower() in WEIGHTS and not path.name.startswith(".") and path.is_file()


def _is_seed(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**32


def _line(value: object) -> str | None:
    """A text as one line; None where it is none, longer than MOST_LETTERS, or holds what cannot be shown."""
    line = " ".join(value.split()) if isinstance(value, str) else ""
    return line if line.isprintable() and 0 < len(line) <= MOST_LETTERS else None
