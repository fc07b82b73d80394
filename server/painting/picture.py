"""The picture: what its document may hold. The image is a pure function of it.

    picture = Picture("village", seed=42, edits=(Edit("draw", "tree", Rect((0.1, 0.5, 0.4, 0.8))),))
    picture_to_json(picture)    # the canonical document: one spelling for each picture
    digest(picture)             # and its SHA-256

These classes are the one place that says what a document's members are called, what they mean and what values they
take: `server.painting.parsing` reads documents by them, the API's reference describes them, and they are written back
as they stand. Lengths are fractions of the picture, x right and y down; radii are fractions of its width.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import field, fields, is_dataclass, replace
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Discriminator, Field, Tag, ValidationInfo
from pydantic import model_validator as validator
from pydantic.dataclasses import dataclass
from pydantic_core import PydanticCustomError

from server.painting.base import Base
from server.results.brush import Op

VERSION = 1
MAX_EDITS = 256
MAX_PNG_CHARACTERS = 6 * 2**20
MAX_LATENT = 8192
MAX_LATENTS = 64  # w's of a picture
MAX_UNITS = 8192
MAX_DIRECTIONS = 64
LARGEST = 1e6  # of a level or a latent's component: far beyond any real one, far from float32's end

# No other members, only finite numbers. Long lists fail at their first bad member, as each one takes time to tell.
CONFIG = ConfigDict(extra="forbid", allow_inf_nan=False)

Fraction = Annotated[float, Field(strict=True, ge=0, le=1)]
Number = Annotated[float, Field(strict=True, ge=-LARGEST, le=LARGEST)]
Switch = Annotated[bool, Field(strict=True)]
Name = Annotated[str, Field(strict=True, min_length=1, max_length=64)]
Seed = Annotated[int, Field(strict=True, ge=0, le=2**32 - 1)]
Point = Annotated[tuple[Fraction, ...], Field(min_length=2, max_length=2, fail_fast=True)]


@dataclass(frozen=True, config=CONFIG)
class Line:
    """A round eraser along a line; one point is a dot."""

    points: Annotated[
        tuple[Point, ...],
        Field(
            min_length=1,
            fail_fast=True,
            description="[x, y], fractions of the picture's width and height, x right and y down",
        ),
    ]
    radius: Annotated[float, Field(strict=True, gt=0, le=2, description="in fractions of the picture's width")]


@dataclass(frozen=True, config=CONFIG)
class Stroke(Line):
    """A round brush along a line; one point is a dot."""

    erase: Annotated[Switch, Field(description="take away from the strokes before it")] = False


Erased = Annotated[tuple[Line, ...], Field(fail_fast=True, description="lines whose area is taken away")]


@dataclass(frozen=True, config=CONFIG)
class Strokes:
    """A mask of brush strokes."""

    strokes: Annotated[
        tuple[Stroke, ...],
        Field(min_length=1, fail_fast=True, description="in the order they were drawn"),
    ]


@dataclass(frozen=True, config=CONFIG)
class Rect:
    """A mask of one rectangle."""

    rect: Annotated[
        tuple[Fraction, ...],
        Field(
            min_length=4,
            max_length=4,
            fail_fast=True,
            description="[x0, y0, x1, y1], fractions, x0 < x1 and y0 < y1",
        ),
    ]
    erase: Erased = ()

    @validator(mode="after")
    def _in_order(self) -> Rect:
        x0, y0, x1, y1 = self.rect
        if x0 >= x1 or y0 >= y1:
            raise PydanticCustomError("rect_order", "a rect is [x0, y0, x1, y1] with x0 < x1 and y0 < y1")
        return self


@dataclass(frozen=True, config=CONFIG)
class Png:
    """A mask as an image of up to 2048x2048 pixels, stretched over the picture."""

    png: Annotated[
        str,
        Field(
            strict=True,
            max_length=MAX_PNG_CHARACTERS,
            description="base64, or a data: URL; coverage is its alpha, or its luminance where it has no alpha or one"
            " that is opaque everywhere",
        ),
    ]
    erase: Erased = ()


@dataclass(frozen=True, config=CONFIG)
class Region:
    """A mask of what the segmenter sees as a concept."""

    concept: Annotated[Name, Field(description="what it sees, in the picture as the edits before this one left it")]
    at: Annotated[
        Point | None,
        Field(description="[x, y], fractions: only the connected region there, or the nearest; every one without it"),
    ] = None
    erase: Erased = ()


Area = Strokes | Rect | Png | None  # masks that need no picture
Mask = Area | Region


def _kind(value: object) -> str | None:
    """Which mask it is: the one of the keys it has."""
    has = value.__contains__ if isinstance(value, dict) else lambda key: hasattr(value, key)
    kinds = [key for key in ("strokes", "rect", "png", "concept") if has(key)]
    return kinds[0] if len(kinds) == 1 else None


AnyMask = Annotated[
    Annotated[Strokes, Tag("strokes")]
    | Annotated[Rect, Tag("rect")]
    | Annotated[Png, Tag("png")]
    | Annotated[Region, Tag("concept")],
    Discriminator(
        _kind,
        custom_error_type="mask_kind",
        custom_error_message="a mask is null or an object with one of strokes, rect, png, concept",
    ),
]
_Count = Annotated[int, Field(strict=True, ge=1, le=MAX_UNITS)]
_Numbers = Annotated[
    tuple[Annotated[int, Field(strict=True, ge=0, lt=MAX_UNITS)], ...],
    Field(min_length=1, max_length=MAX_UNITS, fail_fast=True),
]
_Units = Annotated[
    Annotated[_Count, Tag("count")] | Annotated[_Numbers, Tag("list")],
    Discriminator(lambda value: "list" if isinstance(value, list | tuple) else "count"),
]


@dataclass(frozen=True, config=CONFIG)
class Edit:
    """One draw or remove."""

    op: Annotated[
        Op,
        Field(description="draw sets the concept's top units to their levels, remove sets them to zero"),
    ]
    # What a document may leave out, and Python code states.
    concept: Annotated[Name | None, Field(default=None, description="what to paint")]
    mask: Annotated[AnyMask | None, Field(description="where; null is the whole picture")]
    units: Annotated[
        _Units | None,
        Field(description="how many of the concept's top units, or unit numbers; the recommended number without it"),
    ] = None
    levels: Annotated[
        Annotated[tuple[Number, ...], Field(max_length=MAX_UNITS, fail_fast=True)] | None,
        Field(description="one for each listed unit, when drawing a list of them"),
    ] = None
    strength: Annotated[Fraction, Field(description="blends from the picture as it is (0) to the level (1)")] = 1.0
    layer: Annotated[Name | None, Field(description="the concept's best one without it")] = None

    @validator(mode="after")
    def _consistent(self) -> Edit:
        if not isinstance(self.units, tuple):
            if self.concept is None:
                raise PydanticCustomError("no_concept", "an edit names a concept, or lists its units")
            if self.levels is not None:
                raise PydanticCustomError("levels", "levels belong to a list of units")
        elif len(set(self.units)) != len(self.units):
            raise PydanticCustomError("units_twice", "a list of units names each unit once")
        elif self.op == "draw" and (self.levels is None or len(self.levels) != len(self.units)):
            raise PydanticCustomError("levels", "drawing a list of units takes one level for each of them")
        elif self.op == "remove" and self.levels is not None:
            raise PydanticCustomError("levels", "removing sets units to zero and takes no levels")
        elif self.concept is None and self.layer is None:
            raise PydanticCustomError("no_layer", "a list of units without a concept needs a layer")
        return self


_Latent = Annotated[tuple[Number, ...], Field(min_length=1, max_length=MAX_LATENT, fail_fast=True)]
_Latents = Annotated[tuple[_Latent, ...], Field(min_length=1, max_length=MAX_LATENTS, fail_fast=True)]
LATENTS = ("seed", "z", "w")  # a picture has one of these members, or a base
SCENE = (*LATENTS, "base")  # the members by which scenes differ


def _one_or_each(value: object) -> str:
    listed = isinstance(value, list | tuple) and len(value) > 0 and isinstance(value[0], list | tuple)
    return "each" if listed else "one"


_W = Annotated[
    Annotated[_Latent, Tag("one")] | Annotated[_Latents, Tag("each")],
    Discriminator(_one_or_each),
]


def _named(model: object, info: ValidationInfo) -> object:
    """The model's name, or the one in the context of the validation where the document has none."""
    name = (info.context or {}).get("default_model") if model is None else model
    if name is None:
        raise PydanticCustomError("no_model", "a picture names its model")
    return name


def _ordered(amounts: Mapping[str, float]) -> dict[str, float]:
    """By name, without those that are 0."""
    return {name: amount for name, amount in sorted(amounts.items()) if amount != 0}


@dataclass(frozen=True, config=CONFIG)
class Picture:
    """A picture: its image is a pure function of it."""

    model: Annotated[
        Name,
        BeforeValidator(_named),
        Field(
            default=None,
            validate_default=True,
            description="the model's name; the default one without it",
            json_schema_extra=lambda schema: schema.pop("default", None),
        ),
    ]
    seed: Annotated[
        Seed | None,
        Field(description="of the latent: numpy.random.RandomState(seed).standard_normal(latent_dim), float32"),
    ] = None
    z: Annotated[_Latent | None, Field(description="the latent itself, in the place of a seed")] = None
    w: Annotated[
        _W | None,
        Field(
            description="in the place of a seed, for models with a `w_shape`, as StyleGAN2 has: the latent behind the"
            " mapping, as it is, without truncation: one, or a list of one each layer and one for the last colours"
        ),
    ] = None
    base: Annotated[
        Base | None,
        Field(
            description="featuremaps in the place of a scene's, as a picture of one's own begins with; a seed, z or w"
            " beside them is for the layers behind that read more than featuremaps"
        ),
    ] = None
    directions: Annotated[
        Mapping[Name, Number],
        AfterValidator(_ordered),
        Field(
            max_length=MAX_DIRECTIONS,
            description="amounts by name, as `GET /models/{model}/directions` lists them: z + sum(amount * vector)"
            " stands for the latent z, and the length of that plays no part, as PixelNorm divides by it",
        ),
    ] = field(default_factory=dict)
    clean: Annotated[
        Switch, Field(description="set the model's artifact units to zero everywhere, before the edits")
    ] = False
    edits: Annotated[
        tuple[Edit, ...],
        Field(max_length=MAX_EDITS, fail_fast=True, description="earliest first; later ones lie over earlier ones"),
    ] = ()
    version: Annotated[int, Field(strict=True, ge=VERSION, le=VERSION, description="of the document")] = VERSION

    @validator(mode="after")
    def _one_latent(self) -> Picture:
        given = sum(getattr(self, name) is not None for name in LATENTS)
        if given > 1 or (given == 0 and self.base is None):
            raise PydanticCustomError("latent", "a picture has either a seed or a z, or a w")
        if (self.w is not None or self.base is not None) and self.directions:
            name = "w" if self.base is None else "base"
            raise PydanticCustomError(
                "directions", "directions move z; a picture with a {name} has none", {"name": name}
            )
        return self


def over(picture: Picture, seed: int) -> Picture:
    """The same edits and directions over another scene."""
    return replace(picture, seed=seed, z=None, w=None, base=None)


# Written even where they have their default.
_ALWAYS = frozenset({"version", "edits", "mask", "strength"})


def to_document(part: Any) -> Any:
    """A picture, or a part of one, as its document: JSON-able. What has its default is left out, but for `_ALWAYS`."""
    if is_dataclass(part):
        return {
            member.name: to_document(getattr(part, member.name))
            for member in fields(part)
            if member.name in _ALWAYS or getattr(part, member.name) not in (None, member.default, {})
        }
    if isinstance(part, tuple):
        return [to_document(v) for v in part]
    if isinstance(part, Mapping):
        return {name: to_document(v) for name, v in part.items()}
    return part + 0.0 if isinstance(part, float) else part  # -0.0 becomes 0.0


def canonical_json(document: object) -> str:
    """Sorted keys, no spaces, the shortest digits that read back the same."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def picture_to_json(picture: Picture) -> str:
    """The canonical document."""
    return canonical_json(to_document(picture))


def digest(part: Picture | Mask) -> str:
    """SHA-256 of the canonical document of a picture or a mask, in hex."""
    return hashlib.sha256(canonical_json(to_document(part)).encode()).hexdigest()
