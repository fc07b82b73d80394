"""Rehearsed edits: what is drawn, removed, and what the units are held to."""

import numpy as np
import pytest
import torch

from server.scenes.concepts import CONCEPTS
from server.training import edits
from server.training.data import Batch

C, K = len(CONCEPTS), 2
TREE, GRASS = CONCEPTS.index("tree"), CONCEPTS.index("grass")


def onehot(labels: np.ndarray) -> torch.Tensor:
    return torch.nn.functional.one_hot(torch.from_numpy(labels), C).permute(0, 3, 1, 2).float()


@pytest.fixture
def batch() -> Batch:
    """Scenes of grass with a square tree, and twins without it."""
    n = 40
    labels = np.full((n, 64, 64), GRASS, np.int64)
    labels[:, 16:32, 16:32] = TREE
    y, ty = onehot(labels), onehot(np.full((n, 64, 64), GRASS, np.int64))
    x = y[:, TREE : TREE + 1].repeat(1, 3, 1, 1)
    return Batch(torch.zeros(n, 128), x, y, torch.zeros_like(x), ty)


def test_apply_sets_levels_inside_and_keeps_the_rest() -> None:
    r = torch.randn(1, 30, 16, 16)
    alpha = torch.zeros(1, C, 16, 16)
    alpha[0, TREE, 3, 4] = 1.0
    alpha[0, TREE, 8, 8] = 0.25
    levels = torch.arange(C * K, dtype=torch.float32)
    out = edits.apply(r, alpha, torch.tensor([1.5]), levels)
    units = [TREE * K, TREE * K + 1]
    assert torch.allclose(out[0, units, 3, 4], 1.5 * levels[units])
    assert torch.allclose(out[0, units, 8, 8], 0.75 * r[0, units, 8, 8] + 0.25 * 1.5 * levels[units])
    touched = torch.zeros(30, 16, 16, dtype=torch.bool)
    touched[units, 3, 4] = touched[units, 8, 8] = True
    assert torch.equal(out[0][~touched], r[0][~touched])


def test_aligned_units_cost_nothing_and_others_do() -> None:
    shares = torch.zeros(2, C, 16, 16)
    shares[:, GRASS, 8:] = 1.0
    shares[:, TREE, :8] = 1.0
    perfect = torch.zeros(2, C * K + 5, 16, 16)
    for c in (GRASS, TREE):
        perfect[:, c * K : (c + 1) * K] = 2.0 * shares[:, c : c + 1]
    # Concepts that never occur have no present cell to be wrong in.
    assert float(edits.align_loss(perfect, shares, K, 2.0)) == pytest.approx(0.0, abs=1e-6)
    assert float(edits.align_loss(perfect + 1.0, shares, K, 2.0)) > 0.1


def test_levels_are_the_mean_where_the_concept_fills_the_cell() -> None:
    shares = torch.zeros(1, C, 16, 16)
    shares[0, TREE, :4] = 1.0
    r = torch.zeros(1, C * K, 16, 16)
    r[0, TREE * K, :4], r[0, TREE * K + 1, :4], r[0, TREE * K, 4:] = 3.0, 5.0, -9.0
    levels = edits.measure_levels(r, shares, K)
    assert levels[TREE * K].item() == pytest.approx(3.0)
    assert levels[TREE * K + 1].item() == pytest.approx(5.0)


def test_rehearsals_know_their_outcome(batch: Batch) -> None:
    rng = np.random.default_rng(0)
    task = edits.rehearse(batch, rng, edits.chance_kinds(rng, len(batch.images), plain=4))
    assert not task.alpha[:4].any()
    assert torch.equal(task.target[:4], batch.images[:4])
    kinds = set()
    for i in range(4, 40):
        drawn = task.factor[i] > 0
        concept = int(task.alpha[i].flatten(1).sum(1).argmax())
        kinds.add((bool(drawn), CONCEPTS[concept]))
        middle = task.target[i, 0, 20:28, 20:28].mean()
        if not drawn:
            assert torch.equal(task.target[i], batch.twin_images[i])
            assert task.alpha[i, TREE, 4:8, 4:8].min() == 1
        elif concept == TREE:
            assert torch.equal(task.images[i], batch.twin_images[i])
            assert middle == 1
        else:
            assert torch.equal(task.images[i], batch.images[i])
            assert middle == 0
    assert kinds == {(False, "tree"), (True, "tree"), (True, "grass")}


def test_a_scene_without_a_difference_is_left_alone(batch: Batch) -> None:
    same = Batch(batch.latents, batch.images, batch.labels, batch.images, batch.labels)
    rng = np.random.default_rng(0)
    task = edits.rehearse(same, rng, edits.chance_kinds(rng, len(same.images), plain=0))
    assert not task.alpha.any()
    assert not task.factor.any()
    assert torch.equal(task.target, batch.images)


def test_blobs_are_soft_masks_of_many_shapes() -> None:
    masks = edits.blobs(np.random.default_rng(0), 50)
    assert masks.shape == (50, 1, 16, 16)
    assert masks.min() >= 0
    assert masks.max() <= 1
    areas = masks.sum((1, 2, 3))
    assert areas.max() > 4 * areas.clamp(min=1).min()
