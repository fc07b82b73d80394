"""Coverage: how much of each cell of a grid a mask covers.

Every mask becomes the share of each cell's area inside it, so that an edit's edge is soft by exactly one cell and a
stroke smaller than a cell still paints, faintly.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import groupby, pairwise
from urllib.parse import unquote

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from server.errors import PictureError
from server.painting.picture import Area, Line, Mask, Png, Stroke, Strokes
from server.painting.png import SIGNATURE, bare, kind_of

MAX_PNG_SIDE = 2048
_ROWS = 2**18  # of samples that segments meet, about, at a time
_FINEST = 512  # samples along the picture's side
_DATA_URL = re.compile(r"data:[^,]*;\s*base64", re.IGNORECASE)  # up to its comma
_OF_URLS = str.maketrans("-_", "+/")  # the two letters in which their base64 differs
_TURN, _TURN_AREA = 2.0, 30.0  # segments of full height that cost as much as a turn, and as going over all samples

Array = NDArray[np.float32]
Floats = NDArray[np.float64]


def coverage(mask: Area, height: int, width: int, aspect: float = 1.0) -> Array:
    """Each cell's share inside the mask: (height, width), 0..1. None covers everything. Raises PictureError.

    aspect: of the picture, its width over its height, by which strokes stay round.
    """
    if mask is None:
        return np.ones((height, width), np.float32)
    if isinstance(mask, Strokes):
        return _lines_coverage(mask.strokes, height, width, aspect)
    if isinstance(mask, Png):
        return pool(decode_png(mask), height, width, mask.erase, aspect)
    fine = _parts(height, width) if mask.erase else 1  # to a cell's side
    x0, y0, x1, y1 = mask.rect
    down = _overlap(y0, y1, height * fine)  # (height * fine,)
    along = _overlap(x0, x1, width * fine)  # (width * fine,)
    whole = np.outer(down, along).astype(np.float32)  # (height * fine, width * fine)
    return pool(whole, height, width, mask.erase, aspect) if mask.erase else whole


def pool(raster: Array, height: int, width: int, erase: tuple[Line, ...] = (), aspect: float = 1.0) -> Array:
    """A raster's mean over each cell of a grid laid over it, pixels shared by area. raster: (H, W), 0..1.

    erase: lines whose area counts as 0, on a picture of that aspect, see `coverage`. The raster is cut at parts of a
    cell, so that a cell half full and half erased keeps only what was not.
    """
    if erase:
        fine = _parts(height, width)
        left = 1 - _lines_coverage(erase, height * fine, width * fine, aspect)  # (height * fine, width * fine)
        raster = pool(raster, height * fine, width * fine) * left
    rows = _area_weights(raster.shape[0], height)  # (height, H)
    columns = _area_weights(raster.shape[1], width)  # (width, W)
    pooled: Array = (rows @ raster @ columns.T).clip(0, 1)  # (height, width)
    return pooled


def decode_png(mask: Png) -> Array:
    """The mask's own pixels, (H, W), 0..1. Raises PictureError for one that is damaged or too large."""
    data = bare(_file(mask))
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            width, height = image.size
            if max(width, height) <= MAX_PNG_SIDE:  # a larger one is never decoded
                image.load()
                return _plane(image, depth=data[24])
    except Exception as error:  # a damaged file can make Pillow raise nearly anything
        raise PictureError("the mask's png is damaged or no PNG at all") from error
    raise PictureError(f"the mask's png is {width}x{height}, more than {MAX_PNG_SIDE}x{MAX_PNG_SIDE}")


def _file(mask: Png) -> bytes:
    """The mask's file: base64, with line breaks, without its end's "=", in the letters of URLs; or as a `data:` URL.
    Raises PictureError."""
    text, comma, rest = mask.png.removeprefix("\ufeff").partition(",")
    if comma:
        if not _DATA_URL.fullmatch(text.strip()):
            raise PictureError("the mask's png is not base64, nor a data: URL of it")
        text = unquote(rest)
    text = "".join(text.split()).translate(_OF_URLS).rstrip("=")
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError as error:
        raise PictureError("the mask's png is not base64, nor a data: URL of it") from error
    if not raw.startswith(SIGNATURE):
        raise PictureError(f"the mask's png is {kind_of(raw)}; masks are PNG")
    return raw


def _plane(image: Image.Image, depth: int) -> Array:
    """Coverage: the alpha, unless it is opaque everywhere or there is none; then the luminance. Turned as EXIF says.

    depth: bits of a sample in the file.
    """
    with suppress(Exception):  # nobody can tell what a damaged EXIF says
        image = ImageOps.exif_transpose(image)
    if image.has_transparency_data:
        alpha = _alpha(image, depth)
        if alpha.min() < 1:
            return alpha
    if image.mode.startswith("I"):
        return np.asarray(image, np.float32) / np.float32(65535)
    if image.mode == "P":  # Pillow warns where a palette with transparency becomes grey at once
        image = image.convert("RGBA")
    return np.asarray(image.convert("L"), np.float32) / np.float32(255)


def _alpha(image: Image.Image, depth: int) -> Array:
    """The alpha, (H, W), 0..1. A grey or a colour that the file calls transparent is compared as the file has it."""
    key = image.info.get("transparency")
    if key is None or isinstance(key, bytes) or image.mode in ("P", "1"):
        return np.asarray(image.convert("RGBA").getchannel("A"), np.float32) / np.float32(255)
    samples, transparent = np.asarray(image), np.asarray(key)  # (H, W) or (H, W, 3), () or (3,)
    if image.mode == "L":  # samples of fewer bits are spread over 0..255
        transparent = transparent * (255 // (2 ** min(depth, 8) - 1))
    elif image.mode == "RGB" and depth == 16:  # of which only the upper halves are kept
        transparent = transparent >> 8
    differs = samples != transparent  # (H, W) or (H, W, 3)
    alpha: Array = (differs.any(2) if differs.ndim == 3 else differs).astype(np.float32)
    return alpha


def _overlap(low: float, high: float, cells: int) -> Floats:
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


def _lines_coverage(lines: Sequence[Line], height: int, width: int, aspect: float) -> Array:
    """What strokes and lines cover, in their order; those that erase uncover it again."""
    inside = samples(height, width)
    for erases, group in groupby(lines, _erases):
        rasterise(segments_of(list(group), aspect), inside, not erases, aspect)
    return sampled(inside, height, width)


def samples(height: int, width: int) -> NDArray[np.bool_]:
    """Where strokes are drawn, some samples along the side of each cell: all outside."""
    fine = max(4, min(16, 512 // max(height, width)))
    return np.zeros((height * fine, width * fine), np.bool_)


def sampled(inside: NDArray[np.bool_], height: int, width: int) -> Array:
    """The share of each cell's samples that are inside, (height, width)."""
    fine = len(inside) // height
    share: Array = inside.reshape(height, fine, width, fine).mean((1, 3), dtype=np.float32)
    return share


def _erases(line: Line) -> bool:
    return isinstance(line, Stroke) and line.erase


def segments_of(lines: Sequence[Line], aspect: float = 1.0) -> Floats:
    """Each segment's ends and radius in widths of the picture, a dot's ends the same: (S, 5) of ax, ay, bx, by, r."""
    ends = [
        (*a, *b, line.radius)
        for line in lines
        for a, b in (pairwise(line.points) if len(line.points) > 1 else [(line.points[0], line.points[0])])
    ]
    return np.asarray(ends, np.float64) / (1, aspect, 1, aspect, 1)


def _span(segments: Floats, axis: int, cells: float, most: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The first sample that each segment may reach along an axis (0 across, 1 down), and the first behind it: (S,).

    cells: samples in a width of the picture, along that axis. most: samples of the picture.
    """
    a, b, r = segments[:, axis], segments[:, axis + 2], segments[:, 4]  # (S,)
    low = np.floor((np.minimum(a, b) - r) * cells).astype(np.int64).clip(0, most)
    high = (np.ceil((np.maximum(a, b) + r) * cells).astype(np.int64) + 1).clip(0, most)
    return low, high


def drawing_work(mask: Mask) -> float:
    """How much work a mask's strokes are, about, as segments that each reach over the whole height of the picture.

    Lines that draw and erase by turns are drawn one after another, each time at the cost of several segments for the
    area that they lie in.
    """
    lines = mask.strokes if isinstance(mask, Strokes) else () if mask is None else mask.erase
    work = 0.0
    for _, group in groupby(lines, _erases):
        segments = segments_of(list(group))
        (left, right), (top, bottom) = (_span(segments, axis, _FINEST, _FINEST) for axis in (0, 1))
        work += float((bottom - top).sum()) / _FINEST
        area = float((right.max() - left.min()) * (bottom.max() - top.min())) / _FINEST**2
        work += _TURN + _TURN_AREA * area
    return work


def rasterise(segments: Floats, inside: NDArray[np.bool_], value: bool, aspect: float) -> None:
    """Set the samples to `value` whose centre lies within the radius of one of the segments, (S, 5), on a picture of
    that aspect.

    A capsule is convex, so a row of samples meets it in one interval. The ends of all intervals are counted
    into one array, whose running sum along a row is positive just where some capsule covers.
    """
    rows, columns = inside.shape
    dense = rows * aspect  # rows in a width
    (first, last), (west, east) = _span(segments, 1, dense, rows), _span(segments, 0, columns, columns)  # (S,) each
    visible = (first < last) & (west < east)
    if not visible.any():
        return
    segments, first, last = segments[visible], first[visible], last[visible]
    top, bottom, left, right = first.min(), last.max(), west[visible].min(), east[visible].max()
    ends = np.zeros((bottom - top, right - left + 1), np.int32)
    for part in _by_reach(last - first):
        row = first[part, None] + np.arange((last - first)[part].max())  # (S, reach)
        ax, ay, bx, by, r = segments[part].T[:, :, None]  # (S, 1) each
        low, high = _capsule_interval(ax, ay, bx, by, r, (row + 0.5) / dense)
        start = np.ceil(np.clip(low, -1, 2) * columns - 0.5).astype(np.int64).clip(left, right) - left
        stop = np.floor(np.clip(high, -1, 2) * columns + 0.5).astype(np.int64).clip(left, right) - left
        use = (row < last[part, None]) & (start < stop)  # (S, reach)
        np.add.at(ends, (row[use] - top, start[use]), 1)
        np.add.at(ends, (row[use] - top, stop[use]), -1)
    inside[top:bottom, left:right][np.cumsum(ends[:, :-1], axis=1) > 0] = value


def _by_reach(reach: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """The numbers of segments in parts, those of about as many rows together, of at most _ROWS rows in all."""
    order = np.argsort(reach, kind="stable")
    start = 0
    while start < len(order):
        stop = min(len(order), start + max(1, int(_ROWS // reach[order[start]])))
        while stop > start + 1 and reach[order[stop - 1]] > 2 * reach[order[start]]:
            stop = start + (stop - start) // 2
        yield order[start:stop]
        start = stop


def _capsule_interval(ax: Floats, ay: Floats, bx: Floats, by: Floats, r: Floats, y: Floats) -> tuple[Floats, Floats]:
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


def _solve(slope: Floats, offset: Floats, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """The interval of t with low <= slope t + offset <= high; everything or nothing where the slope is 0."""
    t0, t1 = (low - offset) / slope, (high - offset) / slope
    flat, holds = slope == 0, (low <= offset) & (offset <= high)
    everything = np.where(holds, np.inf, -np.inf)
    return np.where(flat, -everything, np.minimum(t0, t1)), np.where(flat, everything, np.maximum(t0, t1))
