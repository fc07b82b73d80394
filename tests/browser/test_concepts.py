"""What a stroke draws is what it says: judged by a segmenter that took no part in choosing the units, against what the
dissection promises of the brush."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from playwright.sync_api import Browser

from server.model.segmenter import UNet, load_segmenter
from tests.browser.server import ROOT, Box, StudioServer
from tests.browser.studio import Point, Studio, decode, open_studio

MEADOW = [(0.66, 0.64), (0.8, 0.64), (0.8, 0.74), (0.66, 0.74)]
# Where the concept stands already, and where it is drawn: next to it, where it may stand as well.
GROUNDS: dict[str, tuple[Box, list[Point]]] = {
    "sky": ((0.3, 0.1, 0.7, 0.25), [(0.38, 0.42), (0.62, 0.42), (0.62, 0.48), (0.38, 0.48)]),
    "grass": ((0.3, 0.8, 0.7, 0.95), [(0.38, 0.58), (0.62, 0.58), (0.62, 0.66), (0.38, 0.66)]),
}


# Of what a brush gains or takes away on average, what a stroke of these scenes has to.
PART = 0.33


@pytest.fixture(scope="module")
def promised() -> dict[str, tuple[float, float]]:
    """Of each concept, the share of a mask that drawing gains, and the part of it that removing takes, on average."""
    judged = json.loads((ROOT / "dissect_results" / "village" / "judged.json").read_text())["brushes"]
    return {brush["concept"]: (brush["drawn"] - brush["before"], brush["gone"]) for brush in judged}


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


def test_a_tree_grows_under_the_brush_and_goes_away_again(
    studio: Studio, judge: UNet, promised: dict[str, tuple[float, float]]
) -> None:
    gained, gone = promised["tree"]
    before = share(judge, studio.download(), "tree", MEADOW, 0.03)
    studio.choose("tree")
    studio.paint(MEADOW)
    drawn = share(judge, studio.download(), "tree", MEADOW, 0.03)
    assert drawn > before + PART * gained
    studio.choose("tree", mode="remove")
    studio.paint(MEADOW)
    assert share(judge, studio.download(), "tree", MEADOW, 0.03) < drawn * (1 - PART * gone)


@pytest.mark.parametrize("concept", list(GROUNDS))
def test_other_brushes_draw_what_they_say(
    browser: Browser, server: StudioServer, judge: UNet, promised: dict[str, tuple[float, float]], concept: str
) -> None:
    ground, stroke = GROUNDS[concept]
    (x0, y0), (x1, y1) = stroke[0], stroke[2]
    seeds = server.best_seeds(
        3, lambda seed: server.shares(seed, ground)[concept] - server.shares(seed, (x0, y0, x1, y1))[concept]
    )
    gains = []
    for seed in seeds:
        with open_studio(browser, server, path=f"/?seed={seed}") as studio:
            before = share(judge, studio.download(), concept, stroke, 0.03)
            studio.choose(concept)
            studio.paint(stroke)
            gains.append(share(judge, studio.download(), concept, stroke, 0.03) - before)
    # At night the judge may take a new piece of sky before a house for its roof.
    assert sorted(gains)[1] > PART * promised[concept][0]
