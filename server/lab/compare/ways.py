"""The ways to remove what a mask covers: by the units that make it, and by inpainting."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from typing import cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from server.errors import UsageError
from server.lab.compare.patchmatch import patchmatch
from server.model.pixels import Pixels
from server.painting.painter import Painter
from server.painting.picture import Edit, Picture, Png

RADIUS = 3.0  # pixels around a missing one that OpenCV's inpaintings look at
BRUSH, NAVIER_STOKES, TELEA, PATCHMATCH = "brush", "Navier-Stokes", "Telea", "PatchMatch"

Mask = NDArray[np.bool_]  # (R, R)
Way = Callable[[], Pixels]


def check_opencv() -> None:
    """Raises UsageError where OpenCV is not installed."""
    if find_spec("cv2") is None:
        raise UsageError("comparing needs OpenCV: pip install 'unitbrush[compare]'")


def ways_to_remove(painter: Painter, picture: Picture, concept: str, mask: Mask) -> dict[str, Way]:
    """Each by its name; a call removes once. Those that inpaint begin with the finished picture."""
    pixels = painter.render(picture)  # (R, R, 3)
    edit = Edit("remove", concept, as_png(mask))
    removed = replace(picture, edits=(*picture.edits, edit))
    return {
        BRUSH: lambda: painter.render(removed),
        **inpaintings(pixels, mask),
        PATCHMATCH: lambda: patchmatch(pixels, mask),
    }


def inpaintings(pixels: Pixels, mask: Mask) -> dict[str, Way]:
    """OpenCV's two ways to fill a mask, by name. pixels: (R, R, 3). Raises ImportError where it is not installed."""
    import cv2

    hole = mask.astype(np.uint8) * 255  # (R, R)
    return {
        NAVIER_STOKES: lambda: cast(Pixels, cv2.inpaint(pixels, hole, RADIUS, cv2.INPAINT_NS)),
        TELEA: lambda: cast(Pixels, cv2.inpaint(pixels, hole, RADIUS, cv2.INPAINT_TELEA)),
    }


def as_png(mask: Mask) -> Png:
    """A mask as a document has it."""
    file = io.BytesIO()
    Image.fromarray(mask).convert("L").save(file, "PNG")
    return Png(base64.b64encode(file.getvalue()).decode("ascii"))
