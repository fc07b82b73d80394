"""An update of a kept pass draws what a whole pass draws, and no more than what changed."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch

from server.model.folded import FoldedGenerator
from server.model.generator import Layer
from server.model.latents import latents_of
from server.model.progressive import ProgressiveGenerator
from server.painting.edits import PlacedEdit, UnitEdit
from server.painting.passes import Pass, changed_cells, draw, local_behind, plan
from tests.helpers.tiny import WIDTHS

FIRST = "layer3"
SEQUENCES, STEPS = 16, 25  # 400 edits for each network


def make(widths: tuple[int, ...]) -> FoldedGenerator:
    torch.manual_seed(3)
    return FoldedGenerator(ProgressiveGenerator(8, widths).eval().requires_grad_(False))


def whole(generator: FoldedGenerator, seed: int, placed: list[PlacedEdit]) -> Pass:
    with torch.inference_mode():
        return draw(generator, generator.trunk(latents_of([seed], 8), FIRST), FIRST, placed)


def edit(layer: Layer, rows: slice, columns: slice, strength: float = 1.0, level: float = 2.0) -> PlacedEdit:
    """Four units to a level in a rectangle of cells."""
    cells = np.zeros((layer.height, layer.width), np.float32)
    cells[rows, columns] = 1
    return PlacedEdit(UnitEdit(layer, np.arange(4), np.full(4, level, np.float32), strength, None), cells)


def random_edit(layers: tuple[Layer, ...], choose: random.Random) -> PlacedEdit:
    """A few cells with soft edges, at the borders more often than elsewhere; a removal now and then."""
    layer = choose.choice(layers)
    high, wide = choose.randint(1, 3), choose.randint(1, 3)
    top = choose.choice([0, layer.height - high, choose.randint(0, layer.height - high)])
    left = choose.choice([0, layer.width - wide, choose.randint(0, layer.width - wide)])
    made = edit(layer, slice(top, top + high), slice(left, left + wide), choose.random(), choose.choice([0, 3, -3]))
    soft = np.random.RandomState(choose.randrange(2**31)).uniform(0.1, 1, made.coverage.shape)
    return PlacedEdit(made.edit, made.coverage * soft.astype(np.float32))


def next_edits(placed: list[PlacedEdit], layers: tuple[Layer, ...], choose: random.Random) -> list[PlacedEdit]:
    """One more edit, or another in the place of one, or one less: undone, or anywhere."""
    what, i = choose.random(), choose.randrange(len(placed) + 1)
    if what < 0.5 or not placed:
        return [*placed, random_edit(layers, choose)]
    if what < 0.7:
        return placed[:-1]
    return [*placed[: i - 1], random_edit(layers, choose), *placed[i:]] if what < 0.85 else placed[: i - 1] + placed[i:]


@pytest.mark.parametrize("widths", [WIDTHS, (16, 17, 18, 15, 9)])  # of 32 and of 64 pixels
def test_any_sequence_of_edits_agrees_with_whole_passes(widths: tuple[int, ...]) -> None:
    generator = make(widths)
    for sequence in range(SEQUENCES):
        choose = random.Random(sequence)
        painted = tuple(choose.sample(generator.layers[2:], 2))  # of all layers from FIRST on, the finest too
        placed: list[PlacedEdit] = []
        kept = whole(generator, sequence, placed)
        for _ in range(STEPS):
            placed = next_edits(placed, painted, choose)
            expected = whole(generator, sequence, placed)
            update = plan(kept, generator, placed)
            if update is None:  # the first edit of a layer that is not kept
                kept = expected
                continue
            with torch.inference_mode():
                kept = update.run()
            assert np.abs(kept.pixels.astype(int) - expected.pixels).max() <= 1
            assert kept.placed == tuple(placed)


def test_an_update_touches_nothing_outside_and_costs_its_share() -> None:
    generator = make((16, 17, 18, 15, 9))
    layer = generator.layer("layer4")
    kept = whole(generator, 1, [])
    corner, centre = edit(layer, slice(0, 1), slice(0, 1)), edit(layer, slice(4, 5), slice(4, 5))
    before = kept.pixels.copy()
    shares = []
    for one in (corner, centre):
        update = plan(kept, generator, [one])
        assert update is not None
        shares.append(update.share)
        with torch.inference_mode():
            after = update.run()
        box = update.boxes[generator.output_name]
        outside = np.ones(before.shape[:2], np.bool_)
        outside[box.top : box.bottom, box.left : box.right] = False
        assert outside.any()
        assert np.array_equal(after.pixels[outside], before[outside])
        assert not np.array_equal(after.pixels, before)
    assert np.array_equal(kept.pixels, before)
    assert 0 < shares[0] < shares[1] < 1


def test_the_same_edits_cost_nothing() -> None:
    generator = make(WIDTHS)
    one = edit(generator.layer("layer4"), slice(2, 4), slice(0, 3))
    kept = whole(generator, 1, [one])
    update = plan(kept, generator, [edit(generator.layer("layer4"), slice(2, 4), slice(0, 3))])
    assert update is not None
    assert (update.share, update.boxes) == (0, {})
    assert update.run().pixels is kept.pixels


def test_a_layer_that_reaches_far_takes_whole_passes() -> None:
    generator = make(WIDTHS)
    assert local_behind(generator, "layer1") is not None
    generator._local.pop("layer6")
    assert local_behind(generator, "layer4") is None
    assert plan(whole(generator, 1, []), generator, []) is None
    assert local_behind(generator, "layer6") is not None


def test_fine_layers_are_kept_only_where_they_are_edited() -> None:
    generator = make((16, 17, 18, 15, 9))
    assert list(whole(generator, 1, []).outputs) == ["layer3", "layer4", "layer5", "layer6"]  # up to 16x16 of 64
    fine = edit(generator.layer("layer9"), slice(2, 4), slice(0, 3))
    kept = whole(generator, 1, [fine])
    assert list(kept.outputs)[-1] == "layer9"
    assert plan(whole(generator, 1, []), generator, [fine]) is None
    assert plan(kept, generator, []) is not None


def test_changed_cells_are_those_that_differing_edits_cover() -> None:
    layer = Layer("layer4", 8, 8, 8)
    a, b = edit(layer, slice(0, 2), slice(0, 2)), edit(layer, slice(6, 8), slice(6, 8))
    longer = edit(layer, slice(0, 2), slice(0, 5))
    weaker = edit(layer, slice(0, 2), slice(0, 2), strength=0.5)

    def cells(old: list[PlacedEdit], new: list[PlacedEdit]) -> list[list[int]] | None:
        found = changed_cells(old, new)
        return None if found is None else np.argwhere(found).tolist()

    corner = [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert cells([], []) is None
    assert cells([a, b], [a, b]) is None
    assert cells([b], [a, b]) == corner
    assert cells([a, b], [b]) == corner
    assert cells([a, b], [weaker, b]) == corner
    assert cells([b, a], [b, longer]) == [[0, 2], [0, 3], [0, 4], [1, 2], [1, 3], [1, 4]]
    assert len(cells([a, b], [b, a]) or []) == 8
