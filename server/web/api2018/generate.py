"""`/generate`: images, edited or not."""

import base64

from fastapi import APIRouter, Request, Response

from server.errors import PictureError
from server.model.catalog import Model
from server.painting.picture import Picture
from server.web.api2018.answers import address, envelope
from server.web.api2018.images import JPEG, image_path
from server.web.api2018.interventions import edits_of
from server.web.api2018.latents import latents_of
from server.web.api2018.lookup import project_named
from server.web.api2018.questions import GenerateQuestion, parse_generate
from server.web.api2018.schemas import GeneratedImage, GeneratedImages
from server.web.deps import JsonBody, UsesServices, read_document, while_connected
from server.web.kept import check_room, split
from server.web.reference import body_of
from server.web.routes.images import drawing_of, drawn
from server.web.services import Services

MAX_DRAWN = 128  # images in an answer

EXAMPLE = {
    "project": "village",
    "ids": [104],
    "interventions": [
        {
            "ablations": [{"layer": "layer4", "unit": 3, "alpha": 1, "value": 4.5}],
            "mask": {"shape": [8, 8], "bitbounds": [2, 2, 4, 4], "bitstring": "1111"},
        }
    ],
}

router = APIRouter()


@router.post("/generate", response_model=GeneratedImages, openapi_extra=body_of("GenerateQuestion", EXAMPLE))
async def generate(body: JsonBody, request: Request, services: UsesServices) -> Response:
    """Images, edited or not.

    Without interventions, images asked for by number come as addresses of JPEGs. All others come as data: URLs of
    JPEGs; or, with `return_urls`, the server keeps each as a picture, and they come as addresses.

    An intervention is an edit that lists units with levels, so it gives the same pixels in `POST /api/v1/render`: under
    a PNG mask that covers whole cells of the layer, and with `maskpooling` mean under every PNG mask of full and empty
    pixels whose sides are multiples of the layer's.
    """
    asked = await read_document(services, parse_generate, body)
    question = asked.question
    model = await project_named(services, question.project)
    images = await while_connected(request, _images(services, request, model, question))
    return await envelope(services, asked.document, [image.model_dump(exclude_none=True) for image in images])


async def _images(
    services: Services, request: Request, model: Model, question: GenerateQuestion
) -> list[GeneratedImage]:
    """The images, each drawn before it is named. Raises PictureError, QueueFull, and what the store raises."""
    pictures = await _pictures(services, model, question)
    if question.ids is not None and not question.interventions:
        version = await services.version(model.name)
        images = []
        for i, picture in zip(question.ids, pictures, strict=True):
            await _jpeg(services, picture)  # into the cache, which its address is served from
            path = image_path(model.name, i)
            images.append(GeneratedImage(id=i, d=address(request, f"{path}?v={version}")))
        return images
    if question.return_urls:
        return [GeneratedImage(d=address(request, await _keep(services, picture))) for picture in pictures]
    return [GeneratedImage(d=await _data_url(services, picture)) for picture in pictures]


async def _pictures(services: Services, model: Model, question: GenerateQuestion) -> list[Picture]:
    """The question's images as pictures. Raises PictureError."""
    length = model.generator.latent_dim
    given = question.ids or question.zs or []
    if len(given) > MAX_DRAWN:
        raise PictureError(f"there are {len(given)} images to draw; at most {MAX_DRAWN} are drawn in a call", "")
    for i, z in enumerate(question.zs or []):
        if len(z) != length:
            raise PictureError(f"it has {len(z)} numbers; the model {model.name!r} takes {length}", f"/zs/{i}")
    edits = await services.in_thread(edits_of, question.interventions, model)
    zs = question.zs or await latents_of(services, question.ids or [], length)
    return await services.in_thread(lambda: [Picture(model.name, z=tuple(z), edits=edits) for z in zs])


async def _jpeg(services: Services, picture: Picture) -> bytes:
    return await drawn(services, picture, await drawing_of(services, picture, JPEG))


async def _data_url(services: Services, picture: Picture) -> str:
    data = base64.b64encode(await _jpeg(services, picture)).decode("ascii")
    return f"data:image/jpeg;base64,{data}"


async def _keep(services: Services, picture: Picture) -> str:
    """Keep the picture, and give the path of its image. Raises PictureFull and what the store raises."""
    base, state = await services.in_thread(split, picture)
    await services.in_thread(check_room, base, state, services.settings.max_body_bytes)
    stored = await services.in_store(services.store.create, base, state)
    return f"/api/v1/pictures/{stored.id}/image?format=jpeg"
