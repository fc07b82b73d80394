"""Comparing a generator's pictures with renderings."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch

from server.lab.scenes.concepts import CONCEPTS
from server.lab.scenes.render import render
from server.lab.scenes.scene import sample_scene
from server.lab.village import evaluate
from server.lab.village.evaluate import (
    SHOWN,
    agreement,
    best_seeds,
    compare,
    likeness,
    measure,
    sampled,
    trunk_error,
)
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
    """Sees in the picture of each seed what its latent means, but for the left half of some."""

    concepts = CONCEPTS

    def __init__(self, spoilt: frozenset[int]) -> None:
        self.seed, self.spoilt = -1, spoilt

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        self.seed += 1
        named = torch.from_numpy(meant(self.seed)).long()  # (R, R)
        if self.seed in self.spoilt:
            named[:, : x.shape[-1] // 2] = CONCEPTS.index("window")
        return torch.nn.functional.one_hot(named, len(CONCEPTS)).permute(2, 0, 1)[None].float()


@cache
def meant(seed: int) -> np.ndarray:
    return render(sample_scene(seed), small_decided().resolution)[1].copy()


def shows_a_house_and_a_tree(labels: np.ndarray) -> bool:
    return min((labels == CONCEPTS.index(name)).mean() for name in ("wall", "tree")) >= SHOWN


def is_cut_off(labels: np.ndarray) -> bool:
    built = [CONCEPTS.index(name) for name in ("wall", "roof", "dome")]
    return bool(np.isin(np.concatenate([labels[0], labels[:, 0], labels[:, -1]]), built).any())


def test_the_best_seeds_show_whole_houses_and_trees_and_what_their_latents_mean() -> None:
    among, spoilt = 40, frozenset(range(0, 40, 3))
    best = best_seeds(small_decided(), Seer(spoilt), among, keep=among)  # type: ignore[arg-type]
    assert sorted(best) == [*range(among)]
    fit = {
        seed
        for seed in range(among)
        if seed not in spoilt and shows_a_house_and_a_tree(meant(seed)) and not is_cut_off(meant(seed))
    }
    assert len(fit) > 2
    assert any(is_cut_off(meant(seed)) and shows_a_house_and_a_tree(meant(seed)) for seed in range(among))
    assert set(best[: len(fit)]) == fit
    others = best[len(fit) :]
    assert best_seeds(small_decided(), Seer(spoilt), among, keep=3) == best[:3]  # type: ignore[arg-type]
    late = [seed for seed in others if is_cut_off(meant(seed))]
    assert [seed in spoilt for seed in late] == sorted(seed in spoilt for seed in late)


def test_label_maps_are_alike_by_their_concepts_and_not_by_their_pixels() -> None:
    sky, tree, door = (CONCEPTS.index(name) for name in ("sky", "tree", "door"))
    true = torch.full((100, 100), sky)
    true[90:, :10] = tree
    assert likeness(true, true, len(CONCEPTS)) == 1.0
    missed = torch.full((100, 100), sky)
    assert likeness(missed, true, len(CONCEPTS)) == pytest.approx((0.99 + 0) / 2)
    blotted = true.clone()
    blotted[:5, :10] = door
    assert likeness(blotted, true, len(CONCEPTS)) == pytest.approx((9850 / 9900 + 1 + 0) / 3)
    blotted[:5, 1:10] = sky  # five pixels are not seen
    assert likeness(blotted, true, len(CONCEPTS)) == pytest.approx((9895 / 9900 + 1) / 2)


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
