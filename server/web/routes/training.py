"""`/models/{model}/encoder`: training what brings in pictures of one's own sooner, a job, where that is allowed."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field, TypeAdapter

from server.errors import UnitbrushError
from server.inversion.invert import base_layer
from server.painting.parsing import Strict, validate
from server.web import schemas
from server.web.deps import JsonBody, ModelName, UsesServices, read_document
from server.web.reference import body_of
from server.web.routes.jobs import accepted
from server.web.training import training

router = APIRouter(prefix="/models", tags=["own pictures"])

MOST_IMAGES = 1_000_000


class TrainsNothing(UnitbrushError, status=403, slug="trains-nothing", title="The server trains nothing"):
    """It was not started with `--training`."""


class EncoderQuestion(Strict):
    """How long is it to learn?"""

    images: Annotated[
        int | None,
        Field(ge=1, le=MOST_IMAGES, description="samples that it sees; as many as `unitbrush encoder` takes without"),
    ] = None


_encoder_question = TypeAdapter(EncoderQuestion)


@router.post(
    "/{model}/encoder",
    status_code=202,
    response_model=schemas.Job,
    openapi_extra=body_of(EncoderQuestion, {"images": 16}),
)
async def begin(model: ModelName, body: JsonBody, request: Request, services: UsesServices) -> Response:
    """Begin to train the model's encoder, which takes an hour and more: a job, whose result is JSON, `Trained`. The
    encoder counts as soon as it is there. Other jobs wait meanwhile; strokes do not. One that is cancelled goes on
    where it stopped when it is begun again. Only a server that was started with `--training` does it."""
    if not services.settings.training:
        raise TrainsNothing("this server was started without `--training`; `unitbrush encoder` trains one, too")
    question = await read_document(services, lambda data, _: validate(_encoder_question, data), body)
    known = await services.in_thread(services.catalog.get, model)
    base_layer(known)
    steps = training(services.settings, known.name, question.images)
    return accepted(request, await services.job_states.start("encoder", steps))
