"""What the server tells, as frozen dataclasses: models, brushes, units, kept pictures, what is seen in a picture.

The API's reference, `/docs`, says what each member means. Members that a newer server adds are passed over.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic.dataclasses import dataclass

from server.client.reading import grey


@dataclass(frozen=True)
class Layer:
    """A layer of a generator: units, and the cells of a featuremap."""

    name: str
    units: int
    height: int
    width: int


@dataclass(frozen=True)
class Model:
    """An installed model."""

    name: str
    title: str
    resolution: int
    size: tuple[int, int]
    latent_dim: int
    w_shape: tuple[int, int] | None
    edit_layer: str
    exact_layer: str | None
    layers: tuple[Layer, ...]
    concepts: tuple[str, ...]
    default: bool
    license: str
    segmenter: bool
    clean: bool
    scenes: tuple[int, ...]
    version: str
    family: str
    source: str | None
    citation: str | None
    translations: tuple[str, ...] = ()


@dataclass(frozen=True)
class SceneW:
    """The w of a seed."""

    w: tuple[float, ...]


@dataclass(frozen=True)
class Models:
    """Every installed model, the default first."""

    models: tuple[Model, ...]


@dataclass(frozen=True)
class RankedUnit:
    """A unit in a ranking."""

    unit: int
    iou: float | None
    effect: float | None
    level: float


@dataclass(frozen=True)
class Removing:
    """What a concept is removed with by default."""

    layer: str
    units: tuple[int, ...]
    recommended_units: int


@dataclass(frozen=True)
class ExactBrush:
    """What a concept is painted with at the model's `exact_layer`."""

    units: tuple[RankedUnit, ...]
    recommended_units: int
    draw_effect: float | None
    remove_effect: float | None
    remove: Removing


@dataclass(frozen=True)
class Concept:
    """What a concept is painted with at its best layer."""

    name: str
    layer: str
    units: tuple[RankedUnit, ...]
    recommended_units: int
    draw_effect: float | None
    remove_effect: float | None
    remove: Removing
    exact: ExactBrush | None
    weak: tuple[str, ...]


@dataclass(frozen=True)
class Concepts:
    """Every concept of a model, those that paint best first."""

    concepts: tuple[Concept, ...]


@dataclass(frozen=True)
class Direction:
    """A direction that a scene can be moved along."""

    name: str
    title: str
    low: str
    high: str
    range: tuple[float, float]
    effect: float
    layout_kept: float


@dataclass(frozen=True)
class Directions:
    """Every direction of a model."""

    directions: tuple[Direction, ...]


@dataclass(frozen=True)
class Match:
    """How a unit agrees with a concept."""

    concept: str
    iou: float
    iou_fixed: float
    threshold: float


@dataclass(frozen=True)
class Unit:
    """A unit of a layer, and the concepts it agrees with, best first."""

    unit: int
    mean: float
    deviation: float
    high: float
    matches: tuple[Match, ...]
    strongest: tuple[int, ...]


@dataclass(frozen=True)
class Units:
    """Some of a layer's units."""

    layer: str
    total: int
    offset: int
    units: tuple[Unit, ...]


@dataclass(frozen=True)
class Gain:
    """A concept's share of the mask before and after drawing it, where another concept stood."""

    pictures: int
    before: float
    drawn: float
    visible: float | None = None


@dataclass(frozen=True)
class Context:
    """What each concept can be drawn on: by the drawn concept, then by what stood there."""

    concepts: tuple[str, ...]
    draw: Mapping[str, Mapping[str, Gain | None]]


@dataclass(frozen=True)
class Variation:
    """A picture's edits over another scene: its document, and its image file in base64."""

    seed: int
    picture: Mapping[str, Any]
    image: str


@dataclass(frozen=True)
class Variations:
    """A picture's edits over other scenes, one for each seed."""

    media_type: str
    variations: tuple[Variation, ...]


@dataclass(frozen=True)
class StyleImage:
    """A style that a picture can be painted in; image: an address, None for those known by number alone."""

    name: str
    image: str | None
    slow: bool


@dataclass(frozen=True)
class Styles:
    """The styles, and what the server lacks for painting in them, if anything."""

    styles: tuple[StyleImage, ...]
    fast: str | None
    slow: str | None


@dataclass(frozen=True)
class Job:
    """Long work, as it is now: waiting, running, done, failed or cancelled."""

    id: str
    kind: str
    state: str
    done: int
    total: int
    seconds_left: float | None
    preview: str | None
    result: str | None
    problem: Mapping[str, Any] | None


@dataclass(frozen=True)
class Inverted:
    """What came of a picture of one's own. picture: the document. grid: how much of each cell the model cannot express,
    0..1, row by row; share: the mean. psnr: of the likeness, in decibels. agreement: the share of pixels that the
    model's segmenter names alike, None without one. own: the part that counted, a JPEG in base64."""

    picture: Mapping[str, Any]
    grid: tuple[tuple[float, ...], ...]
    share: float
    psnr: float
    agreement: float | None
    own: str


@dataclass(frozen=True)
class Trained:
    """What came of a training. model: whose encoder it is. measured: how near it comes, in a line."""

    model: str
    measured: str


@dataclass(frozen=True)
class Resource:
    """A kept picture as the server tells of it."""

    id: str
    revision: int
    picture: Mapping[str, Any]
    image: str
    can_undo: bool
    can_redo: bool
    name: str
    created: datetime
    changed: datetime


@dataclass(frozen=True)
class Segmentation:
    """What the segmenter sees in a picture."""

    width: int
    height: int
    concepts: tuple[str, ...]
    labels: str
    shares: Mapping[str, float]

    def indices(self) -> NDArray[np.uint8]:
        """The index of each pixel's concept: (height, width)."""
        return grey(self.labels)

    def where(self, concept: str) -> NDArray[np.bool_]:
        """Which pixels show the concept: (height, width), as `png` takes it for a mask. Raises ValueError."""
        shown: NDArray[np.bool_] = self.indices() == self.concepts.index(concept)
        return shown


@dataclass(frozen=True)
class ActiveUnit:
    """A unit at a place of a picture."""

    unit: int
    activation: float
    quantile: float | None
    concept: str | None
    iou: float | None
    featuremap: str | None
    low: float | None
    high: float | None

    def activations(self) -> NDArray[np.float32] | None:
        """The whole featuremap, in steps of 1/255 of its range: (height, width). None where none was asked for."""
        if self.featuremap is None or self.low is None or self.high is None:
            return None
        levels = self.low + grey(self.featuremap) / 255 * (self.high - self.low)  # (height, width)
        return levels.astype(np.float32)


@dataclass(frozen=True)
class Inspection:
    """The most active units of a layer at a place, the most remarkable first."""

    layer: str
    height: int
    width: int
    units: tuple[ActiveUnit, ...]


@dataclass(frozen=True)
class Receptivity:
    """Where drawing a concept will take: rows from the top; None, with a note, where unknown."""

    concept: str
    rows: int
    columns: int
    grid: tuple[tuple[float, ...], ...] | None
    note: str | None
