"""`/segment`: which concept the segmenter sees at each pixel of a picture."""

from __future__ import annotations

import base64
import io
import math

import numpy as np
from fastapi import APIRouter, Request
from numpy.typing import NDArray
from PIL import Image
from starlette.responses import Response

from server.errors import NoSegmenter
from server.model.catalog import Model
from server.model.segmenter import Segmenter
from server.painting.parsing import parse_picture
from server.painting.picture import Picture, digest
from server.web.deps import JsonBody, UsesServices, while_connected
from server.web.reference import PICTURE
from server.web.reference import body as body_of
from server.web.schemas import Segmentation
from server.web.services import Services

router = APIRouter(tags=["analysis"])


@router.post("/segment", response_model=Segmentation, openapi_extra=body_of("Picture", PICTURE))
async def segment(body: JsonBody, request: Request, services: UsesServices) -> Response:
    """What the segmenter sees in a picture: the concept of every pixel, and each concept's share of the picture."""
    picture = await services.aside(parse_picture, body, services.catalog.default)
    segmenter = segmenter_of(await services.aside(services.catalog.get, picture.model))
    labels = await while_connected(request, labels_of(services, picture))
    answer = await services.aside(_segmentation, labels, segmenter.concepts)
    return Response(answer.model_dump_json(), media_type="application/json")


def segmenter_of(model: Model) -> Segmenter:
    """The model's segmenter. Raises NoSegmenter."""
    if model.segmenter is None:
        raise NoSegmenter(f"{model.name!r} has no segmenter", "/model")
    return model.segmenter


async def labels_of(services: Services, picture: Picture) -> NDArray[np.uint8]:
    """The index of each pixel's concept, (R, R); kept for the pictures asked for last. At most 256 concepts.

    Raises what rendering raises, QueueFull, and NoSegmenter.
    """
    key = ("labels", await services.fingerprint(picture.model), digest(picture))
    kept = services.images.get(key)
    if kept is None:
        kept = (await services.engine.labels(picture)).astype(np.uint8).tobytes()
        services.images.put(key, kept)
    side = math.isqrt(len(kept))
    return np.frombuffer(kept, np.uint8).reshape(side, side)


def _segmentation(labels: NDArray[np.uint8], concepts: tuple[str, ...]) -> Segmentation:
    out = io.BytesIO()
    Image.fromarray(labels).save(out, "PNG")
    height, width = labels.shape
    return Segmentation(
        width=width,
        height=height,
        concepts=list(concepts),
        labels=base64.b64encode(out.getvalue()).decode("ascii"),
        shares={name: float((labels == c).mean()) for c, name in enumerate(concepts)},
    )
