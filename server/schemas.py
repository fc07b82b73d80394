"""The answers of the API as pydantic models; FastAPI documents and checks them. Documents that come in are
`server.document`'s matter."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field


class Layer(BaseModel):
    """A layer of a generator and its featuremaps' size."""

    name: str
    units: int
    height: int
    width: int


class Model(BaseModel):
    """An installed model."""

    name: str
    title: str
    resolution: int = Field(description="pixels of the image's side")
    latent_dim: int = Field(description="numbers in a latent z")
    edit_layer: str = Field(description="the layer that most concepts are painted at")
    layers: list[Layer]
    concepts: list[str] = Field(description="what can be painted, what paints best first")
    default: bool
    license: str
    version: str = Field(description="another one whenever the weights or the brushes change")


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


class Concepts(BaseModel):
    """Every concept of a model, those that paint best first."""

    concepts: list[Concept]


class Resource(BaseModel):
    """A kept picture."""

    id: str
    revision: int = Field(description="1 when made, one more with every change; also its ETag")
    picture: dict[str, Any] = Field(description="the document; `POST /render` of it gives the bytes of the image")
    image: str = Field(description="address of the image as it is now")
    can_undo: bool
    can_redo: bool


class Problem(BaseModel):
    """An error, after RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    pointer: str | None = Field(None, description="JSON pointer into the body, where there is such a place")
