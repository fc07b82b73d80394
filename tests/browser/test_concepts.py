"""What a stroke draws is what it says: judged by a segmenter that took no part in choosing the units."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from server.segmentation.segmenter import UNet, load_segmenter
from tests.browser.server import ROOT
from tests.browser.studio import Point, Studio, decode

STROKE = [(0.66, 0.66), (0.8, 0.66), (0.8, 0.74), (0.66, 0.74)]


@pytest.fixture(scope="module")
def judge() -> UNet:
    """The segmenter that judges brushes."""
    return load_segmenter(ROOT / "models" / "village" / "judge.safetensors")


def share(judge: UNet, png: bytes, concept: str, points: list[Point], radius: float) -> float:
    """The share of the pixels within `radius` of the points' hull box that the judge takes for the concept."""
    pixels = decode(png)  # (R, R, 3)
    images = torch.from_numpy(pixels / 127.5 - 1).float().permute(2, 0, 1)[None]  # (1, 3, R, R)
    with torch.inference_mode():
        labels: NDArray[np.int64] = judge(images).argmax(1)[0].numpy()  # (R, R)
    side = labels.shape[0]
    grid = (np.arange(side) + 0.5) / side
    xs, ys = zip(*points, strict=True)
    across = (grid > min(xs) - radius) & (grid < max(xs) + radius)
    down = (grid > min(ys) - radius) & (grid < max(ys) + radius)
    inside = labels[np.ix_(down, across)]
    return float((inside == judge.concepts.index(concept)).mean())


def test_a_tree_grows_under_the_brush_and_goes_away_again(studio: Studio, judge: UNet) -> None:
    before = share(judge, studio.download(), "tree", STROKE, 0.05)
    studio.choose("tree")
    studio.paint(STROKE)
    drawn = share(judge, studio.download(), "tree", STROKE, 0.05)
    assert drawn > before + 0.3
    studio.choose("tree", mode="remove")
    studio.paint(STROKE)
    assert share(judge, studio.download(), "tree", STROKE, 0.05) < drawn - 0.3


@pytest.mark.parametrize(("concept", "y"), [("sky", 0.5), ("grass", 0.6), ("wall", 0.6)])
def test_other_brushes_draw_what_they_say(studio: Studio, judge: UNet, concept: str, y: float) -> None:
    stroke = [(0.35, y), (0.6, y), (0.6, y + 0.06), (0.35, y + 0.06)]
    before = share(judge, studio.download(), concept, stroke, 0.03)
    studio.choose(concept)
    studio.paint(stroke)
    assert share(judge, studio.download(), concept, stroke, 0.03) > before + 0.2
