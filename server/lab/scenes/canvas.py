"""The canvas of a picture: planar colours, labels, and anti-aliased coverage from signed distances.

All lengths are fractions of the picture's side, x to the right and y down. A signed distance is negative
inside a shape. Colours are planar, (3, height, width), because numpy broadcasts over the last axis fastest.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Point = tuple[float, float]


@dataclass(frozen=True)
class Canvas:
    """A square picture of `size` pixels: `image` (3, size, size) in 0..1, `labels` (size, size)."""

    size: int
    image: Array
    labels: npt.NDArray[np.uint8]
    centres: Array


@dataclass(frozen=True)
class Patch:
    """A box of pixels: its slices, and the pixel centres x (1, width) and y (height, 1)."""

    rows: slice
    columns: slice
    x: Array
    y: Array


def blank(size: int) -> Canvas:
    """A black canvas of size x size pixels, labelled 0 all over."""
    centres = (np.arange(size, dtype=np.float32) + np.float32(0.5)) / np.float32(size)  # (size,)
    return Canvas(size, np.zeros((3, size, size), np.float32), np.zeros((size, size), np.uint8), centres)


def patch(canvas: Canvas, left: float, top: float, right: float, bottom: float) -> Patch | None:
    """The pixels that a shape within this box can touch; None where the box lies outside the picture."""
    size = canvas.size
    columns = slice(max(0, math.floor(left * size) - 1), min(size, math.ceil(right * size) + 1))
    rows = slice(max(0, math.floor(top * size) - 1), min(size, math.ceil(bottom * size) + 1))
    if columns.start >= columns.stop or rows.start >= rows.stop:
        return None
    return Patch(rows, columns, canvas.centres[None, columns], canvas.centres[rows, None])


def mix(a: Array, b: Array, t: Array | float) -> Array:
    """a where t is 0, b where t is 1."""
    result: Array = a + (b - a) * t
    return result


def clip(x: Array, low: float, high: float) -> Array:
    """x limited to `low`..`high`; on small arrays twice as fast as numpy.clip."""
    result: Array = np.minimum(np.maximum(x, np.float32(low)), np.float32(high))
    return result


def smoothstep(low: float, high: float, x: Array) -> Array:
    """0 below `low`, 1 above `high`, a smooth cubic between; falling instead where `low` is the larger."""
    t = clip((x - np.float32(low)) * np.float32(1 / (high - low)), 0, 1)
    result: Array = t * t * (3 - 2 * t)
    return result


def coverage(canvas: Canvas, distance: Array) -> Array:
    """The share of each pixel that lies inside, 0..1, from the signed distance of its centre."""
    return clip(np.float32(0.5) - distance * np.float32(canvas.size), 0, 1)


def paint(canvas: Canvas, where: Patch, alpha: Array, colour: Array, concept: int | None) -> None:
    """Lay `colour`, which broadcasts to (3, height, width), over the patch.

    `alpha` (height, width) is the opacity, 0..1. Pixels covered by more than half take the label `concept`;
    None leaves the labels alone.
    """
    pixels = canvas.image[:, where.rows, where.columns]  # (3, height, width)
    pixels += (colour - pixels) * alpha
    if concept is not None:
        canvas.labels[where.rows, where.columns][alpha > 0.5] = concept


def outline(canvas: Canvas, distance: Array, width: float, strength: float) -> Array:
    """A shade (height, width): 1 inside a shape, darker by `strength` within `width` of its edge."""
    result: Array = 1 - np.float32(strength) * (1 - coverage(canvas, distance + np.float32(width)))
    return result


def circle_distance(x: Array, y: Array, middle_x: float, middle_y: float, radius: float) -> Array:
    """Signed distance of points to a circle."""
    result: Array = np.hypot(x - np.float32(middle_x), y - np.float32(middle_y)) - np.float32(radius)
    return result


def polygon_distance(where: Patch, points: Sequence[Point]) -> Array:
    """Signed distance (height, width) to a convex polygon; exact inside and beside its edges."""
    sides = list(zip(points, [*points[1:], points[0]], strict=True))
    turn = 1.0 if sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in sides) > 0 else -1.0
    distances = []
    for (x0, y0), (x1, y1) in sides:
        length = math.hypot(x1 - x0, y1 - y0) + 1e-9
        across = np.float32(turn * (y1 - y0) / length)
        down = np.float32(-turn * (x1 - x0) / length)
        distances.append((where.x - np.float32(x0)) * across + (where.y - np.float32(y0)) * down)
    return reduce(np.maximum, distances)


def polygon_patch(canvas: Canvas, points: Sequence[Point]) -> Patch | None:
    """The patch around a polygon."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return patch(canvas, min(xs), min(ys), max(xs), max(ys))
