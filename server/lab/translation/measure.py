"""What a translator does to pictures that it was not trained on, beside what the season's direction does: how much of
the layout is kept, how far apart its styles are, how long it takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations, islice

import numpy as np
import torch

from server.inversion.likeness import See, load_see
from server.lab.compare.scores import distance, labels_restored
from server.lab.translation.domains import seeds_of
from server.model.catalog import Model
from server.model.pixels import Pixels, to_images
from server.model.translator import Translator, translated
from server.painting.painter import Painter
from server.painting.picture import Picture
from server.steps import finished

STYLES = 4  # of each picture

Paint = Callable[[int, int], Pixels]  # of the ith picture the nth version
DIRECTION = "season"


@dataclass(frozen=True)
class Row:
    """A way, means over the pictures. kept: the share of pixels that the segmenter names as before; NaN without one.
    apart: how far pictures of one scene are from each other (`server.lab.compare.scores.distance`). ms: of a picture.
    """

    way: str
    kept: float
    apart: float
    ms: float


def measure(painter: Painter, model: Model, translator: Translator, count: int) -> list[Row]:
    """A row for each season to go to, and one for the direction, where the model has one, at as many amounts."""
    see = finished(load_see(model, torch.device("cpu")))
    rows = []
    for to in translator.domains:
        seeds = islice(seeds_of(translator.other(to), 0, model.generator.latent_dim), count)
        befores = [painter.render(Picture(model.name, seed=seed)) for seed in seeds]

        def paint(i: int, n: int, to: str = to, befores: Sequence[Pixels] = befores) -> Pixels:
            return translated(translator, befores[i], to, n)

        rows.append(_row(f"to {to}", befores, paint, model, see))
    direction = model.directions.get(DIRECTION)
    if direction is not None:
        summers = list(islice(seeds_of("summer", 0, model.generator.latent_dim), count))
        low, high = direction.range
        amounts = np.linspace(low, high, STYLES).tolist()

        def move(i: int, n: int) -> Pixels:
            return painter.render(Picture(model.name, seed=summers[i], directions={DIRECTION: amounts[n]}))

        befores = [painter.render(Picture(model.name, seed=seed)) for seed in summers]
        rows.append(_row("the direction", befores, move, model, see))
    return rows


def markdown(rows: Sequence[Row]) -> str:
    """The rows as a table."""
    lines = ["| way | labels kept | distance of two styles | ms |", "|---|--:|--:|--:|"]
    return "\n".join([*lines, *(f"| {r.way} | {r.kept:.3f} | {r.apart:.3f} | {r.ms:.0f} |" for r in rows)])


def _row(way: str, befores: Sequence[Pixels], paint: Paint, model: Model, see: See) -> Row:
    everywhere = np.ones(befores[0].shape[:2], bool)
    kept, apart, times = [], [], []
    for i, before in enumerate(befores):
        versions = []
        for n in range(STYLES):
            begin = time.perf_counter()
            versions.append(paint(i, n))
            times.append(1e3 * (time.perf_counter() - begin))
            if model.segmenter is not None:
                with torch.inference_mode():
                    was, now = model.segmenter(to_images(np.stack([before, versions[-1]]))).argmax(1).numpy()
                kept.append(labels_restored(now, was, everywhere))
        apart += [distance(a, b, everywhere, see) for a, b in combinations(versions, 2)]
    return Row(way, float(np.mean(kept)) if kept else float("nan"), float(np.mean(apart)), float(np.median(times)))
