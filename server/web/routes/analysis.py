"""What a network sees in a picture: `/segment`, which concept each pixel shows; `/inspect`, which units are most active
at a place; `/receptivity`, where drawing a concept will take.
"""

import base64
import io
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Request, Response
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field, TypeAdapter

from server.errors import DissectionError, NoSegmenter, PictureError, UnknownConcept
from server.model.catalog import Model
from server.model.generator import Layer
from server.model.segmenter import Segmenter
from server.painting.edits import check_concept
from server.painting.inspection import Active, at_point, featuremap, most_active
from server.painting.mask import coverage, pool
from server.painting.parsing import Strict, check_masks, parse_picture, validate
from server.painting.picture import MAX_UNITS, AnyMask, Fraction, Mask, Name, Picture, Region, digest
from server.painting.receptivity import GRID, receptivity
from server.painting.regions import region
from server.results.context import load_context
from server.results.units import UnitTable, load_units
from server.web.deps import JsonBody, UsesServices, inside, model_of, read_document, while_connected
from server.web.reference import PICTURE, body_of
from server.web.schemas import ActiveUnit, Inspection, Receptivity, Segmentation
from server.web.services import Services

router = APIRouter(tags=["analysis"])


class PlaceQuestion(Strict):
    """Which units are most active there? Exactly one of `point` and `mask` says where."""

    picture: Picture
    layer: Annotated[Name, Field(description="whose units")]
    point: Annotated[
        Annotated[list[Fraction], Field(min_length=2, max_length=2, fail_fast=True)] | None,
        Field(description="[x, y], fractions of the picture: the cell there"),
    ] = None
    mask: Annotated[
        AnyMask | None,
        Field(description="as in an edit: the mean over it, weighted by its coverage; null is everything"),
    ] = None
    limit: Annotated[int, Field(ge=1, le=MAX_UNITS, description="units in the answer, at most")] = 12
    featuremaps: Annotated[bool, Field(description="whether each unit brings its featuremap")] = True


class ConceptQuestion(Strict):
    """Where will drawing the concept take?"""

    picture: Picture
    concept: Annotated[Name, Field(description="what is to be drawn")]


_place_question = TypeAdapter(PlaceQuestion)
_concept_question = TypeAdapter(ConceptQuestion)


@router.post("/segment", response_model=Segmentation, openapi_extra=body_of("Picture", PICTURE))
async def segment(body: JsonBody, request: Request, services: UsesServices) -> Response:
    """What the segmenter sees in a picture: the concept of every pixel, and each concept's share of the picture."""
    picture = await read_document(services, parse_picture, body)
    segmenter = _segmenter(await services.in_thread(services.catalog.get, picture.model))
    labels = await while_connected(request, _labels(services, picture))  # (H, W)

    def answer() -> str:
        png = io.BytesIO()
        Image.fromarray(labels).save(png, "PNG")
        return Segmentation(
            width=labels.shape[1],
            height=labels.shape[0],
            concepts=list(segmenter.concepts),
            labels=base64.b64encode(png.getvalue()).decode("ascii"),
            shares={name: float((labels == c).mean()) for c, name in enumerate(segmenter.concepts)},
        ).model_dump_json()

    return Response(await services.in_thread(answer), media_type="application/json")


@router.post(
    "/inspect",
    response_model=Inspection,
    openapi_extra=body_of(PlaceQuestion, {"picture": PICTURE, "layer": "layer4", "point": [0.25, 0.7]}),
)
async def inspect(body: JsonBody, request: Request, services: UsesServices) -> Response:
    """The units most active at a point or in a mask of a picture, the most remarkable first.

    Each with its activation there, the quantile of that among the activations it usually has (an estimate by a normal
    distribution in two pieces, from the mean, deviation and 0.99 quantile of the dissection; null where the layer was
    not dissected, and then the units rank by how far they rise over their own mean in this picture), and the concept
    it agrees with best. Draw an edit that lists these `units` with their activations as `levels` to copy them.
    """
    question = await read_document(services, _parse_place, body)
    picture = question.picture
    model = await model_of(services, picture)
    with inside("/layer"):
        layer = model.generator.layer(question.layer)
    if question.point is None:
        where = await while_connected(
            request, coverage_of(services, model, picture, question.mask, layer.height, layer.width)
        )
    else:
        where = at_point(question.point[0], question.point[1], layer.height, layer.width)
    r = await while_connected(request, services.engine.featuremaps(picture, layer.name))  # (H, W, units)

    def answer() -> str:
        table = _measured(services.catalog.results_dir / model.name, model, layer)
        units = most_active(r, where, table, model.dissection, layer.name, question.limit)
        described = [_describe(unit, r if question.featuremaps else None) for unit in units]
        return Inspection(layer=layer.name, height=layer.height, width=layer.width, units=described).model_dump_json()

    return Response(await services.in_thread(answer), media_type="application/json")


@router.post(
    "/receptivity",
    response_model=Receptivity,
    openapi_extra=body_of(ConceptQuestion, {"picture": PICTURE, "concept": "door"}),
)
async def receptive(body: JsonBody, request: Request, services: UsesServices) -> Receptivity:
    """For each cell of a grid over the picture, the share of it that will show the concept once it is drawn there.

    Told from what the segmenter sees in the cell and what the dissection measured on such ground; `grid` is null,
    with a `note`, where the model has no such measurements or no segmenter.
    """
    question = await read_document(services, _parse_concept, body)
    picture, concept = question.picture, question.concept
    model = await model_of(services, picture)
    check_concept(concept, model, "/concept")

    def unknown(note: str) -> Receptivity:
        return Receptivity(concept=concept, rows=GRID, columns=GRID, grid=None, note=note)

    if model.segmenter is None:
        return unknown(f"{model.name!r} has no segmenter to tell what stands where")
    try:
        table = await services.in_thread(load_context, services.catalog.results_dir / model.name, model.names)
    except DissectionError:
        return unknown(f"{model.name!r} has no context table; `unitbrush dissect {model.name}` measures one")
    labels = await while_connected(request, _labels(services, picture))  # (H, W)
    measured = table["draw"].get(concept, {})
    grid = await services.in_thread(receptivity, labels, model.segmenter.concepts, concept, measured)
    if grid is None:
        return unknown(f"drawing {concept!r} was not measured on anything")
    rows = [[round(float(value), 4) for value in row] for row in grid]
    return Receptivity(concept=concept, rows=GRID, columns=GRID, grid=rows, note=None)


def _parse_place(body: bytes, default_model: str) -> PlaceQuestion:
    question = validate(_place_question, body, default_model)
    if ("mask" in question.model_fields_set) == (question.point is not None):
        raise PictureError("the body has either a point or a mask", "")
    check_masks([edit.mask for edit in question.picture.edits], "/picture/edits/{}/mask")
    check_masks([question.mask], "/mask")
    return question


def _parse_concept(body: bytes, default_model: str) -> ConceptQuestion:
    question = validate(_concept_question, body, default_model)
    check_masks([edit.mask for edit in question.picture.edits], "/picture/edits/{}/mask")
    return question


def _segmenter(model: Model) -> Segmenter:
    """The model's segmenter. Raises NoSegmenter."""
    if model.segmenter is None:
        raise NoSegmenter(f"{model.name!r} has no segmenter", "/model")
    return model.segmenter


async def _labels(services: Services, picture: Picture) -> NDArray[np.uint8]:
    """The index of each pixel's concept, (H, W); kept for the pictures asked for last. At most 256 concepts.

    Raises what rendering raises, QueueFull, and NoSegmenter.
    """
    key = ("labels", await services.version(picture.model), await services.in_thread(digest, picture))
    labels = services.cache.get(key)
    if labels is None:
        labels = services.cache.put(key, (await services.engine.labels(picture)).astype(np.uint8).tobytes())
    model = await services.in_thread(services.catalog.get, picture.model)
    return np.frombuffer(labels, np.uint8).reshape(model.generator.size)


async def coverage_of(
    services: Services, model: Model, picture: Picture, mask: Mask, height: int, width: int
) -> NDArray[np.float32]:
    """A mask's coverage of a grid over a picture, (height, width). Raises PictureError where that is nothing."""
    aspect = model.generator.aspect
    if isinstance(mask, Region):
        with inside("/picture"):
            concepts = _segmenter(model).concepts
        concept = model.present_name(mask.concept)
        if concept not in concepts:
            known = ", ".join(concepts)
            raise UnknownConcept(f"the segmenter does not know {mask.concept!r}; it knows {known}", "/mask/concept")
        labels = await _labels(services, picture)  # (H, W)

        def pooled() -> NDArray[np.float32]:
            raster = region(labels == concepts.index(concept), mask.at).astype(np.float32)  # (H, W)
            return pool(raster, height, width, mask.erase, aspect)

        where = await services.in_thread(pooled)
    else:
        where = await services.in_thread(coverage, mask, height, width, aspect)
    if not where.any():
        raise PictureError("the mask covers nothing", "/mask")
    return where


def _measured(results: Path, model: Model, layer: Layer) -> UnitTable | None:
    """What the dissection measured of a layer's units, None where it measured none or another generator's."""
    try:
        table = load_units(results, layer.name, model.names)
    except DissectionError:
        return None
    return table if len(table) == layer.units else None


def _describe(unit: Active, r: NDArray[np.float32] | None) -> ActiveUnit:
    """r: (H, W, units), None where the unit goes without its featuremap."""
    if r is None:
        return ActiveUnit(**asdict(unit), featuremap=None, low=None, high=None)
    shown = featuremap(r[:, :, unit.unit])
    return ActiveUnit(**asdict(unit), featuremap=shown.png, low=shown.low, high=shown.high)
