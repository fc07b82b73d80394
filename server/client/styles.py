"""Styles that a picture can be painted in: names that the server knows, or images of one's own."""

from __future__ import annotations

import base64
import io
from pathlib import Path

from PIL import Image

SIDE = 512  # pixels: the server uses no more

AnyImage = bytes | Path | Image.Image  # a file's bytes or path, or an image
Style = str | int | AnyImage


def style_of(style: Style) -> dict[str, str]:
    """The member of a question that says which style. Raises OSError where a file cannot be read."""
    return {"style": str(style)} if isinstance(style, str | int) else {"image": in_base64(style, SIDE)}


def in_base64(image: AnyImage, side: int) -> str:
    """An image's file as a member of a question. side: pixels that the server uses, at most. Raises OSError where a
    file cannot be read."""
    if isinstance(image, Image.Image):
        small = image.copy()
        small.thumbnail((side, side), Image.Resampling.LANCZOS)
        file = io.BytesIO()
        small.convert("RGBA" if small.has_transparency_data else "RGB").save(file, "PNG")
        image = file.getvalue()
    data = image.read_bytes() if isinstance(image, Path) else image
    return base64.b64encode(data).decode("ascii")
