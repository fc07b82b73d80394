from __future__ import annotations

import torch

from server.lab.dissect.clusters.grouping import Groups, find_groups, middle_layer, smoothed
from server.lab.dissect.running.passes import Passes
from server.lab.dissect.units.samples import activations
from server.model.progressive import ProgressiveGenerator
from tests.helpers.handmade import HandmadeGenerator, passes


def test_patches_of_the_handmade_generator_are_groups_of_their_own() -> None:
    p = passes()
    groups = find_groups(p, "layer1", 3, range(60), 0)
    assert list(groups.shares) == sorted(groups.shares, reverse=True)
    assert abs(sum(groups.shares) - 1) < 1e-9
    r = activations(p, range(200, 220), "layer1").r
    labels = groups.labels(r, (32, 32))
    assert labels.shape == (20, 32, 32)
    red = (r[:, 0] > 1).repeat_interleave(4, 1).repeat_interleave(4, 2)  # (N, 32, 32)
    shares = torch.bincount(labels[red].long(), minlength=3) / red.sum()
    assert shares.max() > 0.7


def test_the_same_seed_gives_the_same_groups() -> None:
    one, same = (find_groups(passes(), "layer1", 3, range(20), 5) for _ in range(2))
    assert torch.equal(one.centres, same.centres)
    again = Groups.of_arrays("layer1", one.arrays())
    assert torch.equal(again.centres, one.centres)
    assert again.shares == one.shares


def test_smoothing_removes_a_checkerboard() -> None:
    board = (torch.arange(8)[:, None] + torch.arange(8)) % 2 * 2.0 - 1  # (8, 8)
    assert smoothed(board[None, None])[..., 1:-1, 1:-1].abs().max() < 1e-6
    assert torch.allclose(smoothed(torch.full((2, 3, 4, 5), 7.0)), torch.full((2, 3, 4, 5), 7.0))


def test_the_layer_in_the_middle_has_the_root_of_the_pictures_rows() -> None:
    assert middle_layer(ProgressiveGenerator(8, (4, 4, 4, 4, 4))).name == "layer3"  # 64 pixels, 8x8
    assert middle_layer(ProgressiveGenerator(8, (4,) * 7)).name == "layer5"  # 256 pixels, 16x16
    assert middle_layer(HandmadeGenerator()).name == "layer1"


def test_units_that_never_change_decide_nothing() -> None:
    torch.manual_seed(0)
    generator = ProgressiveGenerator(8, (4, 4, 4))
    generator.layer3.conv.weight.data[1] = 0
    p = Passes(generator.eval(), passes().segmenter, False, torch.device("cpu"))
    groups = find_groups(p, "layer3", 4, range(12), 0)
    assert bool(torch.isfinite(groups.centres).all())
