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

DESCRIPTIONS: dict[str, dict[str, str]] = {
    "Picture": {
        "": "A picture: its image is a pure function of it.",
        "version": "of the document",
        "model": "the model's name; the default one without it",
        "seed": "of the latent: numpy.random.RandomState(seed).standard_normal(latent_dim), float32",
        "z": "the latent itself, in the place of a seed",
        "directions": "amounts by name, as `GET /models/{model}/directions` lists them: z + sum(amount * vector) stands"
        " for the latent z, and the length of that plays no part, as PixelNorm divides by it",
        "clean": "set the model's artifact units to zero everywhere, before the edits",
        "edits": "earliest first; later ones lie over earlier ones",
    },
    "Edit": {
        "": "One draw or remove.",
        "op": "draw sets the concept's top units to their levels, remove sets them to zero",
        "concept": "what to paint",
        "mask": "where; null is the whole picture",
        "units": "how many of the concept's top units, or unit numbers; the recommended number without it",
        "levels": "one for each listed unit, when drawing a list of them",
        "strength": "blends from the picture as it is (0) to the level (1)",
        "layer": "the concept's best one without it",
    },
    "Strokes": {"": "A mask of brush strokes.", "strokes": "in the order they were drawn"},
    "Stroke": {
        "": "A round brush along a line; one point is a dot.",
        "points": "[x, y], fractions of the picture's width and height, x right and y down",
        "radius": "in fractions of the picture's width",
        "erase": "take away from the strokes before it",
    },
    "Line": {
        "": "A round eraser along a line; one point is a dot.",
        "points": "[x, y], fractions of the picture's width and height",
        "radius": "in fractions of the picture's width",
    },
    "Rect": {
        "": "A mask of one rectangle.",
        "rect": "[x0, y0, x1, y1], fractions, x0 < x1 and y0 < y1",
        "erase": "strokes whose area is taken away",
    },
    "Region": {
        "": "A mask of what the segmenter sees as a concept.",
        "concept": "what it sees",
        "at": "[x, y], fractions: only the connected region there; every region without it",
        "erase": "strokes whose area is taken away",
    },
    "Png": {
        "": "A mask as an image of up to 2048x2048 pixels, stretched over the picture.",
        "png": "base64; coverage is its alpha, or its luminance where it has none",
        "erase": "strokes whose area is taken away",
    },
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
    ours = {name: _described(name, schema) for name, schema in json_schemas().items()}
    problem = {"Problem": Problem.model_json_schema()}
    document["components"]["schemas"] = {**ours, **schemas, **problem}
    return document


def _described(name: str, schema: JSON) -> JSON:
    told = DESCRIPTIONS.get(name, {})
    fields = {
        field: {**given, "description": told.get(field, "")} for field, given in schema.get("properties", {}).items()
    }
    return {**schema, "description": told.get("", ""), "properties": fields}
