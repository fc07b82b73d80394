"""Pictures of one's own as people have them: every kind of file, and hostile ones."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image


def photo(width: int = 60, height: int = 40) -> Image.Image:
    """Blue above, green below, a red square in the right half."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2] = (90, 140, 230)
    pixels[height // 2 :] = (60, 130, 50)
    pixels[height // 3 : height // 2, width // 2 : width * 2 // 3] = (200, 40, 30)
    return Image.fromarray(pixels)


def file_of(image: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    """The image as a file of that format."""
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def in_base64(data: bytes) -> str:
    """As a member of a body."""
    return base64.b64encode(data).decode("ascii")


def bomb(width: int, height: int) -> bytes:
    """A small PNG that says it is as large, of zeros."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(1000 * 1000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
