"""The ways to remove what a mask covers: by the units that make it, and by inpainting; one run of each, timed."""

from __future__ import annotations

import base64
import io
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from server.errors import UnitbrushError
from server.inpainting.patchmatch import Filling, check_hole, patchmatch
from server.model.inpainter import Inpainter, inpainted
from server.model.pixels import Pixels
from server.painting.imaging import resize
from server.painting.picture import Edit, Picture, Png

RADIUS = 3.0  # pixels around a missing one that OpenCV's inpaintings look at
BRUSH, NAVIER_STOKES, TELEA, PATCHMATCH = "brush", "Navier-Stokes", "Telea", "PatchMatch"

ATTENTION = "Contextual Attention"  # by the model's inpainter

WAYS = (BRUSH, NAVIER_STOKES, TELEA, PATCHMATCH, ATTENTION)

Mask = NDArray[np.bool_]  # (H, W)
Way = Callable[[], Filling]


class Renders(Protocol):
    """A `Painter`, or what has painters elsewhere."""

    def render(self, picture: Picture) -> Pixels: ...


class NoInpainting(UnitbrushError, status=409, slug="no-inpainting", title="Inpainting is not installed here"):
    """A package that comparing needs is not installed; the detail says how to."""


@dataclass(frozen=True)
class Removal:
    """The picture without what the mask covered: (H, W, 3). ms: how long that took."""

    way: str
    pixels: Pixels
    ms: float


def check_opencv() -> None:
    """Raises NoInpainting where OpenCV is not installed."""
    if find_spec("cv2") is None:
        raise NoInpainting("comparing needs OpenCV: pip install 'unitbrush[compare]'")


def ways_with(inpainter: Inpainter | None) -> tuple[str, ...]:
    """The names of the ways there are; ATTENTION where there is an inpainter."""
    return tuple(way for way in WAYS if way != ATTENTION or inpainter is not None)


def ways_to_remove(
    painter: Renders, picture: Picture, edit: Edit, mask: Mask, inpainter: Inpainter | None
) -> dict[str, Way]:
    """Each by its name; a call removes once, in steps. edit: what the brush does. mask: where the others fill, of the
    size of the result. Those begin with the finished picture. inpainter: the model's, None where it has none.

    Raises PictureError where the mask leaves nothing to fill it from.
    """
    check_hole(mask)
    side = max(mask.shape)
    pixels = resize(painter.render(picture), side)  # (H, W, 3)
    removed = replace(picture, edits=(*picture.edits, edit))
    fills = {name: _at_once(fill) for name, fill in inpaintings(pixels, mask).items()}
    if inpainter is not None:
        fills[ATTENTION] = _at_once(lambda: inpainted(inpainter, pixels, mask))
    ways = {
        BRUSH: _at_once(lambda: resize(painter.render(removed), side)),
        PATCHMATCH: lambda: patchmatch(pixels, mask),
        **fills,
    }
    return {name: ways[name] for name in ways_with(inpainter)}


def removals(
    painter: Renders, picture: Picture, edit: Edit, mask: Mask, inpainter: Inpainter | None
) -> Generator[Removal | None, None, None]:
    """One way after the other, None between the steps of each. As `ways_to_remove`."""
    for name, way in ways_to_remove(painter, picture, edit, mask, inpainter).items():
        filling, seconds, pixels = way(), 0.0, None
        while pixels is None:
            begin = time.perf_counter()
            try:
                next(filling)
            except StopIteration as end:
                pixels = end.value
            seconds += time.perf_counter() - begin
            yield None if pixels is None else Removal(name, pixels, seconds * 1e3)


def inpaintings(pixels: Pixels, mask: Mask) -> dict[str, Callable[[], Pixels]]:
    """OpenCV's two ways to fill a mask, by name. pixels: (H, W, 3). Raises ImportError where it is not installed."""
    import cv2

    hole = mask.astype(np.uint8) * 255  # (H, W)
    return {
        NAVIER_STOKES: lambda: cast(Pixels, cv2.inpaint(pixels, hole, RADIUS, cv2.INPAINT_NS)),
        TELEA: lambda: cast(Pixels, cv2.inpaint(pixels, hole, RADIUS, cv2.INPAINT_TELEA)),
    }


def as_png(mask: Mask) -> Png:
    """A mask as a document has it."""
    file = io.BytesIO()
    Image.fromarray(mask).convert("L").save(file, "PNG")
    return Png(base64.b64encode(file.getvalue()).decode("ascii"))


def _at_once(work: Callable[[], Pixels]) -> Way:
    """Work that is short as the only step of a way."""

    def filling() -> Filling:
        return work()
        yield

    return filling
