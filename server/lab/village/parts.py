"""What a pixel of the village can show: parts of things, which a picture is decided in, and kinds of things, which a
sketch is made of. Each part and each kind belongs to one concept."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from server.lab.scenes.concepts import (
    CLOUD,
    CONCEPTS,
    DOME,
    DOOR,
    GRASS,
    MOUNTAIN,
    PATH,
    ROOF,
    SKY,
    TREE,
    WALL,
    WATER,
    WINDOW,
)

# (name, concept), in the order of their values in a map. The sun is moon and stars too.
PARTS: tuple[tuple[str, int], ...] = (
    ("sky", SKY),
    ("sun", SKY),
    ("cloud", CLOUD),
    ("cloud base", CLOUD),
    ("lit rock", MOUNTAIN),
    ("shaded rock", MOUNTAIN),
    ("hill", MOUNTAIN),
    ("grass", GRASS),
    ("path", PATH),
    ("water", WATER),
    ("far trees", TREE),
    ("trunk", TREE),
    ("lit crown", TREE),
    ("shaded crown", TREE),
    ("crown edge", TREE),
    ("lit wall", WALL),
    ("shaded wall", WALL),
    ("frame", WALL),
    ("wall edge", WALL),
    ("lit roof", ROOF),
    ("shaded roof", ROOF),
    ("roof edge", ROOF),
    ("roof cross", ROOF),
    ("lit dome", DOME),
    ("shaded dome", DOME),
    ("dome cross", DOME),
    ("door", DOOR),
    ("door seam", DOOR),
    ("pane", WINDOW),
    ("mullion", WINDOW),
)
KINDS: tuple[tuple[str, int], ...] = (
    ("sky", SKY),
    ("cloud", CLOUD),
    ("peak", MOUNTAIN),
    ("hill", MOUNTAIN),
    ("grass", GRASS),
    ("path", PATH),
    ("water", WATER),
    ("round tree", TREE),
    ("conifer", TREE),
    ("poplar", TREE),
    ("bush", TREE),
    ("far trees", TREE),
    ("brick wall", WALL),
    ("plaster wall", WALL),
    ("stone wall", WALL),
    ("gable roof", ROOF),
    ("hipped roof", ROOF),
    ("spire", ROOF),
    ("round dome", DOME),
    ("onion dome", DOME),
    ("plank door", DOOR),
    ("arched door", DOOR),
    ("square window", WINDOW),
    ("arched window", WINDOW),
)
CONCEPT_OF_PART: npt.NDArray[np.uint8] = np.array([concept for _, concept in PARTS], np.uint8)  # (30,)
CONCEPT_OF_KIND: npt.NDArray[np.uint8] = np.array([concept for _, concept in KINDS], np.uint8)  # (24,)

_PART = {name: value for value, (name, _) in enumerate(PARTS)}
_KIND = {name: value for value, (name, _) in enumerate(KINDS)}


def part(name: str) -> int:
    """The value of a part. Raises KeyError for a name that is none."""
    return _PART[name]


def kind(name: str) -> int:
    """The value of a kind. Raises KeyError for a name that is none."""
    return _KIND[name]


def kinds_of(concept: int) -> tuple[int, ...]:
    """The kinds of a concept, an index into CONCEPTS."""
    return tuple(value for value, (_, own) in enumerate(KINDS) if own == concept)


def palette(shown: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """A map of parts in colours that tell them apart: (..., R, R) to (..., R, R, 3)."""
    turn = np.linspace(0, 2 * np.pi * 7, len(PARTS), endpoint=False)  # (30,)
    waves = np.stack([np.cos(turn), np.cos(turn + 2.1), np.cos(turn + 4.2)], 1)  # (30, 3)
    bright = np.linspace(0.65, 1.0, 3)[np.arange(len(PARTS)) % 3, None]  # (30, 1)
    colours: npt.NDArray[np.uint8] = ((0.55 + 0.4 * waves) * bright * 255).astype(np.uint8)
    result: npt.NDArray[np.uint8] = colours[shown]
    return result


assert {concept for _, concept in PARTS} == {concept for _, concept in KINDS} == set(range(len(CONCEPTS)))
