from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from server.painting import proposals
from server.painting.proposals import FAINT, LEAVES, SIDE, propose

SKY, GRASS, TRUNK, LEAF = (90, 150, 230), (100, 170, 60), (110, 70, 40), (30, 100, 50)


def scene(side: int = 64) -> np.ndarray:
    """Sky over grass and a tree before both, all a little noisy: (side, side, 3)."""
    pixels = np.empty((64, 64, 3))
    pixels[:32], pixels[32:] = SKY, GRASS
    pixels[34:46, 30:34], pixels[16:34, 22:42] = TRUNK, LEAF
    pixels += np.random.RandomState(0).normal(0, 3, pixels.shape)
    return pixels.clip(0, 255).astype(np.uint8).repeat(side // 64, 0).repeat(side // 64, 1)


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    return float((one & other).sum() / (one | other).sum())


def test_regions_are_a_tree_over_all_pixels() -> None:
    tree = propose(scene())
    count = len(tree.parents)
    assert len(tree.prominence) == count <= 2 * LEAVES - 1
    assert set(np.unique(tree.labels)) == set(range((count + 1) // 2))  # each leaf has pixels, no other region does
    assert all(parent > region for region, parent in enumerate(tree.parents[:-1]))
    assert (tree.parents[-1], tree.prominence[-1]) == (-1, 0)
    assert tree.mask(count - 1).all()
    for region in range((count + 1) // 2, count):  # of two parts each
        parts = [tree.mask(part) for part in range(region) if tree.parents[part] == region]
        assert len(parts) == 2
        assert np.array_equal(parts[0] ^ parts[1], tree.mask(region))


@pytest.mark.parametrize(
    ("x", "y", "rows", "columns"),
    [(0.1, 0.2, slice(0, 32), slice(0, 64)), (0.9, 0.9, slice(32, 64), slice(0, 64)), (0.4, 0.4, slice(16, 34), None)],
)
def test_a_click_takes_a_thing(x: float, y: float, rows: slice, columns: slice | None) -> None:
    pixels = scene()
    expected = np.zeros((64, 64), bool)
    expected[rows, columns or slice(22, 42)] = True
    if columns:  # the tree stands before it
        expected[16:34, 22:42] = expected[34:46, 30:34] = False
    tree = propose(pixels)
    thing = tree.mask(tree.thing_at(x, y))
    assert overlap(thing, expected) > 0.9
    regions = [tree.mask(region) for region in tree.regions_at(x, y)]
    assert all((small <= large).all() for small, large in pairwise(regions))
    assert any(np.array_equal(thing, region) for region in regions)
    assert regions[-1].all()


def test_the_radius_says_how_large_a_thing_is_meant() -> None:
    tree = propose(scene())
    sizes = [tree.mask(tree.thing_at(0.49, 0.65, radius)).sum() for radius in (0.03, 0.075, 0.5)]
    assert sizes == sorted(sizes)
    assert sizes[0] < 60 < sizes[-1]  # the trunk has 48 pixels


def test_a_flat_picture_is_one_thing() -> None:
    tree = propose(np.full((40, 48, 3), 77, np.uint8))
    assert tree.mask(tree.thing_at(0.3, 0.3)).all()
    assert max(tree.prominence) < FAINT


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (8, 8), (16, 3)])
def test_the_smallest_pictures(size: tuple[int, int]) -> None:
    tree = propose(np.random.RandomState(1).randint(0, 256, (*size, 3)).astype(np.uint8))
    assert tree.labels.shape == size
    assert len(tree.parents) == 2 * size[0] * size[1] - 1
    assert tree.mask(tree.thing_at(1, 1)).any()


def test_a_large_picture_is_looked_at_smaller() -> None:
    pixels = scene(512)[:, :384]
    tree = propose(pixels)
    assert tree.labels.shape == (SIDE, SIDE * 3 // 4)
    assert len(tree.parents) == 2 * LEAVES - 1
    assert overlap(tree.mask(tree.thing_at(0.1, 0.2)), tree.mask(tree.thing_at(0.9, 0.2))) == 1  # the sky


def test_rounds_and_single_mergers_find_the_same_things(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = scene()
    masks = []
    for limit in (50, 5000):
        monkeypatch.setattr(proposals, "ONE_BY_ONE", limit)
        tree = propose(pixels)
        masks.append(tree.mask(tree.thing_at(0.4, 0.4)))
    assert overlap(*masks) > 0.9


def test_it_ends_when_it_is_told_to() -> None:
    class Enough(Exception):
        pass

    def check() -> None:
        raise Enough

    with pytest.raises(Enough):
        propose(scene(), check)
