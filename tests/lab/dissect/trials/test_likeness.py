from __future__ import annotations

import pytest
import torch
from torch import Tensor

from server.lab.dissect.constants import LEAST_PIXELS, STRANGEST
from server.lab.dissect.trials.likeness import FEATURES, Likeness, appearance, steps, turns


def scenes(count: int, tree: float = -0.2, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Pictures of grey land, (N, 3, 32, 32), light or dark, with a tree that is darker by a fixed part and a little
    rough; and where it stands.
    """
    rng = torch.Generator().manual_seed(seed)
    light = torch.rand(count, 1, 1, 1, generator=rng) - 0.5
    images = (light + 0.02 * torch.randn(count, 3, 32, 32, generator=rng)).contiguous()
    shown = torch.zeros(count, 32, 32, dtype=torch.bool)
    shown[:, 10:20, 10:20] = True
    rough = tree + 0.1 * torch.randn(count, 3, 10, 10, generator=rng)
    images[:, :, 10:20, 10:20] += rough + 0.05 * torch.randn(count, 1, 1, 1, generator=rng)
    return images, shown


def known() -> Likeness:
    found = Likeness.of(*scenes(200))
    assert found is not None
    return found


def strange(images: Tensor, shown: Tensor) -> float:
    return float(known().strangeness(images, shown, ~shown).mean())


def test_natural_regions_are_as_strange_as_natural_regions() -> None:
    assert strange(*scenes(50, seed=1)) == pytest.approx(1, abs=0.25)


def test_too_dark_ones_and_flat_ones_are_stranger() -> None:
    black = strange(*scenes(50, tree=-0.6, seed=1))
    assert black > 2.5
    assert strange(*scenes(50, tree=-0.35, seed=1)) < black
    images, shown = scenes(50, seed=1)
    images[:, :, 10:20, 10:20] = images[:, :, 10:20, 10:20].mean((2, 3), keepdim=True)
    assert strange(images, shown) > 2


def test_a_dark_tree_is_natural_in_the_dark_only() -> None:
    images, shown = scenes(2, seed=3)
    images[0] += -0.45 - images[0, 0, 0, 0]  # a dark scene, with a tree as dark as it is there
    images[1] += 0.45 - images[1, 0, 0, 0]  # a light one,
    images[1, :, 10:20, 10:20] = images[0, :, 10:20, 10:20]  # with the tree of the dark
    night, day = known().strangeness(images, shown, ~shown)
    assert night < 2
    assert day == STRANGEST


def test_what_hardly_shows_has_no_look() -> None:
    images, shown = scenes(3)
    shown[:] = False
    shown[0, 0, :LEAST_PIXELS] = True
    found = known().strangeness(images, shown, ~shown)
    assert found.isnan().tolist() == [False, True, True]
    assert appearance(images, shown).shape == (3, FEATURES)


def test_too_few_regions_teach_nothing() -> None:
    assert Likeness.of(*scenes(5)) is None


def test_a_flat_picture_has_no_steps_and_a_checkerboard_has_full_ones() -> None:
    assert steps(torch.full((1, 3, 4, 4), 0.3)).max() == 0
    board = ((torch.arange(4)[:, None] + torch.arange(4)) % 2 * 2 - 1).float().expand(1, 3, 4, 4)
    assert steps(board)[0, :3, :3].min() == 2


def test_a_slope_has_no_turns_and_a_checkerboard_has_full_ones() -> None:
    slope = torch.linspace(-1, 1, 9).expand(1, 3, 9, 9)
    assert turns(slope).max() < 1e-6
    board = ((torch.arange(5)[:, None] + torch.arange(5)) % 2 * 2 - 1).float().expand(1, 3, 5, 5)
    assert turns(board)[0, 1:-1, 1:-1].min() == 4


def test_a_hatched_region_is_stranger_than_a_natural_one_and_a_rough_one_than_a_plain_one() -> None:
    images, shown = scenes(50, seed=1)
    region = images[:, :, 10:20, 10:20].clone()
    mean = region.mean((2, 3), keepdim=True)
    hatch = 0.1 * ((torch.arange(10)[:, None] + torch.arange(10)) % 2 * 2 - 1)
    images[:, :, 10:20, 10:20] = mean + hatch
    assert strange(images, shown) > 2
    found = []
    for by in (0.5, 2.0):  # half and twice as rough
        images[:, :, 10:20, 10:20] = mean + by * (region - mean)
        found.append(strange(images, shown))
    assert found[0] < found[1]
