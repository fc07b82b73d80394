"""The OpenAPI document: FastAPI's, with what it cannot know: picture documents and problems."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from server.painting.imaging import MEDIA_TYPES
from server.painting.parsing import json_schemas
from server.web.schemas import Problem

JSON = dict[str, Any]

MASK = {"strokes": [{"points": [[0.2, 0.7], [0.3, 0.72]], "radius": 0.06}]}
EDIT = {"concept": "tree", "mask": MASK}
PICTURE = {"model": "village", "seed": 42, "edits": [{"op": "draw", **EDIT}]}

PROBLEMS: dict[int | str, JSON] = {
    "4XX": {
        "description": "A problem: what is wrong with the request",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    },
    "5XX": {
        "description": "A problem: the server is busy (503, with Retry-After) or failed",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    },
}
IMAGES: dict[int | str, JSON] = {
    200: {
        "description": "The image",
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in MEDIA_TYPES.values()},
    }
}


def body(schema: str | JSON, example: object, required: bool = True) -> JSON:
    """What a route whose body is read by hand tells OpenAPI of it. schema: a component's name, or a schema."""
    told = {"$ref": f"#/components/schemas/{schema}"} if isinstance(schema, str) else schema
    return {
        "requestBody": {"required": required, "content": {"application/json": {"schema": told, "example": example}}}
    }


def set_reference(app: FastAPI) -> None:
    """Let the app answer with the whole OpenAPI document, made once."""

    def openapi() -> JSON:
        if app.openapi_schema is None:
            document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            app.openapi_schema = _completed(document)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _completed(document: JSON) -> JSON:
    schemas: JSON = document.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for methods in document["paths"].values():
        for call in methods.values():
            # FastAPI's own idea of what a validation error looks like; ours is in 4XX.
            call["responses"].pop("422", None)
    problem = {"Problem": Problem.model_json_schema()}
    document["components"]["schemas"] = {**json_schemas(), **schemas, **problem}
    return document
