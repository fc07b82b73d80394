"""Directions of a latent whose attributes are known functions of it."""

from __future__ import annotations

import numpy as np
import pytest

from server.lab.directions.find import fit, orthogonalise

D = 12


def planted(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Latents, scores and the true weights: two attributes that share an axis, a third that is half noise."""
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((count, D)).astype(np.float32)
    weights = np.zeros((3, D))
    weights[0, 0] = 1
    weights[1, :2] = 0.6, 0.8
    weights[2, 5] = 1
    noise = np.zeros((count, 3))
    noise[:, 2] = rng.standard_normal(count)
    scores = np.stack([np.tanh(z @ weights[0]), 7 + 3 * (z @ weights[1]), z @ weights[2]], 1) + noise
    return z, scores.astype(np.float32), weights


def test_the_weights_point_where_the_attribute_grows() -> None:
    z, scores, weights = planted(3000)
    found = fit(z, scores)
    assert found.weights.shape == (3, D)
    for w, true in zip(found.weights, weights, strict=True):
        assert w @ true / np.linalg.norm(w) > 0.98
    assert found.r2[0] > 0.85
    assert found.r2[1] > 0.9
    assert found.r2[2] == pytest.approx(0.5, abs=0.08)


def test_r2_is_that_of_samples_the_fit_has_not_seen() -> None:
    rng = np.random.default_rng(1)
    z, chance = rng.standard_normal((60, D)), rng.standard_normal((60, 1))
    assert fit(z, chance).r2[0] < 0.2


def test_the_length_of_a_latent_plays_no_part() -> None:
    z, scores, _ = planted(600)
    lengths = np.random.default_rng(2).uniform(0.5, 2, (600, 1))
    np.testing.assert_allclose(fit(z, scores).weights, fit(z * lengths, scores).weights, atol=1e-5)


def test_a_direction_changes_no_other_attribute() -> None:
    z, scores, weights = planted(3000)
    vectors = orthogonalise(fit(z, scores).weights)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1)
    changes = vectors @ weights.T  # of each true attribute along each direction
    assert np.abs(changes - np.diag(np.diag(changes))).max() < 0.05
    assert changes[1, 1] == pytest.approx(0.8, abs=0.05)  # what is left of 0.6, 0.8 without the shared axis


def test_directions_that_need_no_turning_stay() -> None:
    weights = np.diag([3.0, -2.0, 0.5])
    np.testing.assert_allclose(orthogonalise(weights), np.diag([1.0, -1.0, 1.0]), atol=1e-12)


def test_too_few_samples_and_attributes_that_are_one_are_refused() -> None:
    z, scores, _ = planted(3 * D - 1)
    with pytest.raises(ValueError, match=f"take {3 * D} or more"):
        fit(z, scores)
    with pytest.raises(ValueError, match="same direction"):
        orthogonalise(np.ones((2, D)))
