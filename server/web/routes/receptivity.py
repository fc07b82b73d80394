"""`/receptivity`: where in a picture drawing a concept will take."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from pydantic import TypeAdapter

from server.errors import DissectionError, UnknownConcept
from server.painting.edits import resolve
from server.painting.parsing import Strict, parse_picture, validate
from server.painting.picture import Name, Picture
from server.painting.receptivity import GRID, receptivity, shares
from server.results.context import load_context
from server.web.deps import JsonBody, UsesServices, inside, while_connected
from server.web.reference import PICTURE
from server.web.reference import body as body_of
from server.web.routes.segment import labels_of
from server.web.schemas import Receptivity

router = APIRouter(tags=["analysis"])

_SCHEMA = {
    "type": "object",
    "required": ["picture", "concept"],
    "properties": {
        "picture": {"$ref": "#/components/schemas/Picture"},
        "concept": {"type": "string", "description": "what is to be drawn"},
    },
}


class _Wish(Strict):
    picture: dict[str, Any]
    concept: Name


_adapter = TypeAdapter(_Wish)


@router.post(
    "/receptivity",
    response_model=Receptivity,
    openapi_extra=body_of(_SCHEMA, {"picture": PICTURE, "concept": "door"}),
)
async def receptive(body: JsonBody, request: Request, services: UsesServices) -> Receptivity:
    """For each cell of a grid over the picture, the share of it that will show the concept once it is drawn there.

    Told from what the segmenter sees in the cell and what the dissection measured on such ground; `grid` is null,
    with a `note`, where the model has no such measurements or no segmenter.
    """
    wish, picture = await services.aside(_read, body, services.catalog.default)
    model = await services.aside(services.catalog.get, picture.model)
    if wish.concept not in model.dissection.concepts:
        known = ", ".join(model.dissection.concepts)
        raise UnknownConcept(f"{model.name!r} has no concept {wish.concept!r}; it has {known}", "/concept")
    with inside("/picture"):
        resolve(picture, model)

    def unknown(note: str) -> Receptivity:
        return Receptivity(concept=wish.concept, rows=GRID, columns=GRID, grid=None, note=note)

    if model.segmenter is None:
        return unknown(f"{model.name!r} has no segmenter to tell what stands where")
    try:
        table = await services.aside(load_context, services.catalog.results_dir / model.name)
    except DissectionError:
        return unknown(f"{model.name!r} has no context table; `unitbrush dissect {model.name}` measures one")
    with inside("/picture"):
        labels = await while_connected(request, labels_of(services, picture))  # (R, R)
    concepts = model.segmenter.concepts
    grid = receptivity(shares(labels, len(concepts)), concepts, wish.concept, table["draw"].get(wish.concept, {}))
    if grid is None:
        return unknown(f"drawing {wish.concept!r} was not measured on anything")
    rows = [[round(float(value), 4) for value in row] for row in grid]
    return Receptivity(concept=wish.concept, rows=GRID, columns=GRID, grid=rows, note=None)


def _read(body: bytes, default_model: str) -> tuple[_Wish, Picture]:
    wish = validate(_adapter, body)
    with inside("/picture"):
        return wish, parse_picture(wish.picture, default_model)
