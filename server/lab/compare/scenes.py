"""Things removed from many scenes in every way: how near each comes to the scene without the thing, and how long it
takes, with what each way asks for."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, astuple, dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image

from server.errors import UsageError
from server.inpainting.ways import ATTENTION, BRUSH, as_png, removals
from server.inversion.likeness import load_see
from server.lab.compare.run import Removed, side_by_side
from server.lab.compare.scores import scores_of
from server.lab.compare.truth import Thing, thing_of, things_of
from server.lab.scenes.sheet import contact_sheet
from server.model.catalog import Model
from server.model.inpainter import Inpainter
from server.model.pixels import Pixels
from server.painting.painter import Painter
from server.painting.picture import Edit, Picture
from server.steps import finished

# What each way takes, whether it needs a mask, and what is trained for it.
ASKS = {
    BRUSH: ("pictures of the model", "a stroke does", "generator, dissection"),
    ATTENTION: ("any", "yes", "an inpainter, on the model's pictures"),
}
NO_TRAINING = ("any", "yes", "none")
FIRST_SEED = 1_000_000  # nothing was trained on scenes below 2**31
LEAST, MOST = 0.01, 0.3  # of the picture, that a thing covers
ON_SHEET = 12  # scenes


@dataclass(frozen=True)
class Row:
    """A way, medians over the scenes. ms: a removal. psnr, ssim, distance, labels: against the scene without the thing,
    inside the mask; labels is the share that shows what it should, NaN without a segmenter."""

    way: str
    ms: float
    psnr: float
    ssim: float
    distance: float
    labels: float

    @property
    def asks(self) -> tuple[str, str, str]:
        """What it takes, whether it needs a mask, and what is trained for it."""
        return ASKS.get(self.way, NO_TRAINING)


def compare_scenes(
    painter: Painter,
    model: Model,
    inpainter: Inpainter | None,
    count: int,
    first_seed: int,
    advance: Callable[[], object],
) -> tuple[list[Row], Image.Image]:
    """One thing of each of so many scenes, those from that seed on that have one: a row for each way, and a sheet of
    the first ON_SHEET. inpainter: the model's, None where it has none. advance: called after each scene. Raises
    UsageError where the model is no village."""
    see = finished(load_see(model, torch.device("cpu")))
    scores: dict[str, list[tuple[float, ...]]] = {}
    pictures: list[Pixels] = []
    done, seed = 0, first_seed
    while done < count:
        picture = Picture(model.name, seed=seed)
        thing = thing_in(picture, model)
        seed += 1
        if thing is None:
            continue
        truth = painter.render(thing.lacking)  # (H, W, 3)
        edit = Edit("remove", thing.concept, as_png(thing.mask))
        tried = removals(painter, picture, edit, thing.mask, inpainter)
        results = [removal for removal in tried if removal is not None]
        for removal in results:
            measured = scores_of(removal.pixels, truth, thing.mask, see, model.segmenter)
            scores.setdefault(removal.way, []).append((removal.ms, *astuple(measured)))
        if done < ON_SHEET:
            shown = [Removed(one.way, one.pixels, one.ms, None) for one in results]
            pictures += side_by_side(painter.render(picture), thing.mask, truth, shown)
        done += 1
        advance()
    rows = [Row(way, *np.median(values, 0).tolist()) for way, values in scores.items()]
    return rows, contact_sheet(pictures, len(pictures) // min(count, ON_SHEET))


def thing_in(picture: Picture, model: Model) -> Thing | None:
    """A thing of the scene, another one for another seed; None where none is of a size to be removed."""
    generator = model.generator
    names = list(things_of(picture, generator.latent_dim))
    for place in np.random.default_rng(picture.seed).permutation(len(names)):
        try:
            thing = thing_of(picture, names[place], generator.resolution, generator.latent_dim)
        except UsageError:  # it is hidden
            continue
        if LEAST <= thing.mask.mean() <= MOST and model.dissection.brush(thing.concept, None, "remove") is not None:
            return thing
    return None


def markdown(rows: Sequence[Row]) -> str:
    """A table of the rows and of what each way asks for."""
    lines = [
        "| way | free input | a mask | training | ms | PSNR | SSIM | distance | labels |",
        "|---|---|---|---|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        figures = f"{row.ms:.0f} | {row.psnr:.1f} | {row.ssim:.3f} | {row.distance:.3f} | {row.labels:.2f}"
        lines.append(f"| {row.way} | {' | '.join(row.asks)} | {figures} |")
    return "\n".join(lines)


def documents(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The same as JSON, for the report."""
    return [{**asdict(row), "labels": None if math.isnan(row.labels) else row.labels, "asks": row.asks} for row in rows]
