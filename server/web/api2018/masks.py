"""Masks of the 2018 API: their pixels, and the cells of a layer that they stand for.

A cell takes the greatest or the mean of the pixels in its window, which reaches from the first pixel that touches the
cell to the last: windows overlap where the mask's sides are no multiple of the layer's, as in PyTorch's adaptive
pooling, which that server used.
"""

import base64
import io
import re
from collections.abc import Iterable, Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from server.errors import PictureError
from server.painting.picture import Png
from server.painting.png import bare
from server.web.api2018.questions import MAX_SIDE, BitMask

DEFAULT_SHAPE = (256, 256)
MAX_PIXELS = 2**25  # of all masks of a body

Pooling = Literal["max", "mean"]
Bits = NDArray[np.bool_]
Cells = NDArray[np.float32]

_PNG = re.compile("(?:data:)?image/png;base64,")


def read_masks(masks: Iterable[tuple[str, BitMask | None]]) -> list[Bits | None]:
    """The pixels of every mask of a body, each with its pointer, (H, W); None where there is no mask.

    Raises PictureError, with the pointer, for one that is not valid and where all are too much.
    """
    read: list[Bits | None] = []
    pixels = 0
    for pointer, mask in masks:
        if mask is None or not mask.model_fields_set:
            read.append(None)
            continue
        try:
            bits = _read(mask, MAX_PIXELS - pixels)
        except PictureError as error:
            raise PictureError(error.detail, pointer) from error
        pixels += bits.size
        read.append(bits)
    return read


def pooled(bits: Bits | None, height: int, width: int, pooling: Pooling) -> Cells:
    """How much of each cell of a grid the mask covers: (height, width), 0..1. bits: (H, W), None for everything."""
    if bits is None:
        return np.ones((height, width), np.float32)
    reduce = np.max if pooling == "max" else np.mean
    raster = bits.astype(np.float32)  # (H, W)
    rows = np.stack([reduce(raster[window], axis=0) for window in _windows(len(raster), height)])  # (height, W)
    cells: Cells = np.stack([reduce(rows[:, window], axis=1) for window in _windows(rows.shape[1], width)], 1)
    return cells  # (height, width)


def area(bits: Bits | None, height: int, width: int, pooling: Pooling) -> Png | None:
    """The mask of an edit that covers the cells of a grid as much as `pooled` says. bits: (H, W), None for
    everything."""
    if bits is None:
        return None
    rows, columns = bits.shape
    if pooling == "mean" and _divides(rows, height) and _divides(columns, width):
        return _png(bits)  # windows do not overlap: what an edit makes of the pixels is their mean, to the last bit
    cells = pooled(bits, height, width, pooling)  # (height, width)
    return _png(cells > 0 if pooling == "max" else np.rint(cells * 65535).astype(np.uint16))


def _read(mask: BitMask, most: int) -> Bits:
    """The mask's pixels, (H, W), at most so many. Raises PictureError."""
    if mask.bitstring is None:
        raise PictureError("a mask has a bitstring: ones and zeros, or a PNG as a data: URL")
    start = _PNG.match(mask.bitstring)
    png = None if start is None else _decode(mask.bitstring[start.end() :])  # (h, w)
    height, width = _numbers(mask.shape, 2, "shape") or (DEFAULT_SHAPE if png is None else png.shape)
    if height * width > most:
        raise PictureError(f"the masks up to this one have more than {MAX_PIXELS} pixels")
    y0, x0, y1, x1 = _numbers(mask.bitbounds, 4, "bitbounds") or (0, 0, height, width)
    if not (y0 < y1 <= height and x0 < x1 <= width):
        raise PictureError(f"bitbounds are [y0, x0, y1, x1] with y0 < y1 <= {height} and x0 < x1 <= {width}")
    bits = np.zeros((height, width), np.bool_)
    bits[y0:y1, x0:x1] = _bits(mask.bitstring, y1 - y0, x1 - x0) if png is None else _of_size(png, y1 - y0, x1 - x0)
    return bits


def _numbers(numbers: list[int] | None, count: int, name: str) -> list[int] | None:
    """The numbers, None where there are none. Raises PictureError for another count of them."""
    if numbers and len(numbers) != count:
        raise PictureError(f"{name} has {len(numbers)} numbers; it has {count}, or none")
    return numbers or None


def _bits(text: str, height: int, width: int) -> Bits:
    """Ones and zeros, row by row: (height, width). Raises PictureError."""
    if text.strip("01"):
        raise PictureError("a bitstring is ones and zeros, or a PNG as a data: URL")
    if len(text) != height * width:
        raise PictureError(f"the bitstring has {len(text)} characters; its bounds are {height}x{width}")
    bits: Bits = np.frombuffer(text.encode(), np.uint8).reshape(height, width) == ord("1")
    return bits


def _of_size(png: Bits, height: int, width: int) -> Bits:
    """The same. Raises PictureError where it has another size."""
    if png.shape != (height, width):
        raise PictureError(f"the PNG has {png.shape[0]} rows of {png.shape[1]}; its bounds are {height}x{width}")
    return png


def _decode(text: str) -> Bits:
    """What counts in a PNG in base64, (H, W). Raises PictureError for one that is damaged or too large."""
    try:
        data = bare(base64.b64decode("".join(text.split()), validate=True))
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            width, height = image.size
            if max(width, height) <= MAX_SIDE:  # a larger one is never decoded
                return _counting(image)
    except Exception as error:  # a damaged file can make Pillow raise nearly anything
        raise PictureError("the mask's PNG is damaged, no base64, or no PNG at all") from error
    raise PictureError(f"the mask's PNG is {width}x{height}, more than {MAX_SIDE}x{MAX_SIDE}")


def _counting(image: Image.Image) -> Bits:
    """The pixels that are not transparent, of an image without alpha those that are not white in red: (H, W)."""
    if image.has_transparency_data:
        return np.asarray(image.convert("RGBA").getchannel("A")) > 0
    if image.mode.startswith("I"):  # 16 bits of grey
        return np.asarray(image) < 65535
    return np.asarray(image.convert("RGB").getchannel("R")) < 255


def _windows(pixels: int, cells: int) -> Iterator[slice]:
    """The pixels of each cell along a side."""
    for i in range(cells):
        yield slice(i * pixels // cells, -(-(i + 1) * pixels // cells))


def _divides(pixels: int, cells: int) -> bool:
    return pixels % cells == 0 or cells % pixels == 0


def _png(plane: NDArray[np.bool_] | NDArray[np.uint16]) -> Png:
    """A grey image, (H, W), whose greatest value is coverage 1."""
    out = io.BytesIO()
    Image.fromarray(plane).save(out, "PNG", compress_level=1)
    return Png(base64.b64encode(out.getvalue()).decode("ascii"))
