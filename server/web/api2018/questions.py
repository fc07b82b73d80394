"""The bodies of the 2018 API's calls, read and bounded. Members that it does not know are let be, as that server did,
and null stands for a member that is missing."""

from dataclasses import dataclass
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from server.errors import PictureError
from server.painting.parsing import decode_json, validate
from server.painting.picture import MAX_EDITS, MAX_LATENT, MAX_PNG_CHARACTERS, MAX_UNITS, Fraction, Name, Number

MAX_IDS = 1000  # in a call
MAX_ID = 2**15  # the latents before an image's own are drawn too
MAX_ABLATIONS = 2**15  # in an intervention
MAX_LAYERS = 64
MAX_SIDE = 2048  # of a mask

T = TypeVar("T", bound="Question")


class Part(BaseModel):
    """A part of a body."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, allow_inf_nan=False)


class BitMask(Part):
    """Where: ones and zeros, or a PNG. `{}` is no mask."""

    shape: Annotated[
        list[Annotated[int, Field(ge=1, le=MAX_SIDE)]] | None,
        Field(max_length=2, description="height and width; 256x256, or the PNG's, without it"),
    ] = None
    bitbounds: Annotated[
        list[Annotated[int, Field(ge=0, le=MAX_SIDE)]] | None,
        Field(max_length=4, description="[y0, x0, y1, x1], the part that the bits fill; everything without it"),
    ] = None
    bitstring: Annotated[
        str | None,
        Field(
            max_length=MAX_PNG_CHARACTERS,
            description="ones and zeros, row by row; or a PNG as a data: URL, with or without its `data:`, which"
            " counts where its alpha is more than 0, or its red less than 255 where it has no alpha",
        ),
    ] = None


class Ablation(Part):
    """What a unit is set to."""

    layer: Annotated[Name, Field(description="the unit's layer")]
    unit: Annotated[int, Field(ge=0, lt=MAX_UNITS, description="its number")]
    alpha: Annotated[Fraction | None, Field(description="blends from the unit as it is (0) to the value (1)")] = 1.0
    value: Annotated[Number | None, Field(description="what it is set to")] = 0.0


class Intervention(Part):
    """Units set to values inside a mask, everywhere without one. Of a unit that is listed twice the last counts."""

    ablations: Annotated[
        list[Ablation] | None, Field(max_length=MAX_ABLATIONS, fail_fast=True, description="the units")
    ] = None
    mask: Annotated[BitMask | None, Field(description="where")] = None
    maskpooling: Annotated[
        Literal["max", "mean"] | None,
        Field(description="what a cell of the layer makes of the mask's pixels in it"),
    ] = "max"


Id = Annotated[int, Field(ge=0, lt=MAX_ID)]
Ids = Annotated[list[Id], Field(min_length=1, max_length=MAX_IDS, fail_fast=True)]
Latent = Annotated[list[Number], Field(min_length=1, max_length=MAX_LATENT, fail_fast=True)]
Layers = Annotated[
    list[Name] | None, Field(max_length=MAX_LAYERS, description="which ones; every dissected one without it")
]


class Question(Part):
    """What every body has."""

    project: Annotated[Name, Field(description="the model's name")]
    interventions: Annotated[
        list[Intervention] | None,
        Field(max_length=MAX_EDITS, fail_fast=True, description="later ones lie over earlier ones"),
    ] = None


class GenerateQuestion(Question):
    """Images to draw. Exactly one of `ids` and `zs` says which."""

    ids: Annotated[
        Ids | None,
        Field(
            description="numbers of images: image i has the latent"
            " numpy.random.RandomState(1).standard_normal(n * latent_dim).reshape(n, latent_dim)[i], for any n > i"
        ),
    ] = None
    zs: Annotated[
        Annotated[list[Latent], Field(min_length=1, max_length=MAX_IDS, fail_fast=True)] | None,
        Field(description="latents"),
    ] = None
    return_urls: Annotated[
        bool | int | None, Field(description="whether edited images are kept by the server and come as addresses")
    ] = None


class FeaturesQuestion(Question):
    """Images, and a mask for each: how active are the units there?"""

    ids: Annotated[Ids, Field(description="numbers of images")]
    masks: Annotated[
        list[BitMask | None] | None,
        Field(max_length=MAX_IDS, fail_fast=True, description="one for each image; everything without them"),
    ] = None
    layers: Layers = None


class FeaturemapsQuestion(Question):
    """Images: what are their featuremaps?"""

    ids: Annotated[Ids, Field(description="numbers of images")]
    layers: Layers = None


@dataclass(frozen=True)
class Asked(Generic[T]):
    """A body: document, what its JSON means, which the answer repeats; question, what that asks."""

    document: dict[str, Any]
    question: T


def parse_generate(body: bytes, default_model: str) -> Asked[GenerateQuestion]:
    """Raises PictureError."""
    asked = _parse(_generate, body)
    if (asked.question.ids is None) == (asked.question.zs is None):
        raise PictureError("the body has either ids or zs", "")
    return asked


def parse_features(body: bytes, default_model: str) -> Asked[FeaturesQuestion]:
    """Raises PictureError."""
    asked = _parse(_features, body)
    ids, masks = asked.question.ids, asked.question.masks
    if masks is not None and len(masks) != len(ids):
        raise PictureError(f"there are {len(masks)} masks for {len(ids)} ids; each image has one", "/masks")
    return asked


def parse_featuremaps(body: bytes, default_model: str) -> Asked[FeaturemapsQuestion]:
    """Raises PictureError."""
    return _parse(_featuremaps, body)


_generate = TypeAdapter(GenerateQuestion)
_features = TypeAdapter(FeaturesQuestion)
_featuremaps = TypeAdapter(FeaturemapsQuestion)


def _parse(adapter: TypeAdapter[T], body: bytes) -> Asked[T]:
    document = decode_json(body)
    question = validate(adapter, document)  # which is an object, then
    return Asked(document, question)


def question_schemas() -> dict[str, dict[str, Any]]:
    """JSON schemas of the bodies and their parts by name, with references as OpenAPI wants them."""
    adapters: tuple[TypeAdapter[Any], ...] = (_generate, _features, _featuremaps)
    _, schemas = TypeAdapter.json_schemas(
        [(i, "validation", adapter) for i, adapter in enumerate(adapters)],
        ref_template="#/components/schemas/{model}",
    )
    definitions: dict[str, dict[str, Any]] = schemas["$defs"]
    return definitions
