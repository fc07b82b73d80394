"""Pictures before and after each brush, where the concept could stand and does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from server.lab.dissect.trials.layout import Layout, rasters
from server.lab.dissect.trials.masks import Cells
from server.model.catalog import Catalog
from server.model.pixels import Pixels, to_images
from server.model.segmenter import Segmenter
from server.painting.painter import Painter
from server.painting.parsing import parse_picture

SEEDS, COLUMNS, TILE, TITLE = range(200_000, 200_120), 8, 96, 18


def brush_sheet(catalog: Catalog, name: str, segmenter: Segmenter, path: Path) -> None:
    """Write the sheet of a model: for each concept a row of pictures with a square outlined, below it the same with the
    concept drawn there, and then with the concept removed everywhere. Weak brushes say so.
    """
    painter, dissection = Painter(catalog), catalog.get(name).dissection
    plain = np.stack([_render(painter, name, seed) for seed in SEEDS])  # (N, R, R, 3)
    with torch.inference_mode():
        labels = segmenter(to_images(plain)).argmax(1).to(torch.uint8).numpy()  # (N, R, R)
    concepts = segmenter.concepts
    layout, shares = Layout.of(labels, len(concepts)), rasters(labels, len(concepts))
    rows: list[tuple[str, list[Pixels]]] = []
    for concept in dissection.concepts:
        brush = dissection.brush(concept)
        assert brush is not None
        rng = np.random.default_rng(0)
        masks = layout.drawing(shares, concepts.index(concept), COLUMNS, rng)
        places = [(int(i), _rect(cells)) for i, cells in zip(masks.index, masks.cells, strict=True)]
        weak = f"; weak at {' and '.join(brush.weak)}" if brush.weak else ""
        title = f"{concept}: {brush.recommended_units} of {len(brush.units)} units of {brush.layer}{weak}"
        drawn, gone = ({"op": op, "concept": concept} for op in ("draw", "remove"))
        rows += [
            (title, [_outlined(plain[i], rect) for i, rect in places]),
            (f"{concept} drawn", [_render(painter, name, SEEDS[i], {**drawn, "mask": {"rect": r}}) for i, r in places]),
            (f"{concept} removed", [_render(painter, name, SEEDS[i], {**gone, "mask": None}) for i, _ in places]),
        ]
    _write(rows, path)


def _render(painter: Painter, name: str, seed: int, *edits: dict[str, Any]) -> Pixels:
    return painter.render(parse_picture({"version": 1, "model": name, "seed": seed, "edits": list(edits)}))


def _rect(cells: Cells) -> list[float]:
    """The square that the cells of a mask make, as a rectangle in 0..1. cells: (g, g)."""
    rows, columns = (np.flatnonzero(cells.any(axis)) for axis in (1, 0))
    grid = len(cells)
    return [
        float(columns[0] / grid),
        float(rows[0] / grid),
        float((columns[-1] + 1) / grid),
        float((rows[-1] + 1) / grid),
    ]


def _outlined(picture: Pixels, rect: list[float]) -> Pixels:
    image = Image.fromarray(picture)
    left, top, right, bottom = (round(share * side) for share, side in zip(rect, 2 * image.size, strict=True))
    ImageDraw.Draw(image).rectangle((left, top, right - 1, bottom - 1), outline=(255, 255, 255))
    return np.asarray(image)


def _write(rows: list[tuple[str, list[Pixels]]], path: Path) -> None:
    sheet = Image.new("RGB", (COLUMNS * TILE, len(rows) * (TILE + TITLE)), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    for row, (title, pictures) in enumerate(rows):
        top = row * (TILE + TITLE)
        draw.text((3, top + 1), title, "black", font)
        for column, picture in enumerate(pictures):
            tile = Image.fromarray(picture).resize((TILE, TILE), Image.Resampling.BICUBIC)
            sheet.paste(tile, (column * TILE, top + TITLE))
    sheet.save(path)
