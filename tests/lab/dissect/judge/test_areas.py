from __future__ import annotations

import numpy as np
import pytest

from server.lab.dissect.judge.areas import area_shares, compare_areas
from server.lab.dissect.units.samples import draw_samples
from tests.helpers.handmade import CONCEPTS, passes


def test_a_concept_the_generator_drops_shows() -> None:
    rng = np.random.default_rng(0)
    training = rng.dirichlet((8, 3, 1), 400)
    generated = training.copy()
    generated[:, 0] += generated[:, 2]
    generated[:, 2] = 0
    found = compare_areas(CONCEPTS, generated, training)
    assert found["frechet"] > 10 * found["floor"]
    blue = found["concepts"][2]
    assert (blue["share"], blue["present"]) == (0, 0)
    assert blue["training_share"] > 0.05


def test_without_training_scenes_only_the_samples_count() -> None:
    found = compare_areas(CONCEPTS, np.full((4, 3), 1 / 3), None)
    assert found["frechet"] is None
    assert found["concepts"][0]["training_share"] is None
    assert found["concepts"][0]["share"] == pytest.approx(1 / 3, abs=1e-4)


def test_areas_are_shares_of_every_picture() -> None:
    shares = area_shares(draw_samples(passes(), 7, 3).labels, len(CONCEPTS))
    assert shares.sum(1) == pytest.approx(np.ones(7))
