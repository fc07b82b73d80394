"""Reading documents that somebody sent: a picture, an edit or a mask, or a PictureError that says what is wrong.

picture = parse_picture(b'{"version": 1, "model": "village", "seed": 42, "edits": []}')
resolve(picture, model)    # what only the model knows is checked by server.painting.edits
"""

from __future__ import annotations

import json
from typing import Any, TypeVar

import pydantic_core
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from server.errors import MalformedJSON, PictureError
from server.painting.mask import decode_png, drawing_work
from server.painting.picture import MAX_DIRECTIONS, MAX_EDITS, Edit, Mask, Picture, Png, Region

MAX_POINTS = 4096  # of a mask
# In all masks of a picture, so that no document takes seconds to draw.
MAX_ALL_POINTS = 2**16
MAX_ALL_PIXELS = 2**25
MAX_REGIONS = 64
# Of JSON that is worth decoding. A dot has an object and two lists.
MAX_PARTS = 4 * MAX_ALL_POINTS
MAX_VALUES = 2**20
MAX_NAMES = 32  # in an object
MAX_ALL_WORK = 2.0**14  # of `drawing_work`: about two seconds of one core

T = TypeVar("T")


class Strict(BaseModel):
    """A request's body: no other members, no conversions, only finite numbers."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


_picture_adapter = TypeAdapter(Picture)
_edit_adapter = TypeAdapter(Edit)


def parse_picture(data: object, default_model: str | None = None) -> Picture:
    """Read a picture document: bytes or text of JSON, or what JSON decodes to.

    default_model: stands where the document names no model. Raises PictureError; MalformedJSON for bytes that
    are no JSON.
    """
    picture = validate(_picture_adapter, data, default_model)
    check_masks([edit.mask for edit in picture.edits], "/edits/{}/mask")
    return picture


def parse_edit(data: object) -> Edit:
    """Read one edit: bytes or text of JSON, or what JSON decodes to. Raises PictureError."""
    edit = validate(_edit_adapter, data)
    check_masks([edit.mask], "/mask")
    return edit


def check_masks(masks: list[Mask], pointer: str) -> None:
    """Raises PictureError where the masks are too much in all, or a png cannot be decoded; `validate` counts points."""
    pixels, regions, work = 0, 0, 0.0
    for i, mask in enumerate(masks):
        try:
            pixels += decode_png(mask).size if isinstance(mask, Png) else 0
            regions += isinstance(mask, Region)
            work += drawing_work(mask)
            if pixels > MAX_ALL_PIXELS or regions > MAX_REGIONS:
                raise PictureError(
                    f"the masks up to this one have {pixels} pixels and {regions} concepts; "
                    f"at most {MAX_ALL_PIXELS} and {MAX_REGIONS} are taken"
                )
            if work > MAX_ALL_WORK:
                raise PictureError("the strokes of the masks up to this one are too much to draw: fewer, smaller ones")
        except PictureError as error:
            raise PictureError(error.detail, pointer.format(i)) from error


def validate(adapter: TypeAdapter[T], data: object, default_model: str | None = None) -> T:
    """Read bytes or text of JSON, or what JSON decodes to. Raises PictureError, with a pointer.

    What refuses is cheap: brackets, colons and commas are counted before anything is decoded, and edits, strokes and
    points before anything is validated.
    """
    if isinstance(data, bytes | str):
        data = decode_json(data)
    _count_points(data, "")
    try:
        return adapter.validate_python(data, context={"default_model": default_model})
    except ValidationError as error:
        raise _explain(error) from error


def decode_json(data: bytes | str) -> Any:
    """What JSON means, in UTF-8, UTF-16 or UTF-32, with a byte-order mark or without. Raises MalformedJSON, and
    PictureError for more of it than any picture takes."""
    raw = data.encode(errors="surrogatepass") if isinstance(data, str) else data
    lists, objects, names, values = (raw.count(mark) for mark in (b"[", b"{", b":", b","))
    if lists + objects > MAX_PARTS or names > MAX_PARTS or values > MAX_VALUES:
        raise PictureError(
            f"the document has more than {MAX_PARTS} lists and objects, {MAX_PARTS} names or {MAX_VALUES} values"
        )
    try:
        encoding = json.detect_encoding(raw)
        text = raw if encoding == "utf-8" else raw.decode(encoding)
        return pydantic_core.from_json(text, allow_inf_nan=False)
    except ValueError as error:
        raise MalformedJSON(f"the body is not JSON: {error}") from error


def _count_points(document: object, pointer: str) -> int:
    """The points in the masks of what JSON decodes to: a mask, an edit, a picture, or what has one as a member.

    Raises PictureError where there are more of them, or more edits, than a mask or a picture takes.
    """
    if not isinstance(document, dict):
        return 0
    _check_members(document, pointer, MAX_NAMES)
    _check_members(document.get("directions"), f"{pointer}/directions", MAX_DIRECTIONS)
    points = 0
    for name in ("strokes", "erase"):
        # A line has a point at least: what has too many lines is not looked into.
        lines = document[name] if isinstance(document.get(name), list) else []
        counted = len(lines)
        if counted <= MAX_POINTS:
            counted = sum(_line_points(line, f"{pointer}/{name}/{i}") for i, line in enumerate(lines))
        if counted > MAX_POINTS:
            raise PictureError(f"a mask has at most {MAX_POINTS} points in all", f"{pointer}/{name}")
        points += counted
    points += sum(_count_points(document.get(name), f"{pointer}/{name}") for name in ("picture", "mask"))
    edits = document["edits"] if isinstance(document.get("edits"), list) else []
    if len(edits) > MAX_EDITS:
        raise PictureError(f"a picture has at most {MAX_EDITS} edits", f"{pointer}/edits")
    for i, edit in enumerate(edits):
        points += _count_points(edit, f"{pointer}/edits/{i}")
        if points > MAX_ALL_POINTS:
            detail = f"the masks up to this one have {points} points; at most {MAX_ALL_POINTS} are taken"
            raise PictureError(detail, f"{pointer}/edits/{i}/mask")
    return points


def _check_members(value: object, pointer: str, most: int) -> None:
    if isinstance(value, dict) and len(value) > most:
        raise PictureError(f"an object here has at most {most} members", pointer)


def _line_points(line: object, pointer: str) -> int:
    _check_members(line, pointer, MAX_NAMES)
    points = line.get("points") if isinstance(line, dict) else None
    return len(points) if isinstance(points, list) else 0


# What pydantic says in Python's words, in JSON's.
_IN_JSON = {
    "model_type": "Input should be an object",
    "dataclass_type": "Input should be an object",
    "dict_type": "Input should be an object",
    "mapping_type": "Input should be an object",
    "tuple_type": "Input should be a valid list",
    "unexpected_keyword_argument": "Extra inputs are not permitted",
}


def _explain(error: ValidationError) -> PictureError:
    """The first error, in one line, with a JSON pointer to it."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    pointer, before = "", ""
    for step in first["loc"]:
        # Behind a union's field pydantic names the branch it tried, and behind a bad name says that it means the name:
        # neither is a place in the document.
        if not (isinstance(step, str) and (before in ("mask", "units", "w") or step == "[key]")):
            pointer += "/" + str(step).replace("~", "~0").replace("/", "~1")
            before = str(step)
        else:
            before = ""
    message = _IN_JSON.get(first["type"], first["msg"]).replace("Tuple should", "List should")
    return PictureError(f"{pointer or 'the document'}: {message}", pointer)


def json_schemas() -> dict[str, dict[str, Any]]:
    """JSON schemas of `Picture`, `Edit` and their parts by name, with references as OpenAPI wants them."""
    _, schemas = TypeAdapter.json_schemas(
        [("picture", "validation", _picture_adapter), ("edit", "validation", _edit_adapter)],
        ref_template="#/components/schemas/{model}",
    )
    definitions: dict[str, dict[str, Any]] = schemas["$defs"]
    null = {"type": "null"}
    model: dict[str, Any] = definitions["Picture"]["properties"]["model"]
    name = {member: model.pop(member) for member in ("type", "minLength", "maxLength")}
    model["anyOf"] = [name, null]  # which is the default one, too
    latents = {"seed": {"type": "integer"}, "z": {"type": "array"}, "w": {"type": "array"}}
    definitions["Picture"]["oneOf"] = [
        {"required": [one], "properties": {name: kind if name == one else null for name, kind in latents.items()}}
        for one in latents
    ]
    none = {"base": {"type": "object"}, **dict.fromkeys(latents, null)}
    definitions["Picture"]["oneOf"].append({"required": ["base"], "properties": none})
    return definitions
