"""`/compare`: what an edit removes, removed by inpainting too."""

import base64
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field, TypeAdapter

from server.errors import PictureError, UnitbrushError
from server.inpainting.patchmatch import check_hole
from server.inpainting.ways import WAYS, Mask, check_opencv, removals, ways_with
from server.model.catalog import Model
from server.model.inpainter import Inpainter
from server.painting.imaging import encode
from server.painting.parsing import Strict, check_masks, validate
from server.painting.picture import MAX_EDITS, Picture
from server.web import schemas
from server.web.deps import JsonBody, UsesServices, model_of, read_document, while_connected
from server.web.jobs import Progress, Result, Steps
from server.web.reference import EDIT, body_of
from server.web.routes.analysis import coverage_of
from server.web.routes.jobs import accepted
from server.web.services import Services

router = APIRouter(tags=["analysis"])

SIDE = 256  # pixels of the images' longer side, at most: what PatchMatch takes grows with their area


class ComparisonQuestion(Strict):
    """How would what the edit removes be removed otherwise?"""

    picture: Picture
    edit: Annotated[
        int | None, Field(ge=0, lt=MAX_EDITS, strict=True, description="its place; the last that removes without it")
    ] = None


class Removal(BaseModel):
    """What one way makes of it."""

    way: str = Field(description=", ".join(WAYS))
    ms: float = Field(description="how long one run took")
    image: str = Field(description="base64 of a PNG")


class Comparison(BaseModel):
    """What each way makes of it: the brush, then the inpaintings."""

    edit: int = Field(description="the place of the edit")
    removals: list[Removal]


_question = TypeAdapter(ComparisonQuestion)


@router.post(
    "/compare",
    status_code=202,
    response_model=schemas.Job,
    openapi_extra=body_of(
        ComparisonQuestion, {"picture": {"model": "village", "seed": 42, "edits": [{"op": "remove", **EDIT}]}}
    ),
)
async def compare(body: JsonBody, request: Request, services: UsesServices) -> Response:
    """Begin to remove what an edit removes in other ways, of the picture that the edits before it left: by OpenCV's
    inpaintings (Navier-Stokes and Telea), by PatchMatch and, where the model has an inpainter, by that (Contextual
    Attention). A job, whose result is JSON, `{"edit", "removals": [{"way", "ms", "image"}]}`, with images of 256 pixels
    at most. 409 where the server has no OpenCV."""
    question = await read_document(services, _parse, body)
    model = await model_of(services, question.picture)
    check_opencv()
    index = _index(question)
    picture = replace(question.picture, edits=question.picture.edits[:index])
    edit = question.picture.edits[index]
    height, width = model.generator.size
    scale = min(1.0, SIDE / max(height, width))
    height, width = max(1, round(height * scale)), max(1, round(width * scale))
    covered = await while_connected(request, coverage_of(services, model, picture, edit.mask, height, width))
    mask = covered >= 0.5  # (H, W)
    if not mask.any():
        raise PictureError("the edit's mask covers no whole pixel", f"/picture/edits/{index}/mask")
    try:
        check_hole(mask)
    except PictureError as error:
        raise PictureError(error.detail, f"/picture/edits/{index}/mask") from error
    inpainter = await services.in_thread(_inpainter, services, model)
    job = await services.job_states.start("compare", _comparing(services, question.picture, index, mask, inpainter))
    return accepted(request, job)


def _inpainter(services: Services, model: Model) -> Inpainter | None:
    """The model's; None where it has none, or a damaged one, which the log tells: the other ways are there anyway."""
    try:
        return services.inpainters.of(model).value
    except UnitbrushError:
        return None


def _comparing(services: Services, picture: Picture, index: int, mask: Mask, inpainter: Inpainter | None) -> Steps:
    """mask: (H, W)."""
    before, done = replace(picture, edits=picture.edits[:index]), []
    ways = len(ways_with(inpainter))
    yield Progress(0, ways)
    for removal in removals(services.engine.painter, before, picture.edits[index], mask, inpainter):
        if removal is None:
            yield None
            continue
        image = base64.b64encode(encode(removal.pixels)).decode("ascii")
        done.append(Removal(way=removal.way, ms=round(removal.ms, 3), image=image))
        yield Progress(len(done), ways)
    return Result(Comparison(edit=index, removals=done).model_dump_json().encode(), "application/json")


def _index(question: ComparisonQuestion) -> int:
    """The place of the edit. Raises PictureError where there is no such edit, or where it draws."""
    edits = question.picture.edits
    if question.edit is None:
        removing = [i for i, edit in enumerate(edits) if edit.op == "remove"]
        if not removing:
            raise PictureError("no edit of the picture removes anything", "/picture/edits")
        return removing[-1]
    if question.edit >= len(edits):
        raise PictureError(f"the picture has {len(edits)} edits, counted from 0", "/edit")
    if edits[question.edit].op != "remove":
        raise PictureError("that edit draws; only what is removed can be compared", "/edit")
    return question.edit


def _parse(body: bytes, default_model: str) -> ComparisonQuestion:
    question = validate(_question, body, default_model)
    check_masks([edit.mask for edit in question.picture.edits], "/picture/edits/{}/mask")
    return question
