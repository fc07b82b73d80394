"""What answers a stroke."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from server.lab.scenes.answer import FORMED, BrushStroke, answered, random_stroke
from server.lab.scenes.buildings import parts
from server.lab.scenes.concepts import CLOUD, CONCEPTS, DOME, ROOF, TREE, WALL
from server.lab.scenes.masonry import Wall
from server.lab.scenes.plants import Tree
from server.lab.scenes.render import render
from server.lab.scenes.scene import Scene, sample_scene
from server.painting.mask import coverage

SIZE = 128
# A meadow at noon, and where a stroke on it is.
BARE = replace(sample_scene(3), buildings=(), trees=(), clouds=(), water=None, path=None, mountains=None)
AT = {CLOUD: (0.5, 0.2), TREE: (0.5, 0.7), WALL: (0.5, 0.7), ROOF: (0.5, 0.4), DOME: (0.5, 0.4)}
# How much of a dab each fills, at least.
FILLED = {CLOUD: 0.5, TREE: 0.6, WALL: 0.95, ROOF: 0.75, DOME: 0.6}


def drawn(scene: Scene, brushed: BrushStroke) -> np.ndarray:
    """Where the scene's answer shows the concept and the scene does not, (SIZE, SIZE) bool."""
    (_, before), (_, after) = render(scene, SIZE), render(answered(scene, brushed), SIZE)
    assert set(np.unique(after[before != after])) <= {brushed.concept}
    found: np.ndarray = (after == brushed.concept) & (before != brushed.concept)
    return found


@pytest.mark.parametrize("concept", FORMED)
def test_the_answer_is_where_the_stroke_is(concept: int) -> None:
    brushed = BrushStroke(concept, (AT[concept],), 0.1, 1.0)
    found, inside = drawn(BARE, brushed), coverage(brushed.mask, SIZE, SIZE) > 0.5
    assert found[inside].mean() > FILLED[concept]
    assert (found & ~inside).sum() < 0.35 * inside.sum()


@pytest.mark.parametrize("concept", FORMED)
def test_a_faint_stroke_gives_a_smaller_thing(concept: int) -> None:
    areas = [drawn(BARE, BrushStroke(concept, (AT[concept],), 0.1, s)).sum() for s in (0.25, 0.5, 1.0)]
    for faint, full in pairwise(areas):
        assert 0.35 < faint / full < 0.7


def test_trees_follow_the_stroke() -> None:
    flat = BrushStroke(TREE, ((0.3, 0.7), (0.6, 0.7)), 0.05, 1.0)
    high = BrushStroke(TREE, ((0.5, 0.4), (0.5, 0.7)), 0.05, 1.0)
    bent = BrushStroke(TREE, ((0.4, 0.7), (0.5, 0.6)), 0.08, 1.0)
    kinds = []
    for brushed in (flat, high, bent):
        (tree,) = answered(BARE, brushed).front
        assert isinstance(tree, Tree)
        kinds.append(tree.kind)
        assert drawn(BARE, brushed)[coverage(brushed.mask, SIZE, SIZE) > 0.5].mean() > 0.5
    assert kinds == ["bush", "poplar", "round"]


def test_things_have_the_colours_of_their_kin_that_stand_nearest() -> None:
    village = next(s for s in map(sample_scene, range(100)) if len(s.buildings) > 1 and s.trees)
    for building in village.buildings:
        (piece,) = answered(village, BrushStroke(WALL, ((building.x, 0.8),), 0.05, 1.0)).front
        assert piece.material.wall == building.material.wall  # type: ignore[union-attr]
    (piece,) = answered(BARE, BrushStroke(WALL, ((0.5, 0.8),), 0.05, 1.0)).front
    assert piece.material.masonry == "plaster"  # type: ignore[union-attr]


def test_strokes_by_chance_are_where_things_stand() -> None:
    seen: dict[int, int] = dict.fromkeys(FORMED, 0)
    on_buildings = 0
    for seed in range(300):
        scene = sample_scene(seed)
        brushed = random_stroke(np.random.default_rng(seed), scene)
        assert brushed == random_stroke(np.random.default_rng(seed), scene)
        seen[brushed.concept] += 1
        points = np.array(brushed.points)
        assert ((points >= 0) & (points <= 1)).all()
        assert 0.04 <= brushed.radius <= 0.16
        assert 0.2 <= brushed.strength <= 1
        low, high = points[:, 1].max() + brushed.radius, points[:, 1].min()
        if brushed.concept == CLOUD:
            assert high < scene.sky.horizon
        if brushed.concept in (TREE, WALL):
            assert low > scene.sky.horizon - 0.021
        if brushed.concept in (ROOF, DOME):
            walls = [p for b in scene.buildings for p in parts(b, 1.0) if isinstance(p, Wall)]
            x = points[:, 0].mean()
            on_buildings += any(min(a for a, _ in w.points) < x < max(a for a, _ in w.points) for w in walls)
    assert min(seen.values()) > 20, {CONCEPTS[c]: n for c, n in seen.items()}
    assert on_buildings > 0.5 * (seen[ROOF] + seen[DOME])


def test_the_same_scene_otherwise() -> None:
    scene = sample_scene(5)
    brushed = BrushStroke(TREE, ((0.5, 0.7),), 0.08, 1.0)
    (before, _), (after, _) = render(scene, SIZE), render(answered(scene, brushed), SIZE)
    y, x = (np.mgrid[0:SIZE, 0:SIZE] + 0.5) / SIZE
    far = np.hypot(x - 0.5, y - 0.7) > 0.2
    assert np.array_equal(before[far], after[far])
    assert not np.array_equal(before, after)
