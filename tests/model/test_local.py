"""Blocks in boxes compute what they compute whole."""

from __future__ import annotations

import random

import pytest
import torch

from server.model import folded
from server.model.folded import FoldedGenerator
from server.model.local import Box
from server.model.progressive import ProgressiveGenerator


def make() -> FoldedGenerator:
    torch.manual_seed(3)
    return FoldedGenerator(ProgressiveGenerator(8, (16, 12, 8, 8)).eval().requires_grad_(False))


@pytest.mark.parametrize("packed", [True, False])
def test_a_box_of_the_output_is_what_the_whole_block_makes_there(packed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not packed:
        monkeypatch.setattr(folded, "_packed", lambda *_: None)
    generator = make()
    choose = random.Random(1)
    assert generator.local("layer1") is None  # 4x4 cells of one
    for before, name in zip(generator.layers, [*(x.name for x in generator.layers[1:]), "output_32x32"], strict=True):
        block = generator.local(name)
        assert block is not None
        x = torch.randn(1, before.units, before.height, before.width)
        with torch.inference_mode():
            whole = generator.block(name)(x)
        side = whole.shape[2]
        for _ in range(20):
            top, left = choose.randrange(side), choose.randrange(side)
            box = Box(top, left, choose.randint(top + 1, side), choose.randint(left + 1, side))
            read = block.read(box)
            bordered = torch.nn.functional.pad(x, (9, 9, 9, 9))
            part = bordered[:, :, read.top + 9 : read.bottom + 9, read.left + 9 : read.right + 9]
            with torch.inference_mode():
                y = block.run(part, read, box)
            torch.testing.assert_close(y, whole[:, :, box.top : box.bottom, box.left : box.right], atol=1e-4, rtol=1e-3)


def test_what_a_cell_reaches_is_what_reads_it_and_changes_with_it() -> None:
    generator = make()
    for before, name in zip(generator.layers[1:], [x.name for x in generator.layers[2:]], strict=False):
        block = generator.local(name)
        assert block is not None
        x = torch.randn(1, before.units, before.height, before.width)
        other = x.clone()
        other[:, :, 2, 1] += 1
        with torch.inference_mode():
            differs = (generator.block(name)(other) - generator.block(name)(x)).abs().amax((0, 1)) > 1e-3
        rows, columns = differs.any(1).nonzero()[:, 0].tolist(), differs.any(0).nonzero()[:, 0].tolist()
        reached = block.reached(Box(2, 1, 3, 2)).within(*differs.shape)
        assert reached == Box(rows[0], columns[0], rows[-1] + 1, columns[-1] + 1)
        read = block.read(reached)
        assert read.top <= 2 < read.bottom
        assert read.left <= 1 < read.right


def test_boxes_join_and_are_cut_at_the_grid() -> None:
    box = Box(-1, 2, 3, 9)
    assert box.within(8, 8) == Box(0, 2, 3, 8)
    assert box.area == 28
    assert box.joined(None) == box
    assert box.joined(Box(0, 0, 5, 3)) == Box(-1, 0, 5, 9)
