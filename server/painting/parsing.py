"""The edge: documents that somebody sent become pictures, or a PictureError that says what is wrong.

picture = parse_picture(b'{"version": 1, "model": "village", "seed": 42, "edits": []}')
check(picture, model)      # what only the model knows is checked by server.painting.edits
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, TypeVar

import pydantic_core
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from server.errors import MalformedJSON, PictureError
from server.painting.mask import Mask, Png, Rect, Region, Stroke, Strokes, decode_png, png_pixels
from server.painting.picture import VERSION, Edit, Picture, edit_to_dict, ordered, picture_to_dict, picture_to_json

__all__ = ["edit_to_dict", "parse_edit", "parse_mask", "parse_picture", "picture_to_dict", "picture_to_json"]

MAX_EDITS = 256
MAX_POINTS = 4096
MAX_PNG_CHARACTERS = 6 * 2**20
# In all masks of a picture, so that no document takes seconds to draw.
MAX_ALL_POINTS = 2**16
MAX_ALL_PIXELS = 2**25
MAX_REGIONS = 64
MAX_LATENT = 8192
MAX_UNITS = 8192
MAX_DIRECTIONS = 64
LARGEST = 1e6  # of a level or a latent's component: far beyond any real one, far from float32's end

T = TypeVar("T")

Fraction = Annotated[float, Field(ge=0, le=1)]
Number = Annotated[float, Field(ge=-LARGEST, le=LARGEST)]
Name = Annotated[str, Field(min_length=1, max_length=64)]


class Strict(BaseModel):
    """What comes in: no other members, no conversions, only finite numbers."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class _Line(Strict):
    points: Annotated[list[Annotated[list[Fraction], Field(min_length=2, max_length=2)]], Field(min_length=1)]
    radius: Annotated[float, Field(gt=0, le=2)]


class _Stroke(_Line):
    erase: bool = False


def _few_enough(lines: list[T]) -> list[T]:
    if sum(len(line.points) for line in lines if isinstance(line, _Line)) > MAX_POINTS:
        raise PydanticCustomError("too_many_points", f"a mask has at most {MAX_POINTS} points in all")
    return lines


class _Strokes(Strict):
    strokes: Annotated[list[_Stroke], Field(min_length=1), AfterValidator(_few_enough)]

    def mask(self) -> Mask:
        return Strokes(tuple(Stroke(tuple((x, y) for x, y in s.points), s.radius, s.erase) for s in self.strokes))


class _Erasable(Strict):
    erase: Annotated[list[_Line], AfterValidator(_few_enough)] = []

    def erased(self) -> tuple[Stroke, ...]:
        return tuple(Stroke(tuple((x, y) for x, y in line.points), line.radius) for line in self.erase)


class _Rect(_Erasable):
    rect: Annotated[list[Fraction], Field(min_length=4, max_length=4)]

    @model_validator(mode="after")
    def _in_order(self) -> _Rect:
        x0, y0, x1, y1 = self.rect
        if x0 >= x1 or y0 >= y1:
            raise PydanticCustomError("rect_order", "a rect is [x0, y0, x1, y1] with x0 < x1 and y0 < y1")
        return self

    def mask(self) -> Mask:
        x0, y0, x1, y1 = self.rect
        return Rect(x0, y0, x1, y1, self.erased())


class _Png(_Erasable):
    png: Annotated[str, Field(max_length=MAX_PNG_CHARACTERS)]

    def mask(self) -> Mask:
        return Png(self.png, self.erased())


class _Region(_Erasable):
    concept: Name
    at: Annotated[list[Fraction], Field(min_length=2, max_length=2)] | None = None

    def mask(self) -> Mask:
        return Region(self.concept, None if self.at is None else (self.at[0], self.at[1]), self.erased())


def _kind(value: object) -> str | None:
    """Which mask it is: the one of the keys it has."""
    kinds = [k for k in ("strokes", "rect", "png", "concept") if isinstance(value, dict) and k in value]
    return kinds[0] if len(kinds) == 1 else None


_AnyMask = Annotated[
    Annotated[_Strokes, Tag("strokes")]
    | Annotated[_Rect, Tag("rect")]
    | Annotated[_Png, Tag("png")]
    | Annotated[_Region, Tag("concept")],
    Discriminator(
        _kind,
        custom_error_type="mask_kind",
        custom_error_message="a mask is null or an object with one of strokes, rect, png, concept",
    ),
]


_Count = Annotated[int, Field(ge=1, le=MAX_UNITS)]
_Numbers = Annotated[list[Annotated[int, Field(ge=0, lt=MAX_UNITS)]], Field(min_length=1, max_length=MAX_UNITS)]
_Units = Annotated[
    Annotated[_Count, Tag("count")] | Annotated[_Numbers, Tag("list")],
    Discriminator(lambda value: "list" if isinstance(value, list) else "count"),
]


class _Edit(Strict):
    op: Literal["draw", "remove"]
    concept: Name | None = None
    mask: _AnyMask | None
    units: _Units | None = None
    levels: Annotated[list[Number], Field(max_length=MAX_UNITS)] | None = None
    strength: Fraction = 1.0
    layer: Name | None = None

    @model_validator(mode="after")
    def _consistent(self) -> _Edit:
        if not isinstance(self.units, list):
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

    def edit(self) -> Edit:
        return Edit(
            op=self.op,
            concept=self.concept,
            mask=None if self.mask is None else self.mask.mask(),
            units=tuple(self.units) if isinstance(self.units, list) else self.units,
            strength=self.strength,
            layer=self.layer,
            levels=None if self.levels is None else tuple(self.levels),
        )


class _Place(Strict):
    mask: _AnyMask | None


class _Picture(Strict):
    version: Annotated[int, Field(ge=VERSION, le=VERSION)] = VERSION
    model: Name | None = None
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] | None = None
    z: Annotated[list[Number], Field(min_length=1, max_length=MAX_LATENT)] | None = None
    directions: Annotated[dict[Name, Number], Field(max_length=MAX_DIRECTIONS)] = {}
    clean: bool = False
    edits: Annotated[list[_Edit], Field(max_length=MAX_EDITS)] = []

    @model_validator(mode="after")
    def _one_latent(self) -> _Picture:
        if (self.seed is None) == (self.z is None):
            raise PydanticCustomError("latent", "a picture has either a seed or a z")
        return self


_picture_adapter = TypeAdapter(_Picture)
_edit_adapter = TypeAdapter(_Edit)
_place_adapter = TypeAdapter(_Place)


def parse_picture(data: object, default_model: str | None = None) -> Picture:
    """Read a picture document: bytes or text of JSON, or what JSON decodes to.

    default_model: stands where the document names no model. Raises PictureError; MalformedJSON for bytes that
    are no JSON.
    """
    parsed = validate(_picture_adapter, data)
    model = parsed.model or default_model
    if model is None:
        raise PictureError("a picture names its model", "/model")
    edits = tuple(e.edit() for e in parsed.edits)
    _check_masks(edits, "/edits/{}/mask")
    z = None if parsed.z is None else tuple(parsed.z)
    return Picture(model, parsed.seed, edits, z, ordered(parsed.directions), parsed.clean)


def parse_edit(data: object) -> Edit:
    """Read one edit: bytes or text of JSON, or what JSON decodes to. Raises PictureError."""
    edit = validate(_edit_adapter, data).edit()
    _check_masks((edit,), "/mask")
    return edit


def parse_mask(data: object) -> Mask:
    """Read a mask that stands as `mask` in what JSON decodes to. Raises PictureError."""
    place = validate(_place_adapter, {"mask": data})
    mask = None if place.mask is None else place.mask.mask()
    _check_masks((Edit("remove", None, mask),), "/mask")
    return mask


def _check_masks(edits: tuple[Edit, ...], pointer: str) -> None:
    """Raises PictureError where the masks are too much in all, or a png cannot be decoded."""
    points = pixels = regions = 0
    for i, edit in enumerate(edits):
        try:
            if isinstance(edit.mask, Strokes):
                points += sum(len(s.points) for s in edit.mask.strokes)
            elif edit.mask is not None:
                points += sum(len(s.points) for s in edit.mask.erase)
            if isinstance(edit.mask, Png):
                pixels += png_pixels(edit.mask)
            elif isinstance(edit.mask, Region):
                regions += 1
            if points > MAX_ALL_POINTS or pixels > MAX_ALL_PIXELS or regions > MAX_REGIONS:
                raise PictureError(
                    f"the masks up to this one have {points} points, {pixels} pixels and {regions} concepts; "
                    f"at most {MAX_ALL_POINTS}, {MAX_ALL_PIXELS} and {MAX_REGIONS} are taken"
                )
            if isinstance(edit.mask, Png):
                decode_png(edit.mask)
        except PictureError as error:
            raise PictureError(error.detail, pointer.format(i)) from error


def validate(adapter: TypeAdapter[T], data: object) -> T:
    """Read bytes or text of JSON, or what JSON decodes to. Raises PictureError, with a pointer."""
    if isinstance(data, bytes | bytearray | str):
        data = _decode(data)
    try:
        return adapter.validate_python(data)
    except ValidationError as error:
        raise _explain(error) from error


def _decode(data: bytes | bytearray | str) -> Any:
    try:
        return pydantic_core.from_json(data, allow_inf_nan=False)
    except ValueError as error:
        raise MalformedJSON(f"the body is not JSON: {error}") from error


def _explain(error: ValidationError) -> PictureError:
    """The first complaint, in one line, with a JSON pointer to it."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    pointer, before = "", ""
    for step in first["loc"]:
        # Behind a union's field pydantic names the branch it tried, and behind a bad name says that it means the name:
        # neither is a place in the document.
        if not (isinstance(step, str) and (before in ("mask", "units") or step == "[key]")):
            pointer += "/" + str(step).replace("~", "~0").replace("/", "~1")
            before = str(step)
        else:
            before = ""
    message = "Input should be an object" if first["type"] == "model_type" else first["msg"]
    return PictureError(f"{pointer or 'the document'}: {message}", pointer)


def json_schemas() -> dict[str, dict[str, Any]]:
    """JSON schemas of `Picture`, `Edit` and their parts by name, with references as OpenAPI wants them."""
    _, found = TypeAdapter.json_schemas(
        [("picture", "validation", _picture_adapter), ("edit", "validation", _edit_adapter)],
        ref_template="#/components/schemas/{model}",
    )
    text = json.dumps(found["$defs"]).replace('"_', '"').replace("/schemas/_", "/schemas/")
    schemas: dict[str, dict[str, Any]] = json.loads(text)
    return schemas
