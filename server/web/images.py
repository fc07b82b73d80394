"""Pictures as image files: which format a caller wants, the tag that names the bytes, and drawing them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query, Request
from starlette.responses import Response

from server import __version__
from server.painting.imaging import MEDIA_TYPES, Format, encode, resize
from server.painting.picture import Picture, digest, picture_to_json
from server.web.deps import while_connected
from server.web.services import Services

MIN_SIZE = 8
MAX_SIDE = 1024


@dataclass(frozen=True)
class ImageOptions:
    """The format, and the longer side in pixels (None for the model's own)."""

    form: Format
    size: int | None


def image_options(
    request: Request,
    format: Annotated[Format | None, Query(description="the image's format; stands before the `Accept` header")] = None,
    size: Annotated[
        int | None,
        Query(ge=MIN_SIZE, le=MAX_SIDE, description="longer side in pixels; the model's own without it"),
    ] = None,
) -> ImageOptions:
    """What the caller wants."""
    return ImageOptions(format or accepted(request.headers.get("accept", "")), size)


WantsImage = Annotated[ImageOptions, Depends(image_options)]


def accepted(header: str) -> Format:
    """The format that an `Accept` header prefers, PNG where it is as welcome as the others.

    PNG also where the header wants no image at all: some clients ask for JSON in every call that sends JSON.
    """
    wishes: dict[str, float] = {}
    for part in header.split(","):
        kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
        wishes[kind] = next((_quality(p[2:]) for p in parameters if p.startswith("q=")), 1.0)
    best: Format = "png"
    found = 0.0
    for form, kind in MEDIA_TYPES.items():
        quality = wishes.get(kind, wishes.get("image/*", wishes.get("*/*", 0.0)))
        if quality > found:
            best, found = form, quality
    return best


def _quality(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 0.0


def matches(header: str, etag: str) -> bool:
    """Whether an `If-None-Match` header names the tag."""
    tags = {part.strip().removeprefix("W/") for part in header.split(",")}
    return etag in tags or "*" in tags


async def image_etag(services: Services, picture: Picture, options: ImageOptions) -> str:
    """The strong tag of the image's bytes: a hash of the weights, the picture, the format and the size."""
    parts = (
        __version__,
        await services.fingerprint(picture.model),
        digest(picture),
        options.form,
        options.size,
    )
    return f'"{hashlib.sha256(repr(parts).encode()).hexdigest()[:32]}"'


async def image_response(
    services: Services, request: Request, picture: Picture, options: ImageOptions, cache_control: str
) -> Response:
    """The picture's image, or 304 where a `GET` names the present tag.

    Raises what drawing raises, QueueFull, and ClientGone.
    """
    etag = await image_etag(services, picture, options)
    headers = {"ETag": etag, "Cache-Control": cache_control, "Vary": "Accept"}
    if request.method == "GET" and matches(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=304, headers=headers)
    body = services.images.get(etag)
    if body is None:
        body = await while_connected(request, draw(services, picture, options))
    return Response(body, headers=headers, media_type=MEDIA_TYPES[options.form])


async def draw(services: Services, picture: Picture, options: ImageOptions) -> bytes:
    """The bytes of the picture's image, drawn now and kept for those who ask next. Raises what drawing raises, and
    QueueFull."""
    pixels = await services.engine.render(picture)  # (R, R, 3)

    def pack() -> bytes:
        if options.size is not None:
            # A thumbnail stands for the picture, it does not carry it.
            return encode(resize(pixels, options.size), options.form)
        return encode(pixels, options.form, picture_to_json(picture))

    body = await services.aside(pack)
    services.images.put(await image_etag(services, picture, options), body)
    return body
