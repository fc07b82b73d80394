"""A sheet of strokes: every brush of a model on the same scenes, what it draws and what it removes, for a critical eye.

A stroke is a dab of the size that the studio's brush begins with. It is drawn where its concept often stands in these
scenes and hardly stands in this one, and removed where it stands; a segmenter tells where that is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from server.files import write_whole
from server.model.catalog import Model
from server.model.pixels import Pixels
from server.model.segmenter import cell_shares
from server.painting.imaging import resize
from server.painting.painter import Painter
from server.painting.picture import Edit, Picture, Stroke, Strokes
from server.results.brush import OPS, Op

RADIUS = 0.075  # in fractions of the picture's width: the studio's brush begins so
GRID = 16  # rows of the raster that places are looked for on
OFTEN = 0.3  # of the concept's share where it stands most often
CROWDED = 0.2  # of the cells around a place: with more of the concept, it stands there already
STANDS = 0.1  # of them: with less there is nothing to remove
FULLEST = 0.95  # of what the fullest have: there it is removed

GAP, MARGIN, HEAD = 4, 130, 26  # pixels
_DONE: dict[Op, str] = {"draw": "drawn", "remove": "removed"}
_RINGS: dict[Op, str] = {"draw": "#45d3ad", "remove": "#ff6f50"}  # the studio's colours of both

Place = tuple[float, float]  # x, y in 0..1 of the picture, y down
Show = Callable[[Sequence[str]], Iterator[str]]  # goes through concepts, telling how far it is


@dataclass(frozen=True)
class Places:
    """Where a concept is drawn in a scene, and where it is removed: None where it does not stand there."""

    draw: Place
    remove: Place | None

    def of(self, op: Op) -> Place | None:
        """Where that is done."""
        return self.draw if op == "draw" else self.remove


@dataclass(frozen=True)
class Row:
    """A row of a brush's pictures. layer: None for the concept's best one."""

    label: str
    op: Op
    layer: str | None


def find_places(shares: Tensor, concept: int, rng: np.random.Generator) -> list[Places]:
    """Where the concept is drawn and removed in each scene. shares: (N, C, GRID, GRID), of each cell."""
    around = F.avg_pool2d(shares[:, concept, None], 3, 1, 1, count_include_pad=False)[:, 0]  # (N, GRID, GRID)
    usual = around.mean(0)
    could = usual >= OFTEN * usual.max()  # (GRID, GRID)
    places = []
    for stands in around:
        free, most = could & (stands < CROWDED), float(stands.max())
        draw = _one_of(free if free.any() else could, rng)
        places.append(Places(draw, _one_of(stands >= FULLEST * most, rng) if most >= STANDS else None))
    return places


def _one_of(cells: Tensor, rng: np.random.Generator) -> Place:
    """The middle of one of these cells, (GRID, GRID), at random."""
    among = cells.nonzero()  # (cells, 2)
    row, column = among[rng.integers(len(among))].tolist()
    return (column + 0.5) / GRID, (row + 0.5) / GRID


def rows_of(model: Model, concept: str) -> list[Row]:
    """What is done with the concept's brushes: drawing and removing, exactly too where the model can."""
    exact = model.exact_layer
    rows = []
    for op in OPS:
        label = _DONE[op]
        rows.append(Row(label, op, None))
        if exact is not None and model.dissection.brush(concept, exact) is not None:
            rows.append(Row(f"{label} exactly", op, exact))
    return rows


def write_strokes(
    path: Path,
    painter: Painter,
    model: Model,
    seeds: Sequence[int],
    concepts: Sequence[str],
    radius: float,
    size: int,
    show: Show = iter,
) -> None:
    """Write the sheet of these brushes on the scenes of these seeds, their longer side `size` pixels, as the kind of
    image that the path ends in. Raises OSError and ValueError where it cannot be written, and NoSegmenter."""
    scenes = [painter.render(Picture(model.name, seed)) for seed in seeds]  # (H, W, 3) each
    labels = np.stack([painter.labels(Picture(model.name, seed)) for seed in seeds]).astype(np.uint8)  # (N, H, W)
    assert model.segmenter is not None  # labels have seen to it
    known = model.segmenter.concepts
    shares = cell_shares(labels, len(known), GRID)  # (N, C, GRID, GRID)
    blocks = []
    for number, concept in enumerate(show(concepts)):
        seen = shares if concept in known else torch.zeros(len(seeds), 1, GRID, GRID)
        at = known.index(concept) if concept in known else 0
        places = find_places(seen, at, np.random.default_rng(number))
        blocks.append(_block(painter, model, concept, seeds, scenes, places, radius, size))
    page = Image.new("RGB", (blocks[0].width, sum(block.height for block in blocks)), "white")
    top = 0
    for block in blocks:
        page.paste(block, (0, top))
        top += block.height
    write_whole(path, lambda part: page.save(part, quality=90))


def _block(
    painter: Painter,
    model: Model,
    concept: str,
    seeds: Sequence[int],
    scenes: Sequence[Pixels],
    places: Sequence[Places],
    radius: float,
    size: int,
) -> Image.Image:
    """One brush: the scenes before, with rings where it is drawn and where it is removed, and below them the rows."""
    rows = rows_of(model, concept)
    height, width, _ = resize(scenes[0], size).shape
    step, down = width + GAP, height + GAP
    block = Image.new("RGB", (MARGIN + len(seeds) * step, HEAD + (1 + len(rows)) * down), "white")
    draw, font = ImageDraw.Draw(block), ImageFont.load_default(15)
    draw.text((4, 4), concept, "black", ImageFont.load_default(18))
    for line, label in enumerate(["before", *(row.label for row in rows)]):
        draw.text((4, HEAD + line * down + 4), label, "black", font)
    for column, (seed, scene, place) in enumerate(zip(seeds, scenes, places, strict=True)):
        left = MARGIN + column * step
        draw.text((left, 6), f"scene {seed}", "black", font)
        block.paste(Image.fromarray(resize(scene, size)), (left, HEAD))
        for op in OPS:
            if (ring := place.of(op)) is not None:
                x, y, r = left + ring[0] * width, HEAD + ring[1] * height, radius * width
                draw.ellipse((x - r, y - r, x + r, y + r), outline=_RINGS[op], width=2)
        for line, row in enumerate(rows, 1):
            if (at := place.of(row.op)) is None:
                continue  # nothing to remove
            edit = Edit(row.op, concept, Strokes((Stroke((at,), radius),)), layer=row.layer)
            pixels = painter.render(Picture(model.name, seed, edits=(edit,)))
            block.paste(Image.fromarray(resize(pixels, size)), (left, HEAD + line * down))
    return block
