"""`/pictures`: pictures the server keeps, with undo and redo.

Every change is on the disk before it is acknowledged. A call may carry `If-Match` with the revision it knows
(the ETag of the resource); it then fails with 412 where somebody else changed the picture meanwhile.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Path, Request
from starlette.responses import Response

from server.errors import PictureError
from server.painting.edits import resolve, resolve_edit
from server.painting.parsing import parse_edit, parse_picture
from server.painting.picture import MAX_EDITS, Edit, Picture, to_document
from server.web.deps import JsonBody, UsesServices, decode_object
from server.web.images import WantsImage, image_response, matches
from server.web.problems import InvalidParameter, NotFound, PictureFull
from server.web.reference import EDIT, IMAGES, PICTURE
from server.web.reference import body as body_of
from server.web.schemas import Resource
from server.web.services import Services
from server.web.store import NO_LOOKS, Record, RevisionMismatch, State

router = APIRouter(prefix="/pictures", tags=["pictures"])

_NEW = body_of("Picture", {"seed": 42}, required=False)
_DRAW = body_of("Edit", EDIT)
_REMOVE = body_of("Edit", {"concept": "door", "mask": {"rect": [0, 0.5, 1, 1]}})
_AMOUNTS = {"type": "object", "additionalProperties": {"type": "number"}, "description": "amounts by name"}
_SWITCH = {"type": "boolean", "description": "whether the model's artifact units are set to zero"}
_EDITS = body_of(
    {
        "type": "object",
        "required": ["edits"],
        "description": "edits, and directions and clean where they change too",
        "properties": {
            "edits": {"type": "array", "items": {"$ref": "#/components/schemas/Edit"}},
            "directions": _AMOUNTS,
            "clean": _SWITCH,
        },
    },
    {"edits": PICTURE["edits"]},
)
_DIRECTIONS = body_of(
    {"type": "object", "required": ["directions"], "properties": {"directions": _AMOUNTS}}, {"directions": {}}
)
_CLEAN = body_of({"type": "object", "required": ["clean"], "properties": {"clean": _SWITCH}}, {"clean": False})
# What can be changed in a kept picture, in one document or another.
_CHANGING = ("directions", "clean", "edits")


def known_revision(
    if_match: Annotated[str | None, Header(description="the revision you know, in quotes")] = None,
) -> int | None:
    """The revision the caller knows, None where it names none. Raises InvalidParameter."""
    if if_match is None or if_match.strip() == "*":
        return None
    text = if_match.strip().strip('"')
    if not text.isdigit() or len(text) > 18:
        raise InvalidParameter(f'If-Match is {if_match!r}; it takes a revision in quotes, as "3"')
    return int(text)


Known = Annotated[int | None, Depends(known_revision)]
PictureId = Annotated[str, Path(max_length=64, description="the picture's id")]


@router.post("", status_code=201, response_model=Resource, openapi_extra=_NEW)
async def create(body: JsonBody, request: Request, services: UsesServices) -> Response:
    """Keep a new picture: a whole document, or only a `model` and a `seed` or `z`. Without either of those,
    the seed is drawn by lot; without a model, the default one is taken."""
    picture = await services.aside(_new_picture, services, body)
    base, state = _split(picture)
    await services.aside(_check_room, services, base, state)
    record = await services.stored(services.store.create, base, state)
    response = _resource(request, record, 201)
    response.headers["Location"] = _address(request, record.id)
    return response


@router.get("/{picture}", response_model=Resource)
async def get(picture: PictureId, request: Request, services: UsesServices) -> Response:
    """The picture as it is now, or 304 where the caller names its revision in `If-None-Match`."""
    record = await services.stored(services.store.get, picture)
    if matches(request.headers.get("if-none-match", ""), _tag(record)):
        return Response(status_code=304, headers=_headers(record))
    return _resource(request, record)


@router.delete("/{picture}", status_code=204)
async def delete(picture: PictureId, known: Known, services: UsesServices) -> Response:
    """Forget the picture and its history."""
    await services.stored(services.store.delete, picture, known)
    return Response(status_code=204)


@router.get("/{picture}/image", response_class=Response, responses=IMAGES)
async def image(picture: PictureId, options: WantsImage, request: Request, services: UsesServices) -> Response:
    """The picture's image as it is now. A `revision` in the query tells caches that it has changed."""
    record = await services.stored(services.store.get, picture)
    parsed = await services.aside(parse_picture, _document(record.base, record.state))
    return await image_response(services, request, parsed, options, "private, no-cache")


@router.post("/{picture}/draw", response_model=Resource, openapi_extra=_DRAW)
async def draw(picture: PictureId, body: JsonBody, known: Known, request: Request, services: UsesServices) -> Response:
    """Paint a concept inside a mask: `{"concept", "mask", "units"?, "strength"?, "layer"?}`."""
    return await _add(services, request, picture, "draw", body, known)


@router.post("/{picture}/remove", response_model=Resource, openapi_extra=_REMOVE)
async def remove(
    picture: PictureId, body: JsonBody, known: Known, request: Request, services: UsesServices
) -> Response:
    """Take a concept away inside a mask: the body of `draw`."""
    return await _add(services, request, picture, "remove", body, known)


@router.post("/{picture}/undo", response_model=Resource)
async def undo(picture: PictureId, known: Known, request: Request, services: UsesServices) -> Response:
    """Go back one step: an edit, a reset, a deletion. 409 where there is none."""
    return _resource(request, await services.stored(services.store.undo, picture, known))


@router.post("/{picture}/redo", response_model=Resource)
async def redo(picture: PictureId, known: Known, request: Request, services: UsesServices) -> Response:
    """Take back the last undo. 409 where there is none, or something else was done since."""
    return _resource(request, await services.stored(services.store.redo, picture, known))


@router.post("/{picture}/reset", response_model=Resource)
async def reset(picture: PictureId, known: Known, request: Request, services: UsesServices) -> Response:
    """Drop every edit; directions and `clean` stay as they are. Can itself be undone."""

    def without(state: State) -> State:
        return replace(state, edits=())

    return _resource(request, await services.stored(services.store.change, picture, without, known))


@router.put("/{picture}/edits", response_model=Resource, openapi_extra=_EDITS)
async def replace_edits(
    picture: PictureId, body: JsonBody, known: Known, request: Request, services: UsesServices
) -> Response:
    """Put other edits in the place of all: `{"edits": [...]}`, to reorder, change or hide them in one undoable step.

    `directions` and `clean` may stand beside them and change in the same step; what is left out stays as it is.
    """
    return await _put(services, request, picture, "edits", _CHANGING, body, known)


@router.put("/{picture}/directions", response_model=Resource, openapi_extra=_DIRECTIONS)
async def replace_directions(
    picture: PictureId, body: JsonBody, known: Known, request: Request, services: UsesServices
) -> Response:
    """Move the picture's scene along directions: `{"directions": {"season": 1.5}}`, in the place of those it has.
    Edits stay. Can be undone."""
    return await _put(services, request, picture, "directions", ("directions",), body, known)


@router.put("/{picture}/clean", response_model=Resource, openapi_extra=_CLEAN)
async def replace_clean(
    picture: PictureId, body: JsonBody, known: Known, request: Request, services: UsesServices
) -> Response:
    """Set the model's artifact units to zero in this picture, or no more: `{"clean": true}`. Edits stay. Can be
    undone."""
    return await _put(services, request, picture, "clean", ("clean",), body, known)


@router.delete("/{picture}/edits/{index}", response_model=Resource)
async def delete_edit(
    picture: PictureId,
    index: Annotated[int, Path(ge=0, description="the edit's place, 0 the earliest")],
    known: Known,
    request: Request,
    services: UsesServices,
) -> Response:
    """Drop one edit, whichever it is, and keep the others. Can be undone."""

    def without(state: State) -> State:
        edits = state.edits
        if index >= len(edits):
            raise NotFound(f"the picture has {len(edits)} edits, and none at {index}")
        return replace(state, edits=edits[:index] + edits[index + 1 :])

    return _resource(request, await services.stored(services.store.change, picture, without, known))


async def _add(
    services: Services,
    request: Request,
    picture: str,
    op: Literal["draw", "remove"],
    body: bytes,
    known: int | None,
) -> Response:
    record = await services.stored(services.store.get, picture)
    new = await services.aside(_new_edit, services, record, op, body)

    def added(record: Record) -> State:
        return replace(record.state, edits=(*record.state.edits, new))

    return await _change(services, request, record, added, known)


async def _put(
    services: Services,
    request: Request,
    picture: str,
    required: str,
    allowed: Sequence[str],
    body: bytes,
    known: int | None,
) -> Response:
    """Put the members of the body in the place of the picture's."""
    record = await services.stored(services.store.get, picture)
    given = await services.aside(_members, required, allowed, body)

    def changed(record: Record) -> State:
        document = json.loads(_document(record.base, record.state))
        picture = parse_picture({**document, **given})
        resolve(picture, services.catalog.get(picture.model))
        return _split(picture)[1]

    return await _change(services, request, record, changed, known)


async def _change(
    services: Services, request: Request, record: Record, change: Callable[[Record], State], known: int | None
) -> Response:
    """Store the changed state and answer with the resource. `change` runs in a thread, and again where another change
    came between, unless the caller named the revision it knows."""
    while True:
        state = await services.aside(change, record)
        await services.aside(_check_room, services, record.base, state)
        expected = record.revision if known is None else known
        try:
            changed = await services.stored(services.store.change, record.id, _always(state), expected)
        except RevisionMismatch:
            if known is not None:
                raise
            record = await services.stored(services.store.get, record.id)
        else:
            return _resource(request, changed)


def _always(state: State) -> Callable[[State], State]:
    return lambda old: state


def _new_picture(services: Services, body: bytes) -> Picture:
    document = decode_object(body) if body else {}
    if "seed" not in document and "z" not in document:
        document["seed"] = secrets.randbelow(2**32)
    picture = parse_picture(document, services.catalog.default)
    resolve(picture, services.catalog.get(picture.model))
    return picture


def _new_edit(services: Services, record: Record, op: str, body: bytes) -> str:
    document = decode_object(body)
    if document.get("op", op) != op:
        raise PictureError(f"op is {document['op']!r}; this call makes {op!r}", "/op")
    edit = parse_edit({**document, "op": op})
    resolve_edit(edit, services.catalog.get(json.loads(record.base)["model"]))
    return _edit_json(edit)


def _members(required: str, allowed: Sequence[str], body: bytes) -> dict[str, Any]:
    """The members of the body. Raises PictureError where the required one is missing, or one is not allowed."""
    document = decode_object(body)
    if required not in document or not document.keys() <= set(allowed):
        others = [name for name in allowed if name != required]
        beside = f"; beside it {' and '.join(others)}" if others else ""
        raise PictureError(f"the body has {required}{beside}, and nothing else", "")
    return document


def _check_room(services: Services, base: str, state: State) -> None:
    """Raise PictureFull where edits that are fine by themselves make no document that `/render` takes."""
    if len(state.edits) > MAX_EDITS:
        raise PictureFull(f"a picture has at most {MAX_EDITS} edits; delete one, or reset it")
    text = _document(base, state)
    # A client that writes the document anew may write it with spaces, as Python's json does.
    if len(json.dumps(json.loads(text))) > services.settings.max_body_bytes:
        raise PictureFull(f"the document would be over {services.settings.max_body_bytes} bytes; use simpler masks")
    try:
        parse_picture(text)
    except PictureError as error:
        raise PictureFull(error.detail, error.pointer) from error


def _split(picture: Picture) -> tuple[str, State]:
    """The document's members that never change, and those that do, all JSON of the canonical kind."""
    document: dict[str, Any] = to_document(picture)
    base = {name: value for name, value in document.items() if name not in _CHANGING}
    looks: dict[str, Any] = {name: document[name] for name in ("directions", "clean") if name in document}
    return _json(base), State(tuple(_json(edit) for edit in document["edits"]), _json(looks))


def _edit_json(edit: Edit) -> str:
    return _json(to_document(edit))


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def _document(base: str, state: State) -> str:
    """The whole document of a stored picture, JSON."""
    looks = f",{state.looks[1:-1]}" if state.looks != NO_LOOKS else ""
    return f'{base[:-1]}{looks},"edits":[{",".join(state.edits)}]}}'


def _address(request: Request, picture: str) -> str:
    return request.url_for("get", picture=picture).path


def _resource(request: Request, record: Record, status: int = 200) -> Response:
    """The resource. The document is written through as it is stored: the bytes are what `/render` takes."""
    members = {
        "id": record.id,
        "revision": record.revision,
        "image": f"{_address(request, record.id)}/image?revision={record.revision}",
        "can_undo": record.can_undo,
        "can_redo": record.can_redo,
    }
    body = f'{json.dumps(members)[:-1]}, "picture": {_document(record.base, record.state)}}}'
    return Response(body, status, _headers(record), "application/json")


def _tag(record: Record) -> str:
    return f'"{record.revision}"'


def _headers(record: Record) -> dict[str, str]:
    return {"ETag": _tag(record), "Cache-Control": "no-cache"}
