"""Segmenters: how pictures are hardened, and how concepts are weighed."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from server.lab.training.segmenters import concept_weights, harden


def test_hardened_pictures_stay_within_their_range() -> None:
    x = torch.rand(4, 3, 32, 32) * 2 - 1
    rng = np.random.default_rng(0)
    found = [harden(x, rng) for _ in range(20)]
    assert all(one.shape == x.shape and one.abs().max() <= 1 for one in found)
    assert all((one - x).abs().mean() > 0.01 for one in found)
    assert max(float((one - x).abs().mean()) for one in found) < 0.5


def test_rare_concepts_count_more_and_a_pixel_counts_once_on_average() -> None:
    shares = torch.tensor([0.7, 0.2, 0.1, 0.0])
    weights = concept_weights(shares)
    assert weights.tolist() == sorted(weights.tolist())
    assert float((weights * shares).sum()) == pytest.approx(1)
