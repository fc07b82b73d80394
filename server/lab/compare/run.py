"""One picture, one thing removed in every way: times, scores where the truth is known, and a sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from server.inpainting.ways import Mask, ways_to_remove
from server.lab.bench.timing import measure
from server.lab.compare.scores import psnr, ssim
from server.lab.scenes.sheet import contact_sheet
from server.model.inpainter import Inpainter
from server.model.pixels import Pixels
from server.painting.painter import Painter
from server.painting.picture import Edit, Picture
from server.steps import finished

TINT = (255, 64, 160)
LABEL = 14  # pixels above each picture


@dataclass(frozen=True)
class Removed:
    """The picture without what the mask covered. ms: the median time; psnr, ssim: None where the truth is not known."""

    way: str
    pixels: Pixels
    ms: float
    psnr: float | None
    ssim: float | None


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
    results = []
    for way, remove in ways_to_remove(painter, picture, edit, mask, inpainter).items():
        pixels = finished(remove())  # (R, R, 3)
        ms = measure(way, lambda i, remove=remove: finished(remove()), seconds, least=3).median_ms  # type: ignore[misc]
        scores = (None, None) if truth is None else (psnr(pixels, truth, mask), ssim(pixels, truth, mask))
        results.append(Removed(way, pixels, ms, *scores))
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
    lines = [f"{'way':{longest}} {'ms':>8} {'PSNR':>6} {'SSIM':>6}"]
    for result in results:
        scores = (f"{score:.{digits}f}" if score is not None else "-" for score, digits in _scores(result))
        lines.append(f"{result.way:{longest}} {result.ms:8.3f} {' '.join(f'{score:>6}' for score in scores)}")
    return "\n".join(lines)


def _scores(result: Removed) -> tuple[tuple[float | None, int], tuple[float | None, int]]:
    return (result.psnr, 1), (result.ssim, 3)


def _labelled(name: str, pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    page = Image.new("RGB", (width, height + LABEL), "white")
    page.paste(Image.fromarray(pixels), (0, LABEL))
    ImageDraw.Draw(page).text((2, 1), name, fill="black")
    return np.asarray(page)
