"""`/variations`: a picture's edits over other scenes, all in one call."""

import base64
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import Field, TypeAdapter

from server.painting.imaging import MEDIA_TYPES
from server.painting.parsing import Strict, check_masks, validate
from server.painting.picture import Picture, Seed, over, to_document
from server.web.deps import JsonBody, UsesServices, model_of, read_document, while_connected
from server.web.reference import PICTURE, body_of
from server.web.routes.images import ImageOptions, WantsImage, drawing_of, drawn
from server.web.schemas import Variation, Variations
from server.web.services import Services

router = APIRouter(tags=["render"])

MAX_SEEDS = 24


class VariationsQuestion(Strict):
    """What else could it have been?"""

    picture: Picture
    seeds: Annotated[list[Seed], Field(min_length=1, max_length=MAX_SEEDS, description="of the other scenes")]


_question = TypeAdapter(VariationsQuestion)


@router.post(
    "/variations",
    response_model=Variations,
    openapi_extra=body_of(VariationsQuestion, {"picture": PICTURE, "seeds": [1, 2, 3]}),
)
async def variations(body: JsonBody, options: WantsImage, request: Request, services: UsesServices) -> Variations:
    """A picture's edits and directions over other scenes: for each seed a picture and its image, in their order.

    The images are those of `/render` with the same `format` and `size`. They are drawn one by one when nobody else
    waits for the device.
    """
    question = await read_document(services, _parse, body)
    await model_of(services, question.picture)
    pictures = [over(question.picture, seed) for seed in question.seeds]
    drawings = [await while_connected(request, _variation(services, picture, options)) for picture in pictures]
    return Variations(media_type=MEDIA_TYPES[options.form], variations=drawings)


async def _variation(services: Services, picture: Picture, options: ImageOptions) -> Variation:
    assert picture.seed is not None
    image = await drawn(services, picture, await drawing_of(services, picture, options), background=True)
    return Variation(seed=picture.seed, picture=to_document(picture), image=base64.b64encode(image).decode("ascii"))


def _parse(body: bytes, default_model: str) -> VariationsQuestion:
    question = validate(_question, body, default_model)
    check_masks([edit.mask for edit in question.picture.edits], "/picture/edits/{}/mask")
    return question
