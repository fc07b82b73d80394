"""What an edit removes, removed in other ways too.

for removal in picture.remove("door", rect=(0.4, 0.5, 0.6, 0.8)).compare():
    removal.decoded().save(f"{removal.way}.png")
"""

from __future__ import annotations

import base64
import io

from PIL import Image
from pydantic.dataclasses import dataclass


@dataclass(frozen=True)
class Removal:
    """What one way makes of it: the brush, or an inpainting. ms: how long one run took. image: a PNG in base64."""

    way: str
    ms: float
    image: str

    def decoded(self) -> Image.Image:
        """The picture without what was removed, of 256 pixels at most."""
        image = Image.open(io.BytesIO(base64.b64decode(self.image)))
        image.load()
        return image


@dataclass(frozen=True)
class Comparison:
    """What each way makes of an edit. edit: its place."""

    edit: int
    removals: tuple[Removal, ...]
