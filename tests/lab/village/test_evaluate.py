"""Comparing a generator's pictures with renderings."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from server.lab.scenes.concepts import CONCEPTS
from server.lab.village import evaluate
from server.lab.village.evaluate import agreement, clearest_seeds, compare, measure, sampled, trunk_error
from server.lab.village.sketch import CHANNELS
from server.model.decided import DecidedGenerator, Shape
from server.model.segmenter import UNet
from tests.helpers.decided import SMALL, small_decided


def segmenter(seed: int) -> UNet:
    torch.manual_seed(seed)
    return UNet(CONCEPTS, (6, 6, 6, 6)).eval().requires_grad_(False)


def sketching() -> DecidedGenerator:
    """A tiny one that has a sketch's channels."""
    small = Shape(128, SMALL.trunk, CHANNELS, SMALL.plan, SMALL.parts, SMALL.draw)
    torch.manual_seed(2)
    return DecidedGenerator(small).eval().requires_grad_(False)


def test_samples_are_the_pictures_of_their_seeds() -> None:
    generator = small_decided()
    z = np.random.RandomState(4).standard_normal(generator.latent_dim).astype(np.float32)
    with torch.inference_mode():
        expected = generator(torch.from_numpy(z)[None])
    for made in (generator, generator.frozen()):
        _, last = sampled(made, [3, 4])
        # Where two parts are nearly as likely, rounding may choose the other one.
        assert float((last - expected).abs().median()) < 1e-4


def test_shares_add_up_and_count_every_picture() -> None:
    judge, images = segmenter(1), torch.rand(5, 3, 32, 32) * 2 - 1
    whole = measure(iter([images]), judge)
    assert float(whole.shares.sum()) == pytest.approx(1.0)
    parts = measure(iter([images[:4], images[4:]]), judge)
    assert torch.allclose(whole.shares, parts.shares)
    assert whole.features.covariance.shape == (len(whole.features.mean), len(whole.features.mean))


def test_a_segmenter_agrees_with_itself_and_less_with_another() -> None:
    generator, judge = small_decided(), segmenter(1)
    assert agreement(generator, judge, judge, 2) == 1.0
    assert agreement(generator, judge, segmenter(2), 2) < 1.0


class Seer:
    """Sees a house and a tree in the pictures of even seeds, the surer the larger the seed."""

    concepts = CONCEPTS

    def __init__(self) -> None:
        self.seed = -1

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        self.seed += 1
        scores = torch.zeros(1, len(CONCEPTS), 8, 8)
        scores[:, CONCEPTS.index("grass")] = 10.0
        if self.seed % 2 == 0:
            scores[:, CONCEPTS.index("wall"), :4] = 20.0 + self.seed
            scores[:, CONCEPTS.index("tree"), 4:] = 20.0 + self.seed
        return scores


def test_the_clearest_seeds_show_a_house_and_a_tree_and_are_clearer_than_others_that_do() -> None:
    found = clearest_seeds(small_decided(), Seer(), among=6, keep=4)  # type: ignore[arg-type]
    assert set(found[:3]) == {0, 2, 4}
    assert found[0] == 4
    assert len(found) == 4


def test_the_trunks_error_is_told_by_buildings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.lab.village.store._FITTED", 8)
    found = trunk_error(sketching(), of_each=2)
    assert list(found) == ["0", "1", "2"]
    assert all(error > 0.5 for error in found.values())  # it has learnt nothing


def test_a_report_has_what_the_card_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.lab.village.store._FITTED", 8)
    monkeypatch.setattr(evaluate, "_OF_EACH", 1)
    pictures = np.random.default_rng(0).integers(0, 256, (6, 256, 256, 3), np.uint8)
    report = compare(sketching(), pictures, segmenter(1), segmenter(2), 100)
    assert report["images"] == 3
    assert min(report["frechet"], report["frechet_floor"]) >= 0
    assert 0 < report["agreement"] <= 1
    assert sum(share["samples"] for share in report["shares"].values()) == pytest.approx(1, abs=0.01)
    assert set(report["understood"]) == set(report["shares"]) == set(CONCEPTS)
    assert list(report["trunk_error"]) == ["0", "1", "2"]
