"""What answers a stroke."""

from dataclasses import replace

import numpy as np
import pytest

from server.lab.scenes.answer import BrushStroke, answered, crowning
from server.lab.scenes.buildings import Piece
from server.lab.scenes.concepts import CLOUD, DOME, ROOF, TREE
from server.lab.scenes.plants import Tree
from server.lab.scenes.render import render
from server.lab.scenes.scene import Scene, sample_scene
from server.painting.mask import coverage

SIZE = 128
# A meadow at noon, and where a stroke on it is.
BARE = replace(sample_scene(3), buildings=(), trees=(), clouds=(), water=None, path=None, mountains=None)
AT = {CLOUD: (0.5, 0.2), TREE: (0.5, 0.7), ROOF: (0.5, 0.4), DOME: (0.5, 0.4)}
# How much of a dab each fills, at least.
FILLED = {CLOUD: 0.5, TREE: 0.6, ROOF: 0.75, DOME: 0.6}
MATERIAL = next(s for s in map(sample_scene, range(9)) if s.buildings).buildings[0].material


def drawn(scene: Scene, brushed: BrushStroke) -> np.ndarray:
    """Where the scene's answer shows the concept and the scene does not, (SIZE, SIZE) bool."""
    if brushed.concept in (ROOF, DOME):
        with_more = replace(scene, front=(Piece(MATERIAL, crowning(brushed)),))
    else:
        with_more = answered(scene, brushed)
    (_, before), (_, after) = render(scene, SIZE), render(with_more, SIZE)
    assert set(np.unique(after[before != after])) <= {brushed.concept}
    found: np.ndarray = (after == brushed.concept) & (before != brushed.concept)
    return found


@pytest.mark.parametrize("concept", list(AT))
def test_the_answer_is_where_the_stroke_is(concept: int) -> None:
    brushed = BrushStroke(concept, (AT[concept],), 0.1)
    found, inside = drawn(BARE, brushed), coverage(brushed.mask, SIZE, SIZE) > 0.5
    assert found[inside].mean() > FILLED[concept]
    assert (found & ~inside).sum() < 0.35 * inside.sum()


def test_trees_follow_the_stroke() -> None:
    flat = BrushStroke(TREE, ((0.3, 0.7), (0.6, 0.7)), 0.05)
    high = BrushStroke(TREE, ((0.5, 0.4), (0.5, 0.7)), 0.05)
    bent = BrushStroke(TREE, ((0.4, 0.7), (0.5, 0.6)), 0.08)
    kinds = []
    for brushed in (flat, high, bent):
        (tree,) = answered(BARE, brushed).front
        assert isinstance(tree, Tree)
        kinds.append(tree.kind)
        assert drawn(BARE, brushed)[coverage(brushed.mask, SIZE, SIZE) > 0.5].mean() > 0.5
    assert kinds == ["bush", "poplar", "round"]


def test_trees_have_the_colours_of_their_kin_that_stand_nearest() -> None:
    def leafy(scene: Scene) -> list[Tree]:
        return [tree for tree in scene.trees if tree.kind != "conifer"]

    wood = next(s for s in map(sample_scene, range(100)) if len({tree.leaf for tree in leafy(s)}) > 1)
    for tree in leafy(wood):
        (grown,) = answered(wood, BrushStroke(TREE, ((tree.x, 0.8),), 0.05)).front
        assert isinstance(grown, Tree)
        assert grown.leaf == tree.leaf


def test_the_same_scene_otherwise() -> None:
    scene = sample_scene(5)
    brushed = BrushStroke(TREE, ((0.5, 0.7),), 0.08)
    (before, _), (after, _) = render(scene, SIZE), render(answered(scene, brushed), SIZE)
    y, x = (np.mgrid[0:SIZE, 0:SIZE] + 0.5) / SIZE
    far = np.hypot(x - 0.5, y - 0.7) > 0.2
    assert np.array_equal(before[far], after[far])
    assert not np.array_equal(before, after)
