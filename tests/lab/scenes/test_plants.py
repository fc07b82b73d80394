from dataclasses import replace

import numpy as np
import pytest

from server.lab.scenes.canvas import blank
from server.lab.scenes.concepts import TREE
from server.lab.scenes.palette import Light
from server.lab.scenes.plants import TREE_KINDS, Tree, draw_shadow, draw_tree

LIGHT = Light((1.0, 1.0, 1.0), (1.0, 1.0, 1.0), 1.0, 0.0, 0.0)
PUFFS = ((0.0, -0.34, 0.66), (-0.46, 0.0, 0.54), (0.46, 0.0, 0.54), (-0.15, 0.3, 0.5), (0.15, 0.3, 0.5))
OAK = Tree("tree0", "round", 0.5, 0.9, 0.6, 0.2, 0.0, (0.2, 0.6, 0.2), (0.4, 0.3, 0.2), PUFFS)


@pytest.mark.parametrize("kind", TREE_KINDS)
def test_a_tree_stands_on_its_foot_and_keeps_to_its_size(kind: str) -> None:
    canvas = blank(100)
    draw_tree(canvas, LIGHT, replace(OAK, kind=kind))
    rows, columns = np.nonzero(canvas.labels == TREE)
    assert rows.max() == 89
    assert rows.min() >= 29
    if kind != "bush":
        assert rows.min() <= 32
    assert 28 <= columns.min() < 35
    assert 65 <= columns.max() < 72


@pytest.mark.parametrize("kind", TREE_KINDS)
def test_the_side_towards_the_light_is_brighter(kind: str) -> None:
    differences = []
    for side in (1.0, -1.0):
        canvas = blank(100)
        draw_tree(canvas, replace(LIGHT, side=side), replace(OAK, kind=kind))
        leaves = canvas.image[1] * (canvas.labels == TREE)
        differences.append(leaves[:, :50].sum() - leaves[:, 50:].sum())
    assert differences[0] > 5
    assert differences[1] < -5


def test_snow_lies_on_conifers() -> None:
    blues = []
    for snow in (0.0, 1.0):
        canvas = blank(100)
        draw_tree(canvas, replace(LIGHT, snow=snow), replace(OAK, kind="conifer"))
        blues.append(canvas.image[2, canvas.labels == TREE].mean())
    assert blues[1] > blues[0] + 0.2


def test_far_trees_fade_into_the_haze() -> None:
    canvas, hazy = blank(64), blank(64)
    draw_tree(canvas, LIGHT, OAK)
    draw_tree(hazy, LIGHT, replace(OAK, haze=0.5))
    tree = canvas.labels == TREE
    assert hazy.image[:, tree].mean() > canvas.image[:, tree].mean() + 0.1


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_a_shadow_falls_away_from_the_light_and_has_no_label(side: float) -> None:
    canvas = blank(100)
    canvas.image[:] = 1
    canvas.labels[:] = 9
    draw_shadow(canvas, replace(LIGHT, side=side), 0.5, 0.5, 0.2, 0.05)
    columns = np.nonzero((canvas.image < 1).any((0, 1)))[0]
    assert (columns.mean() - 49.5) * side > 3
    assert (canvas.labels == 9).all()


def test_trees_outside_the_picture_draw_nothing() -> None:
    canvas = blank(32)
    for kind in TREE_KINDS:
        draw_tree(canvas, LIGHT, replace(OAK, kind=kind, x=3.0))
    assert not canvas.image.any()
    assert not canvas.labels.any()
