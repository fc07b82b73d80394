"""What a picture may begin with in the place of a scene: the featuremaps of one layer, as they are.

    base = encode_base("layer4", r)      # r: (units, height, width), rounded to what the document holds
    numbers = decode_base(base)          # the same numbers in a row

A person's own picture lies beside what a latent can say; its featuremaps at a layer come near it (`server.inversion`).
"""

from __future__ import annotations

import base64
import zlib
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field
from pydantic import model_validator as validator
from pydantic.dataclasses import dataclass
from pydantic_core import PydanticCustomError

Array = NDArray[np.float32]

MAX_NUMBERS = 2**18  # 1024 units of 16x16 cells, or 64 of 64x64
MAX_CHARACTERS = 700_000  # of them all, however badly they compress
ROUNDED_BITS = 4  # the lowest of the ten of a number's mantissa: six do for a picture, and take two thirds of the bytes


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Base:
    """Featuremaps that the picture begins with, in the place of what the trunk makes."""

    layer: Annotated[
        str,
        Field(strict=True, min_length=1, max_length=64, description="whose featuremaps; edits are at it or behind it"),
    ]
    float16: Annotated[
        str,
        Field(
            strict=True,
            max_length=MAX_CHARACTERS,
            description="base64 of its numbers, unit by unit and each row by row, little-endian 16-bit floats,"
            f" compressed as zlib does; at most {MAX_NUMBERS} of them, all finite",
        ),
    ]

    @validator(mode="after")
    def _readable(self) -> Base:
        try:
            decode_base(self)
        except ValueError as error:
            raise PydanticCustomError("base", "{reason}", {"reason": str(error)}) from error
        return self


def encode_base(layer: str, r: Array) -> Base:
    """r: (units, height, width). Raises ValueError for more numbers than a document takes, or what float16 cannot
    hold."""
    if r.size > MAX_NUMBERS:
        raise ValueError(f"{layer} has {r.size} numbers; a picture begins with at most {MAX_NUMBERS}")
    half = 1 << (ROUNDED_BITS - 1)
    with np.errstate(over="ignore"):  # what is too large is infinite, and refused
        numbers = r.astype("<f2")
    bits = numbers.view("<u2").astype(np.uint32) + half  # a carry goes into the exponent, as it should
    rounded = (bits & ~np.uint32(2 * half - 1)).astype("<u2")
    return Base(layer, base64.b64encode(zlib.compress(rounded.tobytes(), 9)).decode("ascii"))


def decode_base(base: Base) -> Array:
    """Its numbers in a row, (n,). Raises ValueError, in one line, for what holds none."""
    try:
        packed = base64.b64decode(base.float16, validate=True)
        inflate = zlib.decompressobj()
        data = inflate.decompress(packed, 2 * MAX_NUMBERS + 1)
    except (ValueError, zlib.error) as error:
        raise ValueError("float16 is not base64 of numbers that zlib compressed") from error
    if len(data) > 2 * MAX_NUMBERS:
        raise ValueError(f"a base has at most {MAX_NUMBERS} numbers")
    if not inflate.eof or inflate.unused_data or len(data) % 2 or not data:
        raise ValueError("the base's numbers are broken off, or something stands behind them")
    numbers = np.frombuffer(data, "<f2").astype(np.float32)  # (n,)
    if not np.isfinite(numbers).all():
        raise ValueError("the base holds numbers that are not finite")
    return numbers
