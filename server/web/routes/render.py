"""`/render`: a picture document in, its image out; nothing is kept."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from server.painting.parsing import parse_picture
from server.web.deps import INLINE_BYTES, JsonBody, UsesServices
from server.web.images import WantsImage, image_response
from server.web.reference import IMAGES, PICTURE
from server.web.reference import body as body_of

router = APIRouter(tags=["render"])


@router.post("/render", response_class=Response, responses=IMAGES, openapi_extra=body_of("Picture", PICTURE))
async def render(body: JsonBody, options: WantsImage, request: Request, services: UsesServices) -> Response:
    """The image of a picture document. The same document gives the same bytes.

    A PNG in the model's own size carries the document in its text chunk `unitbrush`.
    """
    default = services.catalog.default
    if len(body) < INLINE_BYTES:
        picture = parse_picture(body, default)
    else:
        picture = await services.aside(parse_picture, body, default)
    return await image_response(services, request, picture, options, "private, no-cache")
