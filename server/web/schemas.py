"""The answers of the API, as FastAPI documents them: models and what they can paint, units and contexts of a
dissection, kept pictures, what is seen in a picture, problems. What comes in is `server.painting.picture`'s matter.
"""

from typing import Any

from pydantic import BaseModel, Field

from server.model.generator import Layer


class Model(BaseModel):
    """An installed model."""

    name: str
    title: str
    resolution: int = Field(description="pixels of the image's side, of the longer one where it is no square")
    size: tuple[int, int] = Field(description="the image's height and width in pixels")
    latent_dim: int = Field(description="numbers in a latent z")
    w_shape: tuple[int, int] | None = Field(
        description="how many latents w a picture may give, and the numbers of each; null for families without"
    )
    edit_layer: str = Field(description="the layer that most concepts are painted at")
    exact_layer: str | None = Field(
        description="the layer at which concepts are painted just where the mask is, by edits that name it as their"
        " `layer`; null for models without"
    )
    layers: list[Layer]
    concepts: list[str] = Field(description="what can be painted, what paints best first")
    default: bool
    family: str = Field(description="what kind of network it is, as `Progressive GAN`")
    license: str = Field(description="of the weights, as the model's card names it; `unknown` where it does not")
    source: str | None = Field(description="where the model comes from, a line; null where its card does not tell")
    citation: str | None = Field(description="what to cite where the model is used, a line; null likewise")
    segmenter: bool = Field(description="whether it has one, which `/segment` and masks that name a concept need")
    clean: bool = Field(description="whether artifact units are known, so that a picture may ask for `clean`")
    scenes: list[int] = Field(description="seeds worth beginning with, the best first; may be empty")
    translations: list[str] = Field(
        description="what `/translate` can paint its pictures as; empty where it has no translator"
    )
    version: str = Field(description="another one whenever the weights or the brushes change")


class SceneW(BaseModel):
    """The w of a seed."""

    w: list[float] = Field(description="what every layer reads, as a picture may give it in the place of the seed")


class Models(BaseModel):
    """Every installed model, the default first."""

    models: list[Model]


class RankedUnit(BaseModel):
    """A unit in a ranking."""

    unit: int
    iou: float | None = Field(
        description="overlap of its thresholded featuremap with the concept, 0..1; null where not measured"
    )
    effect: float | None = Field(description="its share of the concept's effect; null where not measured")
    level: float = Field(description="what the unit is set to when the concept is drawn")


class Removing(BaseModel):
    """What a concept is removed with by default."""

    layer: str
    units: list[int] = Field(description="numbers, best first")
    recommended_units: int


class ExactBrush(BaseModel):
    """What a concept is painted with at the model's `exact_layer`; effects as a concept's own."""

    units: list[RankedUnit] = Field(description="best first")
    recommended_units: int
    draw_effect: float | None
    remove_effect: float | None
    remove: Removing


class Concept(BaseModel):
    """What a concept is painted with at its best layer."""

    name: str
    layer: str
    units: list[RankedUnit] = Field(description="best first")
    recommended_units: int
    draw_effect: float | None = Field(
        description="change of the concept's share inside the mask when drawn, -1..1; null where not measured"
    )
    remove_effect: float | None = Field(
        description="share of the concept taken away when removed, -1..1; null where not measured"
    )
    remove: Removing
    exact: ExactBrush | None = Field(description="what it is painted with at the model's `exact_layer`, else null")
    weak: list[str] = Field(description="what it does not do clearly better than random units: drawing, removing")


class Concepts(BaseModel):
    """Every concept of a model, those that paint best first, weak ones last."""

    concepts: list[Concept]


class Direction(BaseModel):
    """A direction that a scene can be moved along."""

    name: str
    title: str
    low: str = Field(description="what lies at negative amounts")
    high: str = Field(description="what lies at positive amounts")
    range: tuple[float, float] = Field(description="the amounts that a picture may ask for")
    effect: float = Field(description="measured change of the attribute per unit of amount")
    layout_kept: float = Field(description="share of the segmenter's labels that stay at amounts of +-1, 0..1")


class Directions(BaseModel):
    """Every direction of a model; none where none were sought."""

    directions: list[Direction]


class Match(BaseModel):
    """How a unit agrees with a concept."""

    concept: str
    iou: float = Field(description="at the threshold of the best information quality ratio")
    iou_fixed: float = Field(description="at the unit's 0.99 quantile")
    threshold: float


class Unit(BaseModel):
    """A unit of a layer."""

    unit: int
    mean: float
    deviation: float
    high: float = Field(description="its 0.99 quantile")
    matches: list[Match] = Field(description="best first")
    strongest: list[int] = Field(description="seeds of the samples it is strongest in")


class Units(BaseModel):
    """Some of a layer's units."""

    layer: str
    total: int = Field(description="units that fit the query")
    offset: int
    units: list[Unit]


class StrongPicture(BaseModel):
    """A picture a unit is strong in, and the region it answers to."""

    seed: int
    image: str
    region: str = Field(description="base64 of one bit a cell, row by row, the highest bit first")
    rows: int = Field(description="rows and columns of the region")


class UnitPage(Unit):
    """A unit with its pictures."""

    layer: str
    pictures: list[StrongPicture]


class Gain(BaseModel):
    """A concept's share of the mask before and after drawing it, where another concept stood."""

    pictures: int
    before: float
    drawn: float
    visible: float | None = Field(None, description="the part of the pictures where one sees it appear")


class Context(BaseModel):
    """What each concept can be drawn on."""

    concepts: list[str] = Field(description="what may stand in the mask")
    draw: dict[str, dict[str, Gain | None]] = Field(description="by the drawn concept, then by what stood there")


class Variation(BaseModel):
    """The edits of a picture over another scene."""

    seed: int
    picture: dict[str, Any] = Field(description="the document; `POST /render` of it gives the same image")
    image: str = Field(description="base64 of the image file")


class Variations(BaseModel):
    """The edits of a picture over other scenes."""

    media_type: str = Field(description="of the images")
    variations: list[Variation] = Field(description="one for each seed, in their order")


class StyleImage(BaseModel):
    """A style that a picture can be painted in."""

    name: str
    image: str | None = Field(description="address of the style's image; null for those known by number alone")
    slow: bool = Field(description="whether it can be painted slowly, which takes an image")


class Styles(BaseModel):
    """The styles, and whether they can be painted in here."""

    styles: list[StyleImage]
    fast: str | None = Field(description="what to install for fast styles; null where they work")
    slow: str | None = Field(description="what to install for slow styles; null where they work")


class Resource(BaseModel):
    """A kept picture."""

    id: str
    revision: int = Field(description="1 when made, one more with every change; also its ETag")
    picture: dict[str, Any] = Field(description="the document; `POST /render` of it gives the bytes of the image")
    image: str = Field(description="address of the image as it is now")
    can_undo: bool
    can_redo: bool
    name: str = Field(description="what its owner calls it; empty until then")
    created: str = Field(description="when, in UTC, as 2026-01-31T09:30:00.000+00:00")
    changed: str = Field(description="when last")


class Segmentation(BaseModel):
    """What the segmenter sees in a picture."""

    width: int
    height: int
    concepts: list[str] = Field(description="what it can see")
    labels: str = Field(description="base64 of an 8-bit grey PNG: each pixel's grey value is its concept's index")
    shares: dict[str, float] = Field(description="each concept's share of the picture, 0..1")


class ActiveUnit(BaseModel):
    """A unit at a place of a picture."""

    unit: int
    activation: float = Field(description="at the point, or the mean over the mask")
    quantile: float | None = Field(
        description="of the activation among its usual ones, 0..1, an estimate; null where they were not measured"
    )
    concept: str | None = Field(description="what it agrees with best; null where not measured")
    iou: float | None = Field(description="how well, 0..1")
    featuremap: str | None = Field(
        description="base64 of an 8-bit grey PNG, a pixel for each cell: grey g is low + g / 255 * (high - low)"
    )
    low: float | None = Field(description="the featuremap's least activation")
    high: float | None = Field(description="its greatest")


class Inspection(BaseModel):
    """The most active units of a layer at a place."""

    layer: str
    height: int = Field(description="cells")
    width: int
    units: list[ActiveUnit] = Field(description="most remarkable first")


class Receptivity(BaseModel):
    """Where drawing a concept will take."""

    concept: str
    rows: int
    columns: int
    grid: list[list[float]] | None = Field(
        description="rows from the top: the share of each cell that will show the concept, 0..1; null where unknown"
    )
    note: str | None = Field(description="why there is no grid")


class Problem(BaseModel):
    """An error, after RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    pointer: str | None = Field(None, description="JSON pointer into the body, where there is such a place")


class Inverted(BaseModel):
    """What came of a picture of one's own: the result of a job of `/invert`."""

    picture: dict[str, Any] = Field(description="the document, with a `base` and without edits")
    grid: list[list[float]] = Field(description="how much of each cell the model could not express, 0..1, row by row")
    share: float = Field(description="of the picture, the mean of that")
    psnr: float = Field(description="of the likeness, in decibels")
    agreement: float | None = Field(
        description="share of the pixels that the model's segmenter names alike in both, null without one"
    )
    own: str = Field(description="base64 of a JPEG: the part of one's own picture that it was made from")


class Trained(BaseModel):
    """What came of a training: the result of a job of `/models/{model}/encoder`."""

    model: str = Field(description="whose encoder it is")
    measured: str = Field(description="how near it comes to samples that it was not trained on, in a line")


class Job(BaseModel):
    """Long work, as it is now."""

    id: str
    kind: str = Field(description="what it does, `style` or `invert`")
    state: str = Field(description="waiting, running, done, failed or cancelled")
    done: int = Field(description="steps")
    total: int = Field(description="steps in all; 0 while that is not known")
    seconds_left: float | None = Field(description="at the pace so far; null where that cannot be told")
    preview: str | None = Field(description="address of an image of what it has so far; another one when that changes")
    result: str | None = Field(description="address of what came of it, once it is done")
    problem: dict[str, Any] | None = Field(description="why it failed, a problem document")
