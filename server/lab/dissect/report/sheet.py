"""Pictures of what a segmenter sees of each concept, for people to name regions by."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from server.lab.dissect.units.samples import Samples
from server.model.pixels import Pixels

TILE = 96  # pixels of a picture's longer side
COLUMNS = 10
_DIM = 0.3  # of the light of what is not the region
_TITLE = 18  # pixels of the line above each row
_INK, _PAPER = (20, 20, 20), (255, 255, 255)


def tile_of(images: Pixels, side: int) -> tuple[int, int]:
    """The width and height of these pictures in a sheet, the longer of them `side`. images: (N, H, W, 3)."""
    _, height, width, _ = images.shape
    longer = max(height, width)
    return max(1, round(side * width / longer)), max(1, round(side * height / longer))


def most_typical(samples: Samples, region: int) -> npt.NDArray[np.int64]:
    """COLUMNS samples that show as much of the region as half of those do which show it at all."""
    area = (samples.labels == region).mean((1, 2))  # (N,)
    showing = np.flatnonzero(area > 0)
    off = np.abs(area[showing] - np.median(area[showing])) if len(showing) else np.zeros(0)
    return np.sort(showing[np.argsort(off, kind="stable")[:COLUMNS]])


def lit(samples: Samples, region: int, index: npt.NDArray[np.int64]) -> Pixels:
    """Some samples with all but the region darkened: (M, H, W, 3)."""
    light = np.where(samples.labels[index] == region, 1.0, _DIM)[..., None]  # (M, H, W, 1)
    return np.asarray(samples.images[index] * light, np.uint8)


def region_sheet(samples: Samples, titles: Sequence[str]) -> Image.Image:
    """A row for each region, under its title: samples with all but the region darkened."""
    width, height = tile_of(samples.images, TILE)
    sheet = Image.new("RGB", (COLUMNS * width, len(titles) * (height + _TITLE)), _PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(_TITLE - 5)
    for region, title in enumerate(titles):
        top = region * (height + _TITLE)
        draw.text((3, top), title, _INK, font)
        for column, picture in enumerate(lit(samples, region, most_typical(samples, region))):
            tile = Image.fromarray(picture).resize((width, height), Image.Resampling.BICUBIC)
            sheet.paste(tile, (column * width, top + _TITLE))
    return sheet
