"""OpenCV's inpainting of the mask that a stroke has: what people reach for who have no generator.

pip install 'unitbrush[compare]'
"""

from __future__ import annotations

from server.inpainting.ways import NAVIER_STOKES, TELEA, inpaintings
from server.lab.bench.timing import Work
from server.model.pixels import Pixels
from server.painting.mask import coverage
from server.painting.picture import Picture

MISSING = "OpenCV is not installed; `pip install 'unitbrush[compare]'` compares with its inpainting"


def inpainting(picture: Picture, pixels: Pixels) -> dict[str, Work]:
    """OpenCV's two ways to fill the mask of the picture's one edit, by name; none where it is not installed.

    pixels: the picture's, (H, W, 3).
    """
    height, width, _ = pixels.shape
    mask = coverage(picture.edits[0].mask, height, width, width / height) > 0  # type: ignore[arg-type]  # (H, W)
    try:
        ways = inpaintings(pixels, mask)
    except ImportError:
        return {}
    return {
        "OpenCV NS": lambda i: ways[NAVIER_STOKES](),
        "OpenCV Telea": lambda i: ways[TELEA](),
    }
