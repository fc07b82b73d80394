"""`/styles` and `/style`: a finished picture in the style of another, fast, or slowly as a job."""

import hashlib
from collections.abc import Callable
from functools import partial
from typing import Annotated, TypeVar

import numpy as np
import torch
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field, TypeAdapter

from server.errors import PictureError
from server.model.device import bfloat16_is_fast, device_named
from server.model.pixels import Pixels
from server.painting.edits import Check
from server.painting.imaging import MEDIA_TYPES, Format, encode
from server.painting.parsing import Strict, check_masks, validate
from server.painting.picture import Fraction, Name, Picture, digest, picture_to_json
from server.styles.drawn import STYLES, draw_style
from server.styles.fast import NUMBERED, SIDE, NoStyles
from server.styles.features import check_features
from server.styles.images import read_image
from server.styles.slow import STEPS, repaint
from server.web import schemas
from server.web.deps import JsonBody, UsesServices, file_in, model_of, read_document, while_connected
from server.web.jobs import Progress, Result, Steps
from server.web.problems import NotFound
from server.web.reference import IMAGES, JSON, PICTURE, body_of
from server.web.routes.images import IMMUTABLE
from server.web.routes.jobs import accepted
from server.web.services import Services

router = APIRouter(tags=["styles"])

STYLE_SIDE = 512  # of a style's image, at most
DRAWING: dict[int | str, JSON] = {200: {"description": "The image", "content": {"image/png": {}}}}


class StyleQuestion(Strict):
    """How would the picture look in that style? Exactly one of `style` and `image` says which."""

    picture: Picture
    style: Annotated[Name | None, Field(description="its name, as `GET /styles` lists them")] = None
    image: Annotated[
        str | None,
        Field(description="base64 of a style's image, a PNG, JPEG, WebP or GIF of 16 million pixels at most"),
    ] = None
    strength: Annotated[Fraction, Field(description="0 is the picture nearly as it is")] = 1.0


class SlowStyleQuestion(StyleQuestion):
    """As for `/style`, with the steps to take."""

    steps: Annotated[int, Field(ge=10, le=500, description="of the optimisation")] = STEPS


Question = TypeVar("Question", bound=StyleQuestion)

_question, _slow_question = TypeAdapter(StyleQuestion), TypeAdapter(SlowStyleQuestion)


class UnknownStyle(PictureError, slug="unknown-style", title="There is no such style"):
    """No style has that name, or it has no image to paint slowly from."""


@router.get("/styles", response_model=schemas.Styles)
async def styles(request: Request, services: UsesServices) -> schemas.Styles:
    """The styles that `/style` knows by name: those with an image of their own, and those known by number, which are
    fast only."""
    root = f"{request.scope['root_path']}/api/v1/styles"
    drawn = [schemas.StyleImage(name=name, image=f"{root}/{name}/image", slow=True) for name in STYLES]
    numbered = [schemas.StyleImage(name=str(i), image=None, slow=False) for i in range(1, NUMBERED + 1)]
    return schemas.Styles(
        styles=[*drawn, *numbered], fast=_missing(services.fast_style.check), slow=_missing(check_features)
    )


@router.get("/styles/{name}/image", response_class=Response, responses=DRAWING)
async def style_image(
    name: Annotated[str, Path(max_length=64, description="the style's name", examples=["waves"])],
    services: UsesServices,
) -> Response:
    """The image of a style."""
    if name not in STYLES:
        raise NotFound(f"the style {name!r} has no image")
    png = await services.in_encoder(lambda: encode(draw_style(name)))
    return Response(png, headers={"Cache-Control": IMMUTABLE}, media_type="image/png")


@router.post(
    "/style",
    response_class=Response,
    responses=IMAGES,
    openapi_extra=body_of(StyleQuestion, {"picture": PICTURE, "style": "waves"}),
)
async def style(
    body: JsonBody,
    request: Request,
    services: UsesServices,
    size: Annotated[int, Query(ge=64, le=1024, description="longer side in pixels")] = SIDE,
    format: Annotated[Format, Query(description="the image's format")] = "png",
) -> Response:
    """A picture in a style, by one pass of a network. A PNG carries the picture's document, which is without the
    style. 409 where the server has no fast styles."""
    question = await read_document(services, partial(_parse, _question), body)
    picture = question.picture
    await model_of(services, picture)
    services.fast_style.check()
    look = await services.in_thread(_look, question)
    version = await services.version(picture.model)
    key = ("style", version, digest(picture), _name(question, look), question.strength, size, format)

    async def painted() -> bytes:
        pixels = await services.engine.render(picture)  # (H, W, 3)

        def paint(check: Check) -> Pixels:
            return services.fast_style.paint(pixels, look, question.strength, size)

        result = await services.engine.in_background(paint)  # (H, W, 3)
        return services.cache.put(key, await services.in_encoder(encode, result, format, picture_to_json(picture)))

    data = services.cache.get(key) or await while_connected(request, painted())
    return Response(data, headers={"Cache-Control": "no-store"}, media_type=MEDIA_TYPES[format])


@router.post(
    "/style/slow",
    status_code=202,
    response_model=schemas.Job,
    openapi_extra=body_of(SlowStyleQuestion, {"picture": PICTURE, "style": "waves", "steps": 60}),
)
async def slow_style(body: JsonBody, request: Request, services: UsesServices) -> Response:
    """Begin to paint a picture in a style by optimisation (Gatys et al. 2016), which takes minutes: a job, whose
    previews are what it has so far and whose result is a PNG of 256 pixels that carries the picture's document. 409
    where the server has no slow styles."""
    question = await read_document(services, partial(_parse, _slow_question), body)
    picture = question.picture
    await model_of(services, picture)
    check_features()
    look = await services.in_thread(_look, question)
    if isinstance(look, int):
        raise UnknownStyle(f"the style {question.style!r} has no image to paint slowly from", "/style")
    pixels = await while_connected(request, services.engine.render(picture))  # (H, W, 3)
    job = await services.job_states.start("style", _repainting(services, pixels, look, question))
    return accepted(request, job)


def _repainting(services: Services, pixels: Pixels, style: Pixels, question: SlowStyleQuestion) -> Steps:
    device = device_named(services.settings.device)
    dtype = torch.bfloat16 if bfloat16_is_fast(device) else torch.float32
    frames = repaint(pixels, style, question.strength, question.steps, str(device), dtype)
    while True:
        try:
            frame = next(frames)
        except StopIteration as end:
            return Result(encode(end.value, "png", picture_to_json(question.picture)), "image/png")
        if frame is None:
            yield None
        else:
            shown = None if frame.pixels is None else encode(frame.pixels, "jpeg")
            yield Progress(frame.step, frame.steps, shown)


def _parse(adapter: TypeAdapter[Question], body: bytes, default_model: str) -> Question:
    question = validate(adapter, body, default_model)
    if (question.style is None) == (question.image is None):
        raise PictureError("the body has either a style or an image", "")
    check_masks([edit.mask for edit in question.picture.edits], "/picture/edits/{}/mask")
    return question


def _look(question: StyleQuestion) -> int | Pixels:
    """The style's number, 0..25, or its image, (H, W, 3). Raises UnknownStyle, and BadImage."""
    if question.image is not None:
        return read_image(file_in(question.image, "/image"), STYLE_SIDE)
    name = question.style or ""
    if name in STYLES:
        return draw_style(name)
    if name.isascii() and name.isdigit() and 1 <= int(name) <= NUMBERED:
        return int(name) - 1
    raise UnknownStyle(f"there is no style {name!r}; there are {', '.join(STYLES)} and 1 to {NUMBERED}", "/style")


def _name(question: StyleQuestion, look: int | Pixels) -> str:
    """What tells a style from others, and is short."""
    if question.style is not None:
        return question.style
    assert isinstance(look, np.ndarray)
    return f"{look.shape} {hashlib.sha256(look.tobytes()).hexdigest()}"


def _missing(check: Callable[[], None]) -> str | None:
    """What a check says to install, None where it is content."""
    try:
        check()
    except NoStyles as error:
        return error.detail
    return None
