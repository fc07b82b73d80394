"""A picture of one's own: an image file, whatever it is, as pixels of a model's shape."""

from __future__ import annotations

import numpy as np
from PIL import Image

from server.model.pixels import Pixels
from server.styles.images import read_image

SIDE = 512  # pixels of the longer side of what is used, at most
READ_SIDE = 1024  # pixels of the longer side that are decoded, at most
LEAST_SIDE = 8  # pixels: of less there is nothing to see
MOST_PIXELS = 2**27  # of a JPEG, as cameras and phones make them


def read_own(data: bytes, aspect: float = 1.0) -> Pixels:
    """The middle of the image in a PNG, JPEG, WebP or GIF, the largest part of that aspect, (H, W, 3), its longer side
    at most SIDE. aspect: width over height. Raises BadImage.

    It is turned as its EXIF says, laid over white where it is transparent, converted from CMYK; of one that moves the
    first image counts.
    """
    pixels = read_image(data, READ_SIDE, "a picture of one's own", LEAST_SIDE, MOST_PIXELS)  # (H, W, 3)
    height = min(pixels.shape[0], pixels.shape[1] / aspect)
    scale = min(1.0, SIDE / max(height, height * aspect))
    return fit(pixels, (max(1, round(scale * height)), max(1, round(scale * height * aspect))))


def fit(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """The largest part in the middle that has the shape of `size`, height and width, made as large, (*size, 3).
    pixels: (H, W, 3)."""
    (height, width), (to_height, to_width) = pixels.shape[:2], size
    cut_height = max(1, min(height, round(width * to_height / to_width)))
    cut_width = max(1, min(width, round(height * to_width / to_height)))
    left, top = (width - cut_width) // 2, (height - cut_height) // 2
    cut = np.ascontiguousarray(pixels[top : top + cut_height, left : left + cut_width])
    return np.asarray(Image.fromarray(cut).resize((to_width, to_height), Image.Resampling.LANCZOS))
