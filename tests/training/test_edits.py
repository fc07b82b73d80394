"""Rehearsed edits: what is drawn, removed, and what the units are held to."""

import numpy as np
import pytest
import torch

from server.scenes.concepts import CONCEPTS
from server.training import edits
from server.training.data import Batch, Views
from server.training.layout import CHANNELS, SHARES, quarters

C = len(CONCEPTS)
TREE, GRASS = CONCEPTS.index("tree"), CONCEPTS.index("grass")


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
    return Batch(views(labels), views(bare), torch.zeros(40, 128))


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
    task = edits.rehearse(batch, rng, edits.chance_kinds(rng, 40, plain=4))
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


def test_a_scene_without_a_difference_is_left_alone(batch: Batch) -> None:
    same = Batch(batch.scenes, batch.scenes, batch.latents)
    rng = np.random.default_rng(0)
    task = edits.rehearse(same, rng, edits.chance_kinds(rng, 40, plain=0))
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
