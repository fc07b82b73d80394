"""The answers of the 2018 API."""

from typing import Any

from pydantic import BaseModel, Field, RootModel

Request = dict[str, Any]
REQUEST = Field(description="what was asked")
JPEGS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The image", "content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}}
}


class ProjectInfo(BaseModel):
    """What a project has."""

    layers: list[str] = Field(description="those that were dissected")


class Project(BaseModel):
    """A model."""

    project: str = Field(description="its name")
    info: ProjectInfo


class Projects(RootModel[list[Project]]):
    """Every installed model."""


class ProjectLayer(BaseModel):
    """A dissected layer."""

    layer: str
    channels: int = Field(description="units")
    shape: tuple[int, int] = Field(description="height and width of its featuremaps")


class ProjectLayers(BaseModel):
    """A model's layers."""

    request: Request = REQUEST
    res: list[ProjectLayer]


class ProjectUnit(BaseModel):
    """A unit."""

    unit: int
    img: str | None = Field(description="address of a picture of what it answers to; null where none is stored")
    label: str | None = Field(description="the concept that it agrees with best; null where none is known")


class ProjectUnits(BaseModel):
    """A layer's units."""

    request: Request = REQUEST
    res: list[ProjectUnit]


class UnitRanking(BaseModel):
    """A layer's units in an order."""

    name: str = Field(description="as tree-iou")
    metric: str | None = Field(description="what the scores measure, as iou")
    scores: list[float | None] = Field(description="one a unit, the least one best: an IoU is negated")


class ProjectRankings(BaseModel):
    """A layer's rankings."""

    request: Request = REQUEST
    res: list[UnitRanking]


class UnitLevels(BaseModel):
    """Levels of a layer's units."""

    request: Request = REQUEST
    res: list[list[float]] = Field(description="a list for each unit, of one level for each quantile")


class ProjectChannel(BaseModel):
    """A unit, as a channel of its layer."""

    id: int
    d: str | None = Field(description="address of a picture of what it answers to; null where none is stored")


class Channels(BaseModel):
    """The channels of a layer."""

    channels: list[ProjectChannel]


class ProjectChannels(BaseModel):
    """A layer's channels."""

    request: Request = REQUEST
    res: Channels


class GeneratedImage(BaseModel):
    """An image."""

    id: int | None = Field(default=None, description="its number; only where it is unedited and was asked for by that")
    d: str = Field(description="a JPEG: its address, or a data: URL that holds it")


class GeneratedImages(BaseModel):
    """Images, in the order that they were asked for."""

    request: Request = REQUEST
    res: list[GeneratedImage]


class Features(BaseModel):
    """How active a layer's units are inside the masks, one number for each unit.

    The quantiles say which share of a unit's usual activations lies below; they are left out where the dissection
    stored none.
    """

    max: list[float]
    mean: list[float]
    max_quantile: list[float] | None = Field(default=None, description="0..1")
    mean_quantile: list[float] | None = Field(default=None, description="0..1")


class ProjectFeatures(BaseModel):
    """Features by layer."""

    request: Request = REQUEST
    res: dict[str, Features]


class ProjectFeaturemaps(BaseModel):
    """Featuremaps by layer."""

    request: Request = REQUEST
    res: dict[str, list[list[list[list[int]]]]] = Field(
        description="for each image, for each unit, rows of cells: the activation's quantile, 0..255"
    )
