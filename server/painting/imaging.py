"""Pixels to image files, thumbnails, and the picture document inside a PNG."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Literal

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from server.errors import PictureError
from server.painting.png import text

if TYPE_CHECKING:
    from server.model.pixels import Pixels  # which needs torch; reading files does not

Format = Literal["png", "jpeg", "webp"]
MEDIA_TYPES: dict[Format, str] = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}
TEXT_KEY = "unitbrush"
JPEG_QUALITY = 90
MAX_TEXT = 8 * 2**20


def encode(pixels: Pixels, form: Format = "png", document: str | None = None) -> bytes:
    """An image file. pixels: (H, W, 3), or (H, W) of grey.

    PNG and WebP are lossless, JPEG has quality 90 and whole colour resolution. document: a picture's JSON,
    written into a PNG as its text chunk `unitbrush`, left out of the others.
    """
    image = Image.fromarray(pixels)
    out = io.BytesIO()
    if form == "png":
        info = PngInfo()
        if document is not None:
            info.add_itxt(TEXT_KEY, document)
        image.save(out, "PNG", compress_level=1, pnginfo=info)
    elif form == "jpeg":
        image.save(out, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    else:
        image.save(out, "WEBP", lossless=True, method=0)
    return out.getvalue()


def resize(pixels: Pixels, size: int) -> Pixels:
    """The picture with its longer side `size` pixels long, filtered. pixels: (H, W, 3)."""
    height, width = pixels.shape[:2]
    if size == max(height, width):
        return pixels
    scale = size / max(height, width)
    target = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(Image.fromarray(pixels).resize(target, Image.Resampling.LANCZOS, reducing_gap=3.0))


def read_document(data: bytes) -> str:
    """The picture document inside a PNG that `encode` wrote, not yet validated. Raises PictureError."""
    document = text(data, TEXT_KEY, MAX_TEXT)
    if document is None:
        raise PictureError(f"the PNG has no text {TEXT_KEY!r}: it was not painted here, or was saved again elsewhere")
    return document
