"""Pictures as image files: `/render`, `/models/{model}/images/{seed}`, and what every call that gives an image needs:
which format the caller wants, the tag that names the bytes, and drawing them.
"""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from server import __version__
from server.model.pixels import Pixels
from server.painting.imaging import MEDIA_TYPES, Format, encode, resize
from server.painting.parsing import parse_picture
from server.painting.picture import Picture, picture_to_json
from server.web.answers import hex_digest, not_modified
from server.web.deps import JsonBody, ModelName, UsesServices, read_document, while_connected
from server.web.reference import IMAGES, PICTURE, body_of
from server.web.services import Services

router = APIRouter()

IMMUTABLE = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class ImageOptions:
    """The format, and the longer side in pixels (None for the model's own)."""

    form: Format
    size: int | None


def image_options(
    request: Request,
    format: Annotated[Format | None, Query(description="the image's format; stands before the `Accept` header")] = None,
    size: Annotated[
        int | None, Query(ge=8, le=1024, description="longer side in pixels; the model's own without it")
    ] = None,
) -> ImageOptions:
    return ImageOptions(format or accepted(request.headers.get("accept", "")), size)


WantsImage = Annotated[ImageOptions, Depends(image_options)]


@router.get("/models/{model}/images/{seed}", response_class=Response, responses=IMAGES, tags=["models"])
async def image_of_seed(
    model: ModelName,
    seed: Annotated[int, Path(ge=0, le=2**32 - 1, description="the latent's seed, 0..4294967295")],
    options: WantsImage,
    request: Request,
    services: UsesServices,
) -> Response:
    """The unedited image of a seed. It never changes, and says so to caches; a `v` in the query, the model's
    `version`, gets past them when the model itself was replaced."""
    return await image_response(services, request, Picture(model, seed), options, IMMUTABLE)


@router.post(
    "/render", response_class=Response, responses=IMAGES, openapi_extra=body_of("Picture", PICTURE), tags=["render"]
)
async def render(body: JsonBody, options: WantsImage, request: Request, services: UsesServices) -> Response:
    """The image of a picture document. The same document gives the same bytes.

    A PNG in the model's own size carries the document in its text chunk `unitbrush`.
    """
    picture = await read_document(services, parse_picture, body)
    return await image_response(services, request, picture, options, "private, no-cache")


def accepted(header: str) -> Format:
    """The format that an `Accept` header prefers, PNG where it is as welcome as the others.

    PNG also where the header wants no image at all: some clients ask for JSON in every call that sends JSON.
    """
    qualities: dict[str, float] = {}
    for part in header.split(","):
        kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
        qualities[kind] = next((_quality(p[2:]) for p in parameters if p.startswith("q=")), 1.0)
    anything = qualities.get("image/*", qualities.get("*/*", 0.0))
    return max(MEDIA_TYPES, key=lambda form: qualities.get(MEDIA_TYPES[form], anything))  # the first of equals


def _quality(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 0.0


@dataclass(frozen=True)
class Drawing:
    """An image to be made. document: the picture's canonical one. etag: the strong tag of the image's bytes, a hash of
    the weights, the document, the format and the size."""

    options: ImageOptions
    document: str
    etag: str


async def drawing_of(services: Services, picture: Picture, options: ImageOptions) -> Drawing:
    """The picture's image, not made yet. Raises UnknownModel, and what loading the model raises."""
    version = await services.version(picture.model)

    def described() -> Drawing:
        document = picture_to_json(picture)
        parts = (__version__, version, options.form, options.size, document)
        return Drawing(options, document, f'"{hex_digest(repr(parts).encode())}"')

    return await services.in_thread(described)


async def image_response(
    services: Services, request: Request, picture: Picture, options: ImageOptions, cache_control: str
) -> Response:
    """The picture's image, or 304 where a `GET` names the present tag.

    Raises what drawing raises, QueueFull, and ClientGone.
    """
    drawing = await drawing_of(services, picture, options)
    headers = {"ETag": drawing.etag, "Cache-Control": cache_control, "Vary": "Accept"}
    if (unchanged := not_modified(request, headers)) is not None:
        return unchanged
    # Who paints does not wait for thumbnails.
    body = await while_connected(request, drawn(services, picture, drawing, background=options.size is not None))
    return Response(body, headers=headers, media_type=MEDIA_TYPES[options.form])


async def drawn(services: Services, picture: Picture, drawing: Drawing, background: bool = False) -> bytes:
    """The bytes of the picture's image. background: whether the device draws it after everything else.

    Raises what drawing raises, and QueueFull.
    """
    body = services.cache.get((drawing.etag,))
    return body or await encoded(services, drawing, await services.engine.render(picture, background=background))


async def encoded(services: Services, drawing: Drawing, pixels: Pixels) -> bytes:
    """The bytes of the image, kept for those who ask next. pixels: the picture's, (H, W, 3)."""
    options = drawing.options

    def encode_them() -> bytes:
        if options.size is not None:
            # A thumbnail stands for the picture, it does not carry it.
            return encode(resize(pixels, options.size), options.form)
        return encode(pixels, options.form, drawing.document)

    return services.cache.put((drawing.etag,), await services.in_encoder(encode_them))
