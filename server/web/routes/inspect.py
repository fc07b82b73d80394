"""`/inspect`: which units are most active at a place of a picture."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Request
from numpy.typing import NDArray
from pydantic import Field, TypeAdapter
from starlette.responses import Response

from server.errors import PictureError, UnknownConcept, UnknownLayer
from server.model.catalog import Model
from server.model.generator import Layer
from server.painting.inspection import Active, at_point, featuremap, most_active
from server.painting.mask import coverage, pool
from server.painting.parsing import Strict, parse_mask, parse_picture, validate
from server.painting.picture import MAX_UNITS, Fraction, Mask, Name, Picture, Region
from server.painting.regions import region
from server.web.deps import JsonBody, UsesServices, inside, while_connected
from server.web.reference import PICTURE
from server.web.reference import body as body_of
from server.web.routes.segment import labels_of, segmenter_of
from server.web.schemas import ActiveUnit, Inspection
from server.web.services import Services

router = APIRouter(tags=["analysis"])

LIMIT = 12
_SCHEMA = {
    "type": "object",
    "required": ["picture", "layer"],
    "description": "exactly one of `point` and `mask`",
    "properties": {
        "picture": {"$ref": "#/components/schemas/Picture"},
        "layer": {"type": "string", "description": "whose units"},
        "point": {
            "type": "array",
            "items": {"type": "number", "minimum": 0, "maximum": 1},
            "minItems": 2,
            "maxItems": 2,
            "description": "[x, y], fractions of the picture: the cell there",
        },
        "mask": {"description": "as in an edit: the mean over it, weighted by its coverage; null is everything"},
        "limit": {
            "type": "integer",
            "minimum": 1,
            "maximum": MAX_UNITS,
            "default": LIMIT,
            "description": "units told, at most",
        },
        "featuremaps": {"type": "boolean", "default": True, "description": "whether each unit brings its featuremap"},
    },
}


class _Wish(Strict):
    picture: dict[str, Any]
    layer: Name
    point: Annotated[list[Fraction], Field(min_length=2, max_length=2)] | None = None
    mask: Any = None
    limit: Annotated[int, Field(ge=1, le=MAX_UNITS)] = LIMIT
    featuremaps: bool = True


_adapter = TypeAdapter(_Wish)


@router.post(
    "/inspect",
    response_model=Inspection,
    openapi_extra=body_of(_SCHEMA, {"picture": PICTURE, "layer": "layer4", "point": [0.25, 0.7]}),
)
async def inspect(body: JsonBody, request: Request, services: UsesServices) -> Response:
    """The units most active at a point or in a mask of a picture, the most remarkable first.

    Each with its activation there, the quantile of that among the activations it usually has (an estimate by a normal
    distribution in two pieces, from the mean, deviation and 0.99 quantile of the dissection; null where the layer was
    not dissected, and then the units rank by how far they rise over their own mean in this picture), and the concept
    it agrees with best. Draw an edit that lists these `units` with their activations as `levels` to copy them.
    """
    wish, picture, mask = await services.aside(_read, body, services.catalog.default)
    model = await services.aside(services.catalog.get, picture.model)
    layer = _layer(model, wish.layer)
    if wish.point is None:
        where = await while_connected(request, _covered(services, model, picture, mask, layer))
    else:
        where = at_point(wish.point[0], wish.point[1], layer.height, layer.width)
    with inside("/picture"):
        r = await while_connected(request, services.engine.featuremaps(picture, layer.name))  # (H, W, units)
    table = await services.units(model.name, layer.name)
    if table is not None and len(table) != layer.units:
        table = None  # of another generator

    def answer() -> str:
        units = most_active(r, where, table, model.dissection, layer.name, wish.limit)
        told = [_told(unit, r, wish.featuremaps) for unit in units]
        return Inspection(layer=layer.name, height=layer.height, width=layer.width, units=told).model_dump_json()

    return Response(await services.aside(answer), media_type="application/json")


def _read(body: bytes, default_model: str) -> tuple[_Wish, Picture, Mask]:
    wish = validate(_adapter, body)
    if ("mask" in wish.model_fields_set) == (wish.point is not None):
        raise PictureError("the body has either a point or a mask", "")
    with inside("/picture"):
        picture = parse_picture(wish.picture, default_model)
    return wish, picture, parse_mask(wish.mask)


def _layer(model: Model, name: str) -> Layer:
    try:
        return model.generator.layers[model.generator.index(name)]
    except UnknownLayer as error:
        raise UnknownLayer(error.detail, "/layer") from error


async def _covered(services: Services, model: Model, picture: Picture, mask: Mask, layer: Layer) -> NDArray[np.float32]:
    """The mask's coverage of the layer's grid, (H, W). Raises PictureError where that is nothing."""
    if isinstance(mask, Region):
        with inside("/picture"):
            concepts = segmenter_of(model).concepts
        if mask.concept not in concepts:
            known = ", ".join(concepts)
            raise UnknownConcept(f"the segmenter does not know {mask.concept!r}; it knows {known}", "/mask/concept")
        with inside("/picture"):
            labels = await labels_of(services, picture)  # (R, R)
        shown = labels == concepts.index(mask.concept)
        raster = (await services.aside(region, shown, mask.at)).astype(np.float32)  # (R, R)
        where = pool(raster, layer.height, layer.width, mask.erase)
    else:
        where = await services.aside(coverage, mask, layer.height, layer.width)
    if not where.any():
        raise PictureError("the mask covers nothing", "/mask")
    return where


def _told(unit: Active, r: NDArray[np.float32], with_map: bool) -> ActiveUnit:
    shown = featuremap(r[:, :, unit.unit]) if with_map else None
    return ActiveUnit(
        unit=unit.unit,
        activation=unit.activation,
        quantile=unit.quantile,
        concept=unit.concept,
        iou=unit.iou,
        featuremap=None if shown is None else shown.png,
        low=None if shown is None else shown.low,
        high=None if shown is None else shown.high,
    )
