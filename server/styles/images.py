"""An image file that somebody sent, as pixels: whatever it is, memory stays bounded and an error says what is wrong."""

from __future__ import annotations

import io
import warnings

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.ImageFile import ImageFile

from server.errors import UnitbrushError
from server.model.pixels import Pixels
from server.painting.png import SIGNATURE, bare, kind_of

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
MOST_PIXELS = 2**24  # that are decoded
LEAST_SIDE = 16
DEEP = ("I", "I;16", "I;16L", "I;16B", "F")  # modes of one grey channel with more than 8 bits


class BadImage(UnitbrushError, ValueError, status=422, slug="bad-image", title="The image cannot be used"):
    """A file is no image, or none that can be a style: too large, too small, damaged."""


def read_image(
    data: bytes, side: int, what: str = "a style image", least: int = LEAST_SIDE, reduced: int = MOST_PIXELS
) -> Pixels:
    """The image in a PNG, JPEG, WebP or GIF, its longer side `side` at most: (H, W, 3).

    what: it is to be, for who reads the error. least: pixels of its shorter side. reduced: pixels of a JPEG that is
    decoded at a fraction of its size, row by row. It is turned as its EXIF says, laid over white where it is
    transparent, and converted from CMYK; of one that moves the first image counts. Raises BadImage.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Pillow's own bound, which is above ours
            file = Image.open(io.BytesIO(bare(data) if data.startswith(SIGNATURE) else data), formats=FORMATS)
            _check_size(file, side, what, least, reduced)
            file.draft("RGB", (side, side))  # a JPEG is decoded no larger than is needed
            file.load()
            image = ImageOps.exif_transpose(file)
            image.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=3.0)
            return np.asarray(_rgb(image))
    except BadImage:
        raise
    except Image.DecompressionBombError as error:
        raise BadImage(f"the image has many more pixels than the {MOST_PIXELS // 10**6} million taken") from error
    except UnidentifiedImageError as error:
        raise BadImage(f"the file is {kind_of(data)}; {what} is a PNG, JPEG, WebP or GIF") from error
    except Exception as error:  # a damaged file can make Pillow raise nearly anything
        raise BadImage(f"the image is damaged: {error}") from error


def _check_size(file: ImageFile, side: int, what: str, least: int, reduced: int) -> None:
    width, height = file.size
    # A progressive JPEG is held whole while it is decoded, however small it comes out.
    by_rows = file.format == "JPEG" and not file.info.get("progressive")
    most = reduced if by_rows and max(width, height) >= 2 * side else MOST_PIXELS
    if width * height > most:
        raise BadImage(
            f"the image has {width}x{height} pixels, {width * height / 1e6:.0f} million; up to {most // 10**6} million"
            f" are taken, and no more than {side} pixels a side are used"
        )
    if min(width, height) < least:
        raise BadImage(f"the image has {width}x{height} pixels; {what} needs {least} a side at least")


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode in DEEP:
        grey = np.asarray(image, np.float64)  # (H, W), 0..65535
        return Image.fromarray((grey / 257).clip(0, 255).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        over = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", over.size, "white"), over).convert("RGB")
    return image.convert("RGB")
