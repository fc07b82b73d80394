"""Where to paint: masks made from what a script has at hand.

    picture.draw("tree", rect=(0.1, 0.5, 0.4, 0.9))
    picture.draw("tree", strokes=[[(0.2, 0.7), (0.3, 0.72)]], radius=0.06)
    picture.draw("tree", png=array > 0.5)                    # (height, width), any size, laid over the picture
    picture.remove("door", region="door", at=(0.4, 0.6))     # what the segmenter sees there
    picture.draw("sky")                                      # everywhere

Lengths are fractions of the picture, x right and y down; radii are fractions of its width.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from server.painting.picture import Line, Mask, to_document

RADIUS = 0.05

Points = Iterable[Iterable[float]]  # x and y; an array of (N, 2) is that too
AnyLine = Line | Mapping[str, Any] | Points  # a stroke, one as in a document, or the points of one
Grey = NDArray[np.bool_] | NDArray[np.uint8] | NDArray[np.floating[Any]]  # (H, W)
Png = str | Path | bytes | Image.Image | Grey


class Where(TypedDict, total=False):
    """At most one of rect, strokes, png, region and mask; the whole picture without any.

    rect: x0, y0, x1, y1. strokes: lines of a round brush. png: a file's path, its bytes, an image, or an array of
    booleans, of bytes or of floats 0..1; coverage is alpha, or luminance where there is no alpha. region: a concept,
    what the segmenter sees as it. mask: as in a document.
    """

    rect: Iterable[float] | None
    strokes: Iterable[AnyLine] | None
    png: Png | None
    region: str | None
    mask: Mask | Mapping[str, Any]
    radius: float  # of strokes and erased lines that are bare points; RADIUS without it
    at: Iterable[float] | None  # x and y: only the connected region there, or the nearest
    erase: Iterable[AnyLine]  # taken away from a rect, a png or a region


_SHAPES = ("rect", "strokes", "png", "region", "mask")
_GOES_WITH = {"radius": ("rect", "strokes", "png", "region"), "at": ("region",), "erase": ("rect", "png", "region")}


def mask_of(where: Where) -> dict[str, Any] | None:
    """The mask as a document has it, not yet checked; None for the whole picture.

    Raises TypeError for names that do not go together, ValueError for an array that is no mask, OSError for a file.
    """
    given: dict[str, Any] = {name: value for name, value in where.items() if value is not None}
    if unknown := given.keys() - Where.__annotations__.keys():
        raise TypeError(f"there is no argument {min(unknown)!r}")
    shapes = [name for name in _SHAPES if name in given]
    if len(shapes) > 1:
        raise TypeError(f"{' and '.join(shapes)} are two masks; give each its own draw or remove")
    for name, owners in _GOES_WITH.items():
        if name in given and not set(shapes) & set(owners):
            raise TypeError(f"{name} goes with {', '.join(owners)}")
    if not shapes:
        return None
    mask = _shape(shapes[0], given)
    if "erase" in given:
        mask["erase"] = _lines(given["erase"], given)
    return mask


def _shape(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    value = given[name]
    if name == "rect":
        return {"rect": _floats(value)}
    if name == "strokes":
        return {"strokes": _lines(value, given)}
    if name == "png":
        return {"png": base64.b64encode(_png_file(value)).decode("ascii")}
    if name == "region":
        return {"concept": value, **({"at": _floats(given["at"])} if "at" in given else {})}
    return dict(value if isinstance(value, Mapping) else to_document(value))


def _lines(lines: Iterable[AnyLine], given: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [_line(line, given.get("radius", RADIUS)) for line in lines]


def _line(line: AnyLine, radius: float) -> dict[str, Any]:
    if isinstance(line, Line):
        return dict(to_document(line))
    if isinstance(line, Mapping):
        return dict(line)
    return {"points": [_floats(point) for point in line], "radius": radius}


def _floats(numbers: Any) -> list[float]:
    """Python's floats, of NumPy's or of integers."""
    return [float(number) for number in numbers]


def _png_file(png: Png) -> bytes:
    """The bytes of an image file; whether the server takes them is for its own rules."""
    if isinstance(png, bytes):
        return png
    if isinstance(png, str | Path):
        return Path(png).read_bytes()
    image = png if isinstance(png, Image.Image) else Image.fromarray(_grey(np.asarray(png)))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def _grey(array: NDArray[Any]) -> NDArray[np.uint8]:
    """array: (H, W), booleans, floats 0..1 or bytes 0..255. Returns bytes."""
    if array.ndim != 2 or array.size == 0:
        raise ValueError(f"a mask's array is (height, width), not {array.shape}")
    if array.dtype == np.uint8:
        return array
    if array.dtype != np.bool_ and not np.issubdtype(array.dtype, np.floating):
        raise ValueError(f"a mask's array has booleans, bytes, or floats 0..1, not {array.dtype}")
    if not (array.min() >= 0 and array.max() <= 1):
        raise ValueError("a mask's floats are 0..1")
    return np.rint(array * 255.0).astype(np.uint8)
