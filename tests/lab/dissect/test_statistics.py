from __future__ import annotations

import numpy as np
import pytest
import torch

from server.lab.dissect.samples import draw_samples
from server.lab.dissect.statistics import area_shares, compare, frechet_distance, label_pictures
from server.lab.dissect.workers import Workers
from tests.helpers.handmade import CONCEPTS, passes


def test_the_distance_of_normal_clouds_is_the_closed_form() -> None:
    rng = np.random.default_rng(0)
    a = rng.normal(0, 1, (200_000, 2))
    b = rng.normal(0, 1, (200_000, 2)) * (2, 3) + (1, 0)
    assert frechet_distance(a, b) == pytest.approx(1 + (2 - 1) ** 2 + (3 - 1) ** 2, rel=0.02)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a))


def test_one_picture_is_too_few() -> None:
    with pytest.raises(ValueError, match="two"):
        frechet_distance(np.zeros((1, 3)), np.zeros((5, 3)))


def test_a_concept_the_generator_drops_shows() -> None:
    rng = np.random.default_rng(0)
    training = rng.dirichlet((8, 3, 1), 400)
    generated = training.copy()
    generated[:, 0] += generated[:, 2]
    generated[:, 2] = 0
    found = compare(CONCEPTS, generated, training)
    assert found["frechet"] > 10 * found["floor"]
    blue = found["concepts"][2]
    assert (blue["share"], blue["present"]) == (0, 0)
    assert blue["training_share"] > 0.05


def test_without_training_scenes_only_the_samples_count() -> None:
    found = compare(CONCEPTS, np.full((4, 3), 1 / 3), None)
    assert found["frechet"] is None
    assert found["concepts"][0]["training_share"] is None
    assert found["concepts"][0]["share"] == pytest.approx(1 / 3, abs=1e-4)


def test_pictures_are_labelled_as_the_samples_were() -> None:
    samples = draw_samples(passes(), 7, 3)
    assert np.array_equal(label_pictures(passes(), samples.images, Workers(torch.device("cpu"))), samples.labels)
    shares = area_shares(samples.labels, len(CONCEPTS))
    assert shares.sum(1) == pytest.approx(np.ones(7))
