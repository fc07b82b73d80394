"""`/translate`: a finished picture as one of another season, in many styles."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field, TypeAdapter

from server.errors import PictureError
from server.model.pixels import Pixels
from server.model.translator import translated
from server.painting.edits import Check
from server.painting.imaging import MEDIA_TYPES, encode, resize
from server.painting.parsing import Strict, check_masks, validate
from server.painting.picture import Name, Picture, Seed, digest, picture_to_json
from server.web.deps import JsonBody, UsesServices, model_of, read_document, while_connected
from server.web.reference import IMAGES, PICTURE, body_of
from server.web.routes.images import WantsImage

router = APIRouter(tags=["styles"])


class TranslationQuestion(Strict):
    """How would the picture look in that season?"""

    picture: Picture
    to: Annotated[Name, Field(description="one of the model's `translations`, as `GET /models` lists them")]
    style: Annotated[Seed, Field(description="the number of a style")] = 0


_question = TypeAdapter(TranslationQuestion)


class UnknownSeason(PictureError, slug="unknown-season", title="The model has no such season"):
    """The model's translator does not know what the picture is to be painted as."""


@router.post(
    "/translate",
    response_class=Response,
    responses=IMAGES,
    openapi_extra=body_of(TranslationQuestion, {"picture": PICTURE, "to": "winter", "style": 3}),
)
async def translate(body: JsonBody, options: WantsImage, request: Request, services: UsesServices) -> Response:
    """A picture as one of another season, in a style of that, by one pass of the model's translator. A PNG carries the
    picture's document, which is without the translation. 409 where the model has no translator."""
    question = await read_document(services, _parse, body)
    picture = question.picture
    model = await model_of(services, picture)
    standing = await services.in_thread(services.translators.of, model)
    translator = standing.value
    if question.to not in translator.domains:
        known = " and ".join(translator.domains)
        raise UnknownSeason(f"{picture.model!r} cannot be painted as {question.to!r}; its seasons are {known}", "/to")
    version = await services.version(picture.model)
    how = (question.to, question.style, options.form, options.size)
    key = ("translate", version, standing.state, digest(picture), *how)

    async def painted() -> bytes:
        # Who paints does not wait for thumbnails.
        pixels = await services.engine.render(picture, background=options.size is not None)  # (H, W, 3)

        def paint(check: Check) -> Pixels:
            return translated(translator, pixels, question.to, question.style)

        result = await services.engine.in_background(paint)  # (H, W, 3)

        def encoded() -> bytes:
            shown = result if options.size is None else resize(result, options.size)
            return encode(shown, options.form, picture_to_json(picture))

        return services.cache.put(key, await services.in_encoder(encoded))

    data = services.cache.get(key) or await while_connected(request, painted())
    return Response(data, headers={"Cache-Control": "no-store"}, media_type=MEDIA_TYPES[options.form])


def _parse(body: bytes, default_model: str) -> TranslationQuestion:
    question = validate(_question, body, default_model)
    check_masks([edit.mask for edit in question.picture.edits], "/picture/edits/{}/mask")
    return question
