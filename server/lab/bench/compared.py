"""OpenCV's inpainting of the mask that a stroke has: what people reach for who have no generator.

pip install 'unitbrush[compare]'
"""

from __future__ import annotations

import numpy as np

from server.lab.bench.timing import Work
from server.model.pixels import Pixels
from server.painting.mask import coverage
from server.painting.picture import Picture

RADIUS = 3  # pixels around each point that its colour is made of
MISSING = "OpenCV is not installed; `pip install 'unitbrush[compare]'` compares with its inpainting"


def inpainting(picture: Picture, pixels: Pixels) -> dict[str, Work]:
    """OpenCV's two ways to fill the mask of the picture's one edit, by name; none where it is not installed.

    pixels: the picture's, (R, R, 3).
    """
    try:
        import cv2
    except ImportError:
        return {}
    mask = (coverage(picture.edits[0].mask, *pixels.shape[:2]) > 0).astype(np.uint8) * 255  # type: ignore[arg-type] # (R, R)
    return {
        f"OpenCV {name}": lambda i, way=way: cv2.inpaint(pixels, mask, RADIUS, way)  # type: ignore[misc]
        for name, way in (("NS", cv2.INPAINT_NS), ("Telea", cv2.INPAINT_TELEA))
    }
