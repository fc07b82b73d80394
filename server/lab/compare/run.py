"""One picture, one thing removed in every way: times, scores where the truth is known, and a sheet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image, ImageDraw

from server.inpainting.ways import Mask, ways_to_remove
from server.inversion.likeness import load_see
from server.lab.bench.timing import measure
from server.lab.compare.scores import Scores, scores_of
from server.lab.scenes.sheet import contact_sheet
from server.model.catalog import Model
from server.model.inpainter import Inpainter
from server.model.pixels import Pixels
from server.painting.painter import Painter
from server.painting.picture import Edit, Picture
from server.steps import finished

TINT = (255, 64, 160)
LABEL = 14  # pixels above each picture


@dataclass(frozen=True)
class Removed:
    """The picture without what the mask covered. ms: the median time; scores: None where the truth is not known."""

    way: str
    pixels: Pixels
    ms: float
    scores: Scores | None


def compare(
    painter: Painter,
    picture: Picture,
    edit: Edit,
    mask: Mask,
    inpainter: Inpainter | None,
    truth: Pixels | None,
    seconds: float = 0.5,
) -> list[Removed]:
    """Do what the edit does in every way, each timed for about so many seconds. mask: the edit's, (R, R). inpainter:
    the model's, None where it has none. truth: (R, R, 3)."""
    score = _scorer(truth, mask, painter.catalog.get(picture.model))
    results = []
    for way, remove in ways_to_remove(painter, picture, edit, mask, inpainter).items():
        pixels = finished(remove())  # (R, R, 3)
        ms = measure(way, lambda i, remove=remove: finished(remove()), seconds, least=3).median_ms  # type: ignore[misc]
        results.append(Removed(way, pixels, ms, score(pixels)))
    return results


def sheet(before: Pixels, mask: Mask, truth: Pixels | None, results: Sequence[Removed]) -> Image.Image:
    """Everything side by side."""
    pictures = side_by_side(before, mask, truth, results)
    return contact_sheet(pictures, len(pictures))


def side_by_side(before: Pixels, mask: Mask, truth: Pixels | None, results: Sequence[Removed]) -> list[Pixels]:
    """The picture, the mask over it, the truth where it is known, each way's result, all with their names."""
    tinted = np.where(mask[..., None], before // 2 + np.array(TINT, np.uint8) // 2, before)
    shown = [("before", before), ("mask", tinted)]
    shown += [] if truth is None else [("truth", truth)]
    shown += [(f"{result.way}, {result.ms:.0f} ms", result.pixels) for result in results]
    return [_labelled(name, pixels) for name, pixels in shown]


def table(results: Sequence[Removed]) -> str:
    """A line each."""
    longest = max(len(result.way) for result in results)
    lines = [f"{'way':{longest}} {'ms':>8} {'PSNR':>6} {'SSIM':>6} {'distance':>8} {'labels':>6}"]
    return "\n".join(lines + [f"{one.way:{longest}} {one.ms:8.3f} {_figures(one.scores)}" for one in results])


def _scorer(truth: Pixels | None, mask: Mask, model: Model) -> Callable[[Pixels], Scores | None]:
    if truth is None:
        return lambda pixels: None
    see = finished(load_see(model, torch.device("cpu")))
    return lambda pixels: scores_of(pixels, truth, mask, see, model.segmenter)


def _figures(scores: Scores | None) -> str:
    if scores is None:
        return f"{'-':>6} {'-':>6} {'-':>8} {'-':>6}"
    return f"{scores.psnr:6.1f} {scores.ssim:6.3f} {scores.distance:8.3f} {scores.labels:6.2f}"


def _labelled(name: str, pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    page = Image.new("RGB", (width, height + LABEL), "white")
    page.paste(Image.fromarray(pixels), (0, LABEL))
    ImageDraw.Draw(page).text((2, 1), name, fill="black")
    return np.asarray(page)
