"""`/proposals`: things in a picture, found without a segmenter."""

import base64

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from server.painting import proposals
from server.painting.edits import Check
from server.painting.imaging import encode
from server.painting.parsing import parse_picture
from server.painting.picture import Picture, digest
from server.web.deps import JsonBody, UsesServices, read_document, while_connected
from server.web.reference import PICTURE, body_of
from server.web.services import Services

router = APIRouter(tags=["analysis"])


class Proposals(BaseModel):
    """Nested regions of a picture: leaves first, each before the larger one that it is a part of, the whole picture
    last; at most 511."""

    width: int = Field(description="of the labels, 256 at most, as the height")
    height: int
    labels: str = Field(description="base64 of an 8-bit grey PNG: each pixel's grey value is the leaf it belongs to")
    parents: list[int] = Field(description="of each region the larger one it is a part of; -1 for the whole picture")
    prominence: list[float] = Field(
        description="how far each region stands out from what is around it, against how far its parts do from each"
        " other; 0 for the whole picture"
    )


@router.post("/proposals", response_model=Proposals, openapi_extra=body_of("Picture", PICTURE))
async def propose(body: JsonBody, request: Request, services: UsesServices) -> Response:
    """Regions of a picture's image that look like one thing, by its colours alone, so of any model.

    Follow `parents` from the leaf at a point, and take the region of the greatest prominence, or a larger or smaller
    one; its pixels are a mask for an edit, as `png`. They are sought when nobody else waits for the device.
    """
    picture = await read_document(services, parse_picture, body)
    key = ("proposals", await services.version(picture.model), await services.in_thread(digest, picture))
    data = services.cache.get(key)
    if data is None:
        regions = await while_connected(request, _regions_of(services, picture))
        data = services.cache.put(key, await services.in_thread(_answer, regions))
    return Response(data, media_type="application/json")


async def _regions_of(services: Services, picture: Picture) -> proposals.Proposals:
    pixels = await services.engine.render(picture)  # (H, W, 3)

    def find(check: Check) -> proposals.Proposals:
        return proposals.propose(pixels, check)

    return await services.engine.in_background(find)


def _answer(regions: proposals.Proposals) -> bytes:
    height, width = regions.labels.shape
    answer = Proposals(
        width=width,
        height=height,
        labels=base64.b64encode(encode(regions.labels)).decode("ascii"),
        parents=list(regions.parents),
        prominence=[round(value, 3) for value in regions.prominence],
    )
    return answer.model_dump_json().encode()
