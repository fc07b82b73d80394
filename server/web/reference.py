"""The OpenAPI document: FastAPI's, with what it cannot know: picture documents and problems."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from server.painting.imaging import MEDIA_TYPES
from server.painting.parsing import json_schemas
from server.painting.picture import SCENE
from server.web.api2018.questions import question_schemas
from server.web.schemas import Problem
from server.web.security import is_guarded

JSON = dict[str, Any]
REF = "#/components/schemas/{model}"

DESCRIPTION = """Paint with the units inside a generator: trees, doors, sky and domes onto a picture that a
GAN draws.

An image is a pure function of a picture, a small JSON document: a model, a seed and a list of edits. Every
error is a problem document (RFC 9457). Images are PNG unless `Accept` or `?format=` says otherwise.

The live socket is at /api/v1/live. Send text, {"seq": n, "picture": {...}}, with "final": true for full
precision. Answers are binary, 4 bytes big-endian seq then a JPEG, or text, {"seq": n, "problem": {...}}; of
several waiting requests only the newest is drawn."""

CALLS_OF_2018 = {
    "name": "2018 server",
    "description": "The calls of the 2018 GANPaint server (Bau et al., GAN Dissection), for pages and scripts that were"
    " written for it: change its address for this one's. A project is a model; an image's number `i` names row `i` of"
    " `numpy.random.RandomState(1).standard_normal(...)`, and an intervention is an edit. Answers are"
    ' `{"request", "res"}`, errors are problem documents.',
}

TOKEN = "The server's token, where it was started with one; the studio trades it for a cookie."

EDIT = {"concept": "tree", "mask": {"strokes": [{"points": [[0.2, 0.7], [0.3, 0.72]], "radius": 0.06}]}}
PICTURE = {"model": "village", "seed": 42, "edits": [{"op": "draw", **EDIT}]}

# Eight by eight pixels, blue above green.
IMAGE = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAgAAAAIAQMAAAD+wSzIAAAABlBMVEVajOY8gjJjY2aUAAAAEklEQVR4nGNggIL/TAxMDE"
    "wMAAchAQYFkHtmAAAAAElFTkSuQmCC"
)

_PROBLEM = {"application/problem+json": {"schema": {"$ref": REF.format(model="Problem")}}}
PROBLEMS: dict[int | str, JSON] = {
    "4XX": {"description": "A problem: what is wrong with the request", "content": _PROBLEM},
    "5XX": {"description": "A problem: the server is busy (503, with Retry-After) or failed", "content": _PROBLEM},
}
UNREADY: dict[int | str, JSON] = {503: {"description": "A problem: why no picture was drawn yet", "content": _PROBLEM}}
IMAGES: dict[int | str, JSON] = {
    200: {
        "description": "The image",
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in MEDIA_TYPES.values()},
    }
}


def body_of(schema: str | type[BaseModel] | JSON, example: object, required: bool = True) -> JSON:
    """What a route whose body is read by hand tells OpenAPI of it. schema: a component's name, a model, or a schema."""
    if isinstance(schema, str):
        schema = {"$ref": REF.format(model=schema)}
    elif isinstance(schema, type):
        schema = schema.model_json_schema(ref_template=REF)
        schema.pop("$defs", None)  # the documents' parts, which are components
    content = {"application/json": {"schema": schema, "example": example}}
    return {"requestBody": {"required": required, "content": content}}


def body_with(required: str, example: object, *others: str) -> JSON:
    """The reference of a body that has members of a picture's document."""
    members = json_schemas()["Picture"]["properties"]
    properties = {name: members[name] for name in (required, *others)}
    return body_of({"type": "object", "required": [required], "properties": properties}, {required: example})


def edit_body(op: str, example: object) -> JSON:
    """The reference of a body that is an edit whose `op` the call says already."""
    edit = json_schemas()["Edit"]
    properties = {**edit["properties"], "op": {**edit["properties"]["op"], "enum": [op]}}
    return body_of({**edit, "properties": properties, "required": ["mask"]}, example)


def new_body() -> JSON:
    """The reference of a body that is a picture, or one that has no scene yet."""
    picture = json_schemas()["Picture"]
    none = {"properties": {name: {"type": "null"} for name in SCENE}}
    return body_of({**picture, "oneOf": [*picture["oneOf"], none]}, {"seed": 42}, required=False)


def set_reference(app: FastAPI, token: bool) -> None:
    """Let the app answer with the whole OpenAPI document, made once. token: whether calls have to carry one."""

    def openapi() -> JSON:
        if app.openapi_schema is None:
            document = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
                tags=app.openapi_tags,
            )
            app.openapi_schema = _completed(document, token)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _completed(document: JSON, token: bool) -> JSON:
    schemas: JSON = document.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    bearer: list[JSON] = [{"bearer": []}] if token else [{}, {"bearer": []}]
    document["components"]["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer", "description": TOKEN}}
    for path, methods in document["paths"].items():
        for call in methods.values():
            if is_guarded(path):
                call["security"] = bearer
            # FastAPI's own idea of what a validation error looks like; ours is in 4XX.
            call["responses"].pop("422", None)
    problem = {"Problem": Problem.model_json_schema()}
    document["components"]["schemas"] = {**json_schemas(), **question_schemas(), **schemas, **problem}
    return document
