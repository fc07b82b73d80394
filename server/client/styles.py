"""Styles that a picture can be painted in: names that the server knows, or images of one's own."""

from __future__ import annotations

import base64
import io
from pathlib import Path

from PIL import Image

SIDE = 512  # pixels: the server uses no more

Style = str | int | bytes | Path | Image.Image


def style_of(style: Style) -> dict[str, str]:
    """The member of a question that says which style. Raises OSError where a file cannot be read."""
    if isinstance(style, str | int):
        return {"style": str(style)}
    if isinstance(style, Image.Image):
        small = style.copy()
        small.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
        file = io.BytesIO()
        small.convert("RGBA" if small.has_transparency_data else "RGB").save(file, "PNG")
        style = file.getvalue()
    data = style.read_bytes() if isinstance(style, Path) else style
    return {"image": base64.b64encode(data).decode("ascii")}
