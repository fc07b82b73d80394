"""`/pictures`: pictures the server keeps, with undo and redo.

Every change is on the disk before it is acknowledged. A call may carry `If-Match` with the revision it knows
(the ETag of the resource); it then fails with 412 where somebody else changed the picture meanwhile.
"""

import json
import re
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Path, Request, Response
from pydantic import Field, TypeAdapter

from server.errors import PictureError
from server.painting.edits import check_reached, resolve, resolve_edit
from server.painting.parsing import Strict, parse_edit, parse_picture, validate
from server.painting.picture import SCENE, canonical_json, to_document
from server.web.answers import entity_tags, header_of, not_modified
from server.web.deps import JsonBody, UsesServices, decode_object, read_document
from server.web.kept import check_room, split
from server.web.problems import InvalidParameter, NotFound
from server.web.reference import EDIT, IMAGES, PICTURE, body_of, body_with, edit_body, new_body
from server.web.routes.images import WantsImage, image_response
from server.web.schemas import Resource
from server.web.services import Services
from server.web.store import RevisionMismatch, State, StoredPicture, joined

MAX_NAME = 120  # characters

router = APIRouter(prefix="/pictures", tags=["pictures"])

_TAG = r'(W/)?"[!#-~]*"'
REVISIONS = rf"^(\*|[0-9]{{1,18}}|{_TAG}(, *{_TAG})*)$"


class _Naming(Strict):
    name: str = Field(max_length=MAX_NAME)


_naming = TypeAdapter(_Naming)


def known_revisions(
    request: Request,
    if_match: Annotated[
        str | None,
        Header(description="the revision you know, in quotes, or several", json_schema_extra={"pattern": REVISIONS}),
    ] = None,
) -> frozenset[int] | None:
    """The revisions that `If-Match` names, one of which has to be the present one; None where any will do. A weak tag
    names none. Raises InvalidParameter."""
    header = header_of(request, "if-match")
    if header is None or header.strip() == "*":
        return None
    bare = re.fullmatch("[0-9]{1,18}", header.strip())  # no tag, but clear
    tags = entity_tags(f'"{bare[0]}"' if bare else header)
    if tags is None:
        raise InvalidParameter(f'If-Match is {header!r}; it takes a revision in quotes, as "3"')
    return frozenset(int(tag[1:-1]) for tag in tags if re.fullmatch('"[1-9][0-9]{0,17}"', tag))


PictureId = Annotated[str, Path(max_length=64, description="the picture's id")]
KnownRevisions = Annotated[frozenset[int] | None, Depends(known_revisions)]


@dataclass(frozen=True)
class Call:
    """A call that changes a kept picture. known: the revisions that it may have for that, None for any."""

    picture: PictureId
    known: KnownRevisions
    request: Request
    services: UsesServices

    async def step(self, step: Callable[..., StoredPicture], *args: object) -> Response:
        """Let a method of the store change the picture, and answer with the resource."""
        return _resource(self.request, await self.services.in_store(step, self.picture, *args, self.known))

    async def rewrite(self, change: Callable[..., State], *args: object) -> Response:
        """Store the state that `change(services, stored picture, *args)` gives, and answer with the resource.

        It runs in a thread, and again where another change came between.
        """
        services = self.services
        while True:
            stored = await services.in_store(services.store.get, self.picture, self.known)
            state = await services.in_thread(change, services, stored, *args)
            await services.in_thread(check_room, stored.base, state, services.settings.max_body_bytes)
            with suppress(RevisionMismatch):
                return await replace(self, known=frozenset((stored.revision,))).step(
                    services.store.change, lambda old, new=state: new
                )


Changing = Annotated[Call, Depends()]


@router.post("", status_code=201, response_model=Resource, openapi_extra=new_body())
async def create(body: JsonBody, request: Request, services: UsesServices) -> Response:
    """Keep a new picture: a whole document, or only a `model` and a `seed`, `z` or `w`. Without any of those,
    the seed is a random one; without a model, the default one is taken."""
    base, state = await services.in_thread(_new, services, body)
    stored = await services.in_store(services.store.create, base, state)
    response = _resource(request, stored, 201)
    response.headers["Location"] = _address(request, stored)
    return response


@router.get("/{picture}", response_model=Resource)
async def get(picture: PictureId, request: Request, services: UsesServices) -> Response:
    """The picture as it is now, or 304 where the caller names its revision in `If-None-Match`."""
    stored = await services.in_store(services.store.get, picture)
    return not_modified(request, _headers(stored)) or _resource(request, stored)


@router.patch(
    "/{picture}",
    response_model=Resource,
    openapi_extra=body_of(_Naming.model_json_schema(), {"name": "The house by the lake"}),
)
async def rename(call: Changing, body: JsonBody) -> Response:
    """Give the picture a name: `{"name": "..."}`, empty for none. A name is no step of its history."""
    return await call.step(call.services.store.rename, " ".join(validate(_naming, body).name.split()))


@router.delete("/{picture}", status_code=204)
async def delete(picture: PictureId, known: KnownRevisions, services: UsesServices) -> Response:
    """Forget the picture and its history."""
    await services.in_store(services.store.delete, picture, known)
    return Response(status_code=204)


@router.get("/{picture}/image", response_class=Response, responses=IMAGES)
async def image(picture: PictureId, options: WantsImage, request: Request, services: UsesServices) -> Response:
    """The picture's image as it is now. A `revision` in the query tells caches that it has changed."""
    stored = await services.in_store(services.store.get, picture)
    parsed = await read_document(services, parse_picture, joined(stored.base, stored.state))
    return await image_response(services, request, parsed, options, "private, no-cache")


@router.post("/{picture}/draw", response_model=Resource, openapi_extra=edit_body("draw", EDIT))
async def draw(call: Changing, body: JsonBody) -> Response:
    """Paint a concept inside a mask: `{"concept", "mask", "units"?, "strength"?, "layer"?}`."""
    return await call.rewrite(_add, "draw", body)


@router.post(
    "/{picture}/remove",
    response_model=Resource,
    openapi_extra=edit_body("remove", {"concept": "door", "mask": {"rect": [0, 0.5, 1, 1]}}),
)
async def remove(call: Changing, body: JsonBody) -> Response:
    """Take a concept away inside a mask: the body of `draw`."""
    return await call.rewrite(_add, "remove", body)


@router.post("/{picture}/undo", response_model=Resource)
async def undo(call: Changing) -> Response:
    """Go back one step: an edit, a reset, a deletion. 409 where there is none."""
    return await call.step(call.services.store.undo)


@router.post("/{picture}/redo", response_model=Resource)
async def redo(call: Changing) -> Response:
    """Take back the last undo. 409 where there is none, or something else was done since."""
    return await call.step(call.services.store.redo)


@router.post("/{picture}/reset", response_model=Resource)
async def reset(call: Changing) -> Response:
    """Drop every edit; directions and `clean` stay as they are. Can itself be undone."""
    return await call.step(call.services.store.change, lambda state: replace(state, edits=()))


@router.put(
    "/{picture}/edits",
    response_model=Resource,
    openapi_extra=body_with("edits", PICTURE["edits"], "directions", "clean"),
)
async def replace_edits(call: Changing, body: JsonBody) -> Response:
    """Put other edits in the place of all: `{"edits": [...]}`, to reorder, change or hide them in one undoable step.

    `directions` and `clean` may stand beside them and change in the same step; what is left out stays as it is.
    """
    return await call.rewrite(_replace, body, "edits", "directions", "clean")


@router.put("/{picture}/directions", response_model=Resource, openapi_extra=body_with("directions", {}))
async def replace_directions(call: Changing, body: JsonBody) -> Response:
    """Move the picture's scene along directions: `{"directions": {"season": 1.5}}`, in the place of those it has.
    Edits stay. Can be undone."""
    return await call.rewrite(_replace, body, "directions")


@router.put("/{picture}/clean", response_model=Resource, openapi_extra=body_with("clean", False))
async def replace_clean(call: Changing, body: JsonBody) -> Response:
    """Set the model's artifact units to zero in this picture, or no more: `{"clean": true}`. Edits stay. Can be
    undone."""
    return await call.rewrite(_replace, body, "clean")


@router.delete("/{picture}/edits/{index}", response_model=Resource)
async def delete_edit(
    call: Changing, index: Annotated[int, Path(ge=0, description="the edit's place, 0 the earliest")]
) -> Response:
    """Drop one edit, whichever it is, and keep the others. Can be undone."""

    def without(state: State) -> State:
        if index >= len(state.edits):
            raise NotFound(f"the picture has {len(state.edits)} edits, and none at {index}")
        return replace(state, edits=state.edits[:index] + state.edits[index + 1 :])

    return await call.step(call.services.store.change, without)


def _new(services: Services, body: bytes) -> tuple[str, State]:
    """The base and the state of a new picture."""
    document = decode_object(body) if body else {}
    if all(document.get(name) is None for name in SCENE):
        document["seed"] = secrets.randbelow(2**32)
    picture = parse_picture(document, services.catalog.default)
    resolve(picture, services.catalog.get(picture.model))
    base, state = split(picture)
    check_room(base, state, services.settings.max_body_bytes)
    return base, state


def _add(services: Services, stored: StoredPicture, op: Literal["draw", "remove"], body: bytes) -> State:
    """The state with the edit in the body over the others."""
    document = decode_object(body)
    if document.get("op", op) != op:
        raise PictureError(f"op is {document['op']!r}; this call makes {op!r}", "/op")
    edit = parse_edit({**document, "op": op})
    scene = json.loads(stored.base)
    model = services.catalog.get(scene["model"])
    check_reached(resolve_edit(edit, model), scene.get("base", {}).get("layer"), model)
    return replace(stored.state, edits=(*stored.state.edits, canonical_json(to_document(edit))))


def _replace(services: Services, stored: StoredPicture, body: bytes, required: str, *others: str) -> State:
    """The state with the members of the body, the required one and some of the others, in the place of its own."""
    members = decode_object(body)
    if required not in members or not members.keys() <= {required, *others}:
        beside = f"; beside it {' and '.join(others)}" if others else ""
        raise PictureError(f"the body has {required}{beside}, and nothing else", "")
    document = json.loads(joined(stored.base, stored.state))
    picture = parse_picture({**document, **members})
    resolve(picture, services.catalog.get(picture.model))
    return split(picture)[1]


def _resource(request: Request, stored: StoredPicture, status: int = 200) -> Response:
    """The resource. The document is written through as it is stored: the bytes are what `/render` takes."""
    members = {
        "id": stored.id,
        "revision": stored.revision,
        "image": f"{_address(request, stored)}/image?revision={stored.revision}",
        "can_undo": stored.can_undo,
        "can_redo": stored.can_redo,
        "name": stored.name,
        "created": _time(stored.created),
        "changed": _time(stored.changed),
    }
    body = f'{json.dumps(members)[:-1]}, "picture": {joined(stored.base, stored.state)}}}'
    return Response(body, status, _headers(stored), "application/json")


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def _address(request: Request, stored: StoredPicture) -> str:
    return f"{request.scope['root_path']}/api/v1/pictures/{stored.id}"


def _headers(stored: StoredPicture) -> dict[str, str]:
    return {"ETag": f'"{stored.revision}"', "Cache-Control": "no-cache"}
