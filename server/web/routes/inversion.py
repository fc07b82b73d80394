"""`/invert`: a picture of one's own as a document, a job; `/composite`: its own pixels around what was painted."""

import base64
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field, TypeAdapter

from server.inversion.invert import STEPS, Inversion, base_layer, invert, split_steps
from server.inversion.keeping import kept, painted
from server.inversion.own import fit, read_own
from server.model.catalog import Model
from server.model.device import device_named
from server.model.pixels import Pixels
from server.painting.imaging import MEDIA_TYPES, encode, resize
from server.painting.parsing import Strict, check_masks, validate
from server.painting.picture import Name, Picture, picture_to_json, to_document
from server.web import schemas
from server.web.deps import JsonBody, UsesServices, file_in, model_of, read_document, while_connected
from server.web.jobs import Progress, Result, Steps
from server.web.reference import IMAGE, IMAGES, PICTURE, body_of
from server.web.routes.images import WantsImage
from server.web.routes.jobs import accepted
from server.web.services import Services

router = APIRouter(tags=["own pictures"])

MOST_STEPS = 1000

Image = Annotated[str, Field(description="base64 of one's own picture, a PNG, JPEG, WebP or GIF, or a data: URL of it")]


class InvertQuestion(Strict):
    """What would the model make of this picture?"""

    image: Image
    model: Annotated[Name | None, Field(description="the model's name; the default one without it")] = None
    steps: Annotated[int, Field(ge=0, le=MOST_STEPS, description="of descent; with none the first guess has to do")] = (
        STEPS
    )


class CompositeQuestion(Strict):
    """A picture that began with one's own, and that one."""

    picture: Picture
    image: Image


_invert_question, _composite_question = TypeAdapter(InvertQuestion), TypeAdapter(CompositeQuestion)


@router.post(
    "/invert",
    status_code=202,
    response_model=schemas.Job,
    openapi_extra=body_of(InvertQuestion, {"image": IMAGE, "model": "village"}),
)
async def begin(body: JsonBody, request: Request, services: UsesServices) -> Response:
    """Begin to bring in a picture of one's own, which takes a minute: a job, whose previews are its likeness so far and
    whose result is JSON, `Inverted`: the document that draws the likeness, to be painted on like any other, and what
    of the picture the model cannot express. The middle of it counts, in the shape of the model's pictures."""
    question = await read_document(services, lambda data, _: validate(_invert_question, data), body)
    model = await services.in_thread(services.catalog.get, question.model)
    base_layer(model)
    own = await services.in_thread(_read, question.image, model)  # (H, W, 3)
    job = await services.job_states.start("invert", _inverting(services, model, own, question.steps))
    return accepted(request, job)


@router.post(
    "/composite",
    response_class=Response,
    responses=IMAGES,
    openapi_extra=body_of(CompositeQuestion, {"picture": PICTURE, "image": IMAGE}),
)
async def composite(body: JsonBody, options: WantsImage, request: Request, services: UsesServices) -> Response:
    """One's own picture with what was painted laid over it: the picture where its edits are, one's own pixels
    elsewhere, blended between. A PNG carries the document, which is without one's own picture."""
    question = await read_document(services, _parse_composite, body)
    picture = question.picture
    model = await model_of(services, picture)
    own = await services.in_thread(_read, question.image, model)  # (H, W, 3)

    async def composed() -> bytes:
        pixels = await services.engine.render(picture)  # (H, W, 3)
        covered = await services.engine.covered(picture)  # (H, W)

        def compose() -> bytes:
            shown = pixels if options.size is None else resize(pixels, options.size)
            height, width, _ = shown.shape
            whole = kept(fit(own, (height, width)), shown, painted(covered, (height, width)))  # (height, width, 3)
            return encode(whole, options.form, picture_to_json(picture))

        return await services.in_encoder(compose)

    data = await while_connected(request, composed())
    return Response(data, headers={"Cache-Control": "no-store"}, media_type=MEDIA_TYPES[options.form])


def _read(image: str, model: Model) -> Pixels:
    """The middle of a body's image that has the shape of the model's pictures, (H, W, 3)."""
    return read_own(file_in(image, "/image"), model.generator.aspect)


def _parse_composite(body: bytes, default_model: str) -> CompositeQuestion:
    question = validate(_composite_question, body, default_model)
    check_masks([edit.mask for edit in question.picture.edits], "/picture/edits/{}/mask")
    return question


def _inverting(services: Services, model: Model, own: Pixels, steps: int) -> Steps:
    """own: (H, W, 3)."""
    encoder = services.encoders.of(model).value
    yield None
    device = str(device_named(services.settings.device))
    frames = invert(model, fit(own, model.generator.size), encoder, *split_steps(steps), device)
    while True:
        try:
            frame = next(frames)
        except StopIteration as end:
            return Result(_answer(end.value, own), "application/json")
        if frame is None:
            yield None
        else:
            shown = None if frame.pixels is None else encode(frame.pixels, "jpeg")
            yield Progress(frame.step, frame.steps, shown)


def _answer(inversion: Inversion, own: Pixels) -> bytes:
    missing = inversion.missing
    answer = schemas.Inverted(
        picture=to_document(inversion.picture),
        grid=[[round(cell, 3) for cell in row] for row in missing.grid.tolist()],
        share=round(missing.share, 4),
        psnr=round(missing.psnr, 2),
        agreement=None if missing.agreement is None else round(missing.agreement, 4),
        own=base64.b64encode(encode(own, "jpeg")).decode("ascii"),
    )
    return answer.model_dump_json().encode()
