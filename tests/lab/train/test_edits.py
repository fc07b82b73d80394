"""Rehearsed edits: what is drawn, what is removed, and what comes of it."""

import numpy as np
import pytest
import torch

from server.lab.scenes.concepts import CONCEPTS
from server.lab.train import edits
from server.lab.train.data import Batch, Views
from server.lab.train.layout import CHANNELS, SHARES, quarters

C = len(CONCEPTS)
TREE, GRASS, WATER = CONCEPTS.index("tree"), CONCEPTS.index("grass"), CONCEPTS.index("water")


def views(labels: np.ndarray) -> Views:
    """Pictures of labels (N, 64, 64): white where trees stand."""
    y = torch.nn.functional.one_hot(torch.from_numpy(labels), C).permute(0, 3, 1, 2).float()
    layouts = torch.zeros(len(labels), CHANNELS, 16, 16)
    layouts[:, SHARES] = quarters(y)
    return Views(y[:, TREE : TREE + 1].repeat(1, 3, 1, 1), y, layouts)


@pytest.fixture
def batch() -> Batch:
    """Scenes of grass with a square tree, and twins without it."""
    labels = np.full((40, 64, 64), GRASS, np.int64)
    bare = labels.copy()
    labels[:, 16:32, 16:32] = TREE
    return Batch(views(labels), views(bare))


def test_apply_sets_the_quarters_inside_and_keeps_the_rest() -> None:
    r = torch.randn(1, CHANNELS + 9, 16, 16)
    alpha = torch.zeros(1, C, 16, 16)
    alpha[0, TREE, 3, 4] = 1.0
    alpha[0, TREE, 8, 8] = 0.25
    out = edits.apply(r, alpha, torch.tensor([1.5]))
    units = [4 * TREE + i for i in range(4)]
    assert torch.allclose(out[0, units, 3, 4], torch.full((4,), 1.5))
    assert torch.allclose(out[0, units, 8, 8], 0.75 * r[0, units, 8, 8] + 0.25 * 1.5)
    touched = torch.zeros(CHANNELS + 9, 16, 16, dtype=torch.bool)
    touched[units, 3, 4] = touched[units, 8, 8] = True
    assert torch.equal(out[0][~touched], r[0][~touched])


def test_rehearsals_know_their_outcome(batch: Batch) -> None:
    rng = np.random.default_rng(0)
    scenes, twins = batch.scenes, batch.twins
    task = edits.rehearse(batch, rng, edits.random_kinds(rng, 40, plain=4))
    assert not task.alpha[:4].any()
    assert torch.equal(task.target[:4], scenes.images[:4])
    kinds = set()
    for i in range(4, 40):
        factor = float(task.factor[i])
        concept = int(task.alpha[i].flatten(1).sum(1).argmax())
        kinds.add((factor > 0, CONCEPTS[concept]))
        middle = task.target[i, 0, 20:28, 20:28].mean()
        if factor == 0:
            assert torch.equal(task.layouts[i], scenes.layouts[i])
            assert torch.equal(task.target[i], twins.images[i])
            assert task.alpha[i, TREE, 4:8, 4:8].min() == 1
        elif concept == TREE:
            assert torch.equal(task.layouts[i], twins.layouts[i])
            assert edits.DRAWN[0] <= factor <= edits.DRAWN[1]
            assert middle == 1
        else:
            assert torch.equal(task.layouts[i], scenes.layouts[i])
            assert edits.COVERING[0] <= factor <= edits.COVERING[1]
            assert middle == 0
    assert kinds == {(False, "tree"), (True, "tree"), (True, "grass")}


def test_strokes_for_sketches_are_of_whole_cells_of_theirs_and_draw_what_has_no_form() -> None:
    labels = np.full((40, 64, 64), GRASS, np.int64)
    bare = labels.copy()
    labels[:, 16:32, 20:36] = WATER
    labels[:, 40:56, 20:36] = TREE
    batch = Batch(views(labels), views(bare))
    rng, early = np.random.default_rng(0), [i % 2 == 0 for i in range(40)]
    task = edits.rehearse(batch, rng, ["draw"] * 40, early)
    coarse = torch.nn.functional.max_pool2d(task.alpha, 2).repeat_interleave(2, 2).repeat_interleave(2, 3)
    assert [torch.equal(*pair) for pair in zip(task.alpha, coarse, strict=True)][::2] == [True] * 20
    assert not all(torch.equal(*pair) for pair in zip(task.alpha, coarse, strict=True))
    assert not task.alpha[::2, TREE].any()
    assert task.alpha[::2, WATER].flatten(1).any(1).all()
    assert task.alpha[1::2, TREE].any()
    for alpha, inside in zip(task.alpha, task.inside, strict=True):
        assert torch.equal(alpha.amax(0) > 0, inside[0, ::4, ::4] > 0)


def test_a_scene_that_answers_a_stroke_is_what_becomes_of_the_twin(batch: Batch) -> None:
    task = edits.rehearse(batch, np.random.default_rng(0), ["answer"] * 40)
    assert not task.alpha.any()
    assert (task.factor >= edits.ANSWERED[0]).all()
    assert (task.factor <= edits.ANSWERED[1]).all()
    assert torch.equal(task.images, batch.twins.images)
    assert torch.equal(task.layouts, batch.twins.layouts)
    assert torch.equal(task.target, batch.scenes.images)
    assert torch.equal(task.target_labels, batch.scenes.labels)
    assert torch.equal(task.inside, batch.scenes.labels[:, TREE : TREE + 1])


def test_a_scene_without_a_difference_is_left_alone(batch: Batch) -> None:
    same = Batch(batch.scenes, batch.scenes)
    rng = np.random.default_rng(0)
    task = edits.rehearse(same, rng, edits.random_kinds(rng, 40, plain=0))
    assert not task.alpha.any()
    assert not task.factor.any()
    assert torch.equal(task.target, batch.scenes.images)


def test_blobs_are_soft_masks_of_many_shapes() -> None:
    masks = edits.blobs(np.random.default_rng(0), 50)
    assert masks.shape == (50, 1, 16, 16)
    assert masks.min() >= 0
    assert masks.max() <= 1
    areas = masks.sum((1, 2, 3))
    assert areas.max() > 4 * areas.clamp(min=1).min()


def drawn(labels: np.ndarray, bare: np.ndarray, kind: str = "draw", tries: int = 60) -> edits.Rehearsal:
    """The same edit, rehearsed many times."""
    several = Batch(views(np.repeat(labels[None], tries, 0)), views(np.repeat(bare[None], tries, 0)))
    return edits.rehearse(several, np.random.default_rng(1), [kind] * tries)


def test_strokes_that_draw_know_no_outlines() -> None:
    y, x = np.mgrid[0:64, 0:64]
    crown = np.hypot(x - 31.5, y - 31.5) < 11
    own = torch.nn.functional.avg_pool2d(torch.from_numpy(crown)[None].float(), 2)[0]  # (32, 32)
    rng = np.random.default_rng(0)
    strokes = [edits.stroke_cells(rng, own, own > 0.3, reach=3, filled=0.5) for _ in range(40)]
    assert all(own[stroke].sum() > 0.8 * own.sum() for stroke in strokes)
    assert all(own[stroke].mean() >= 0.5 for stroke in strokes)
    boxes = [s for s in strokes if s.sum() == s.any(0).sum() * s.any(1).sum()]
    assert any((own[box] == 0).any() for box in boxes)  # with corners that the crown lacks
    assert any(s.sum() > max(box.sum() for box in boxes) for s in strokes)  # with a rim all around


def test_of_large_things_parts_are_drawn_as_well() -> None:
    bare = np.full((64, 64), GRASS, np.int64)
    labels = bare.copy()
    labels[40:48] = TREE  # from side to side
    task = drawn(labels, bare)
    strokes = task.alpha[:, TREE] > 0  # (60, 16, 16)
    widths = strokes.any(1).sum(1)
    parts = widths < 16
    assert 0.25 < parts.float().mean() < 0.75
    assert widths[parts].min() >= 3
    assert widths[parts].max() <= 12
    for stroke, target, whole in zip(strokes, task.target, ~parts, strict=True):
        shown = target[0, 40:48] == 1
        assert torch.equal(shown, stroke[10:12].repeat_interleave(4, 0).repeat_interleave(4, 1)) or bool(whole)


def test_a_stroke_that_a_thing_would_not_fill_follows_it() -> None:
    bare = np.full((64, 64), GRASS, np.int64)
    labels, (y, x) = bare.copy(), np.mgrid[0:64, 0:64]
    line = abs(x - y) < 3
    labels[line] = TREE
    own = torch.nn.functional.avg_pool2d(torch.from_numpy(line)[None].float(), 4)[0]  # (16, 16)
    assert (drawn(labels, bare).alpha[:, TREE, own < 0.01] == 0).all()


def test_what_is_drawn_whole_may_reach_beyond_its_stroke_and_a_part_of_something_may_not() -> None:
    bare = np.full((64, 64), GRASS, np.int64)
    labels = bare.copy()
    labels[28:48, 24:44] = TREE
    labels[48:50, 30:34] = TREE  # a stem, too thin for strokes
    task = drawn(labels, bare)
    assert (task.target[:, :, 48:50, 30:34] == 1).all()
    labels[20:28, 24:44] = CONCEPTS.index("roof")
    task = drawn(labels, bare)
    trees = task.alpha[:, TREE].flatten(1).any(1)
    assert 0 < trees.sum() < len(trees)
    stroke = torch.nn.functional.interpolate((task.alpha[trees, TREE][:, None] > 0).float(), size=64) > 0
    outside = ~stroke.expand(-1, C, -1, -1)
    assert torch.equal(
        task.target_labels[trees][outside], views(bare[None]).labels.expand(stroke.shape[0], -1, -1, -1)[outside]
    )


def test_doors_and_windows_are_not_asked_of_a_stroke_that_draws_wall() -> None:
    bare = np.full((64, 64), GRASS, np.int64)
    labels = bare.copy()
    labels[24:44, 24:44] = CONCEPTS.index("wall")
    labels[30:36, 30:36] = CONCEPTS.index("window")
    labels[38:44, 38:42] = CONCEPTS.index("door")
    openings = torch.from_numpy(np.isin(labels, edits.OPENINGS))
    kinds = set()
    for kind in ("draw", "again", "remove"):
        task = drawn(labels, bare, kind)
        for alpha, factor, counts in zip(task.alpha, task.factor, task.counts[:, 0], strict=True):
            walls = bool(alpha[CONCEPTS.index("wall")].any()) and float(factor) > 0
            kinds.add((kind, walls))
            assert torch.equal(counts == 0, openings) if walls else bool(counts.all())
            if walls:
                assert (alpha[CONCEPTS.index("wall"), 6:11, 6:11] > 0).all()  # no holes in it
    assert kinds == {("draw", True), ("draw", False), ("again", True), ("again", False), ("remove", False)}


def test_what_stands_can_be_drawn_again() -> None:
    bare = np.full((64, 64), GRASS, np.int64)
    labels = bare.copy()
    labels[20:44, 20:44] = TREE
    task = drawn(labels, bare, "again", 4)
    scene = views(labels[None])
    assert torch.equal(task.layouts, scene.layouts.expand(4, -1, -1, -1))
    assert torch.equal(task.target, scene.images.expand(4, -1, -1, -1))
    assert (task.alpha[:, TREE, 5:11, 5:11] > 0).all()
    assert (task.factor >= edits.DRAWN[0]).all()
