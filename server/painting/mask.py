"""Coverage: how much of each cell of a grid a mask covers.

Every mask becomes the share of each cell's area inside it, so that an edit's edge is soft by exactly one cell and a
stroke smaller than a cell still paints, faintly.
"""

from __future__ import annotations

import base64
import binascii
import io
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from server.errors import PictureError
from server.painting.imaging import DAMAGED
from server.painting.picture import Area, Line, Png, Stroke, Strokes

MAX_PNG_SIDE = 2048

Array = NDArray[np.float32]


def coverage(mask: Area, height: int, width: int) -> Array:
    """Each cell's share inside the mask: (height, width), 0..1. None covers everything. Raises PictureError."""
    if mask is None:
        return np.ones((height, width), np.float32)
    if isinstance(mask, Strokes):
        return _lines_coverage(mask.strokes, height, width)
    if isinstance(mask, Png):
        return pool(decode_png(mask), height, width, mask.erase)
    fine = _parts(height, width) if mask.erase else 1  # to a cell's side
    x0, y0, x1, y1 = mask.rect
    down = _overlap(y0, y1, height * fine)  # (height * fine,)
    along = _overlap(x0, x1, width * fine)  # (width * fine,)
    whole = np.outer(down, along).astype(np.float32)  # (height * fine, width * fine)
    return pool(whole, height, width, mask.erase) if mask.erase else whole


def pool(raster: Array, height: int, width: int, erase: tuple[Line, ...] = ()) -> Array:
    """A raster's mean over each cell of a grid laid over it, pixels shared by area. raster: (H, W), 0..1.

    erase: lines whose area counts as 0. The raster is cut at parts of a cell, so that a cell half full and half
    erased keeps only what was not.
    """
    if erase:
        fine = _parts(height, width)
        left = 1 - _lines_coverage(erase, height * fine, width * fine)  # (height * fine, width * fine)
        raster = pool(raster, height * fine, width * fine) * left
    rows = _area_weights(raster.shape[0], height)  # (height, H)
    columns = _area_weights(raster.shape[1], width)  # (width, W)
    pooled: Array = (rows @ raster @ columns.T).clip(0, 1)  # (height, width)
    return pooled


def png_pixels(mask: Png) -> int:
    """How many pixels the mask's own header promises, nothing decoded. Raises PictureError."""
    with _open_png(mask) as image:
        return image.width * image.height


def decode_png(mask: Png) -> Array:
    """The mask's own pixels, 0..1, at its own size. Raises PictureError for one that is damaged or too large."""
    with _open_png(mask) as image:
        image.load()
        return _plane(image)


@contextmanager
def _open_png(mask: Png) -> Iterator[Image.Image]:
    """The image with its header read and its size checked, so that a decompression bomb never opens."""
    try:
        raw = base64.b64decode(mask.png, validate=True)
    except (binascii.Error, ValueError) as error:
        raise PictureError("the mask's png is not base64") from error
    try:
        with Image.open(io.BytesIO(raw), formats=["PNG"]) as image:
            if max(image.size) > MAX_PNG_SIDE:
                raise PictureError(
                    f"the mask's png is {image.width}x{image.height}, more than {MAX_PNG_SIDE}x{MAX_PNG_SIDE}"
                )
            yield image
    except PictureError:
        raise
    except DAMAGED as error:
        raise PictureError("the mask's png is damaged or no PNG at all") from error


def _plane(image: Image.Image) -> Array:
    if image.has_transparency_data:
        return np.asarray(image.convert("RGBA").getchannel("A"), np.float32) / np.float32(255)
    if image.mode.startswith("I"):
        return np.asarray(image, np.float32) / np.float32(65535)
    return np.asarray(image.convert("L"), np.float32) / np.float32(255)


def _overlap(low: float, high: float, cells: int) -> NDArray[np.float64]:
    """How much of each of `cells` equal cells of 0..1 the interval low..high covers: (cells,), 0..1."""
    edges = np.arange(cells + 1) / cells  # (cells + 1,)
    return (np.minimum(high, edges[1:]) - np.maximum(low, edges[:-1])).clip(0) * cells


def _area_weights(source: int, cells: int) -> Array:
    """The share of each source pixel in each cell, rows summing to 1: (cells, source)."""
    low = np.arange(cells)[:, None] / cells  # (cells, 1)
    edges = np.arange(source + 1) / source  # (source + 1,)
    shared = np.minimum(low + 1 / cells, edges[1:]) - np.maximum(low, edges[:-1])  # (cells, source)
    return (shared.clip(0) * cells).astype(np.float32)


def _parts(height: int, width: int) -> int:
    """Parts of a cell's side that an erased mask is cut at: of 1/128 of the picture, or of 1/256 on finer grids."""
    return max(2, 128 // max(height, width))


def _lines_coverage(lines: Sequence[Line], height: int, width: int) -> Array:
    """What strokes and lines cover, in their order; those that erase uncover it again."""
    fine = max(4, min(16, 512 // max(height, width)))  # samples along a cell's side
    inside = np.zeros((height * fine, width * fine), np.bool_)  # one sample each
    for line in lines:
        _rasterise(line, inside)
    share: Array = inside.reshape(height, fine, width, fine).mean((1, 3), dtype=np.float32)  # (height, width)
    return share


def _rasterise(line: Line, inside: NDArray[np.bool_]) -> None:
    """Set (or clear) the samples whose centre lies within the radius of the polyline.

    A capsule is convex, so a row of samples meets it in one interval. The ends of all intervals are counted
    into one array, whose running sum along a row is positive just where some capsule covers.
    """
    rows, columns = inside.shape
    points = np.asarray(line.points, np.float64)  # (P, 2)
    ax, ay = points[:-1].T if len(points) > 1 else points.T  # (S,)
    bx, by = points[1:].T if len(points) > 1 else points.T  # (S,)
    r = line.radius
    top = max(0, math.floor((points[:, 1].min() - r) * rows))
    bottom = min(rows, math.ceil((points[:, 1].max() + r) * rows) + 1)
    left = max(0, math.floor((points[:, 0].min() - r) * columns))
    right = min(columns, math.ceil((points[:, 0].max() + r) * columns) + 1)
    if top >= bottom or left >= right:
        return
    # Only the rows a segment can reach: as many for each as the tallest needs.
    first = np.floor((np.minimum(ay, by) - r) * rows).astype(np.int64)  # (S,)
    reach = int(np.ceil((np.abs(ay - by).max() + 2 * r) * rows)) + 2
    ends = np.zeros((bottom - top, right - left + 1), np.int32)
    step = max(1, 2**18 // reach)  # segments at a time, to bound the memory
    for s in range(0, len(ax), step):
        part = slice(s, s + step)
        row = first[part, None] + np.arange(reach)  # (S, reach)
        y = (row + 0.5) / rows
        low, high = _capsule_interval(ax[part, None], ay[part, None], bx[part, None], by[part, None], r, y)
        start = np.ceil(np.clip(low, -1, 2) * columns - 0.5).astype(np.int64).clip(left, right) - left
        stop = np.floor(np.clip(high, -1, 2) * columns + 0.5).astype(np.int64).clip(left, right) - left
        use = (row >= top) & (row < bottom) & (start < stop)  # (S, reach)
        np.add.at(ends, (row[use] - top, start[use]), 1)
        np.add.at(ends, (row[use] - top, stop[use]), -1)
    inside[top:bottom, left:right][np.cumsum(ends[:, :-1], axis=1) > 0] = not (isinstance(line, Stroke) and line.erase)


def _capsule_interval(
    ax: NDArray[np.float64],
    ay: NDArray[np.float64],
    bx: NDArray[np.float64],
    by: NDArray[np.float64],
    r: float,
    y: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where horizontal lines meet capsules around the segments a-b: (low, high), low > high for nowhere.

    The capsule is two discs and the rectangle between them; being convex, its interval is the hull of theirs.
    """
    low = np.full(y.shape, np.inf)
    high = np.full(y.shape, -np.inf)
    for cx, cy in ((ax, ay), (bx, by)):
        half = np.sqrt(np.maximum(r * r - (y - cy) ** 2, 0))
        hit = np.abs(y - cy) <= r
        low = np.where(hit, np.minimum(low, cx - half), low)
        high = np.where(hit, np.maximum(high, cx + half), high)
    dx, dy = bx - ax, by - ay
    length = np.hypot(dx, dy)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        # Along the segment: 0 <= (x - ax) dx + (y - ay) dy <= length^2. Across it: |(y - ay) dx - (x - ax)
        # dy| <= r length.
        along0, along1 = _solve(dx, (y - ay) * dy, np.zeros_like(length), length * length)
        across0, across1 = _solve(-dy, (y - ay) * dx, -r * length, r * length)
    body0 = ax + np.maximum(along0, across0)
    body1 = ax + np.minimum(along1, across1)
    hit = (length > 0) & (body0 <= body1)
    return np.where(hit, np.minimum(low, body0), low), np.where(hit, np.maximum(high, body1), high)


def _solve(
    slope: NDArray[np.float64],
    offset: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The interval of t with low <= slope t + offset <= high; everything or nothing where the slope is 0."""
    t0, t1 = (low - offset) / slope, (high - offset) / slope
    flat, holds = slope == 0, (low <= offset) & (offset <= high)
    everything = np.where(holds, np.inf, -np.inf)
    return np.where(flat, -everything, np.minimum(t0, t1)), np.where(flat, everything, np.maximum(t0, t1))
