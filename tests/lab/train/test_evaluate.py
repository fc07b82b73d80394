"""Comparing a generator's pictures with renderings."""

from pathlib import Path

import numpy as np
import pytest
import torch

from server.lab.train.evaluate import agreement, clearest_seeds, measure, sampled
from server.model.segmenter import UNet, load_segmenter
from server.model.weights import load_generator

MODEL = Path(__file__).resolve().parents[3] / "models" / "village"


@pytest.fixture(scope="module")
def judge() -> UNet:
    return load_segmenter(MODEL / "judge.safetensors")


def test_samples_are_the_pictures_of_their_seeds() -> None:
    generator = load_generator(MODEL / "generator.safetensors")
    images = torch.cat(list(sampled(generator, range(3, 5))))
    z = np.random.RandomState(4).standard_normal(generator.latent_dim).astype(np.float32)
    with torch.inference_mode():
        assert torch.allclose(images[1:], generator(torch.from_numpy(z)[None]), atol=1e-4)


def test_shares_add_up(judge: UNet) -> None:
    found = measure(iter([torch.rand(4, 3, 64, 64) * 2 - 1]), judge)
    assert float(found.shares.sum()) == pytest.approx(1.0)
    assert found.features.covariance.shape == (len(found.features.mean), len(found.features.mean))


def test_a_segmenter_agrees_with_itself_and_less_with_another(judge: UNet) -> None:
    generator = load_generator(MODEL / "generator.safetensors")
    other = load_segmenter(MODEL / "segmenter.safetensors")
    assert agreement(generator, judge, judge, 8) == 1.0
    assert 0.4 < agreement(generator, judge, other, 8) < 1.0


def test_the_clearest_seeds_show_a_house_and_a_tree_and_are_clearer_than_others_that_do(judge: UNet) -> None:
    generator = load_generator(MODEL / "generator.safetensors")
    order = clearest_seeds(generator, judge, among=20, keep=20)
    assert sorted(order) == list(range(20))
    assert clearest_seeds(generator, judge, among=20, keep=4) == order[:4]
    with torch.inference_mode():
        chances = judge(torch.cat([next(sampled(generator, range(s, s + 1))).clamp(-1, 1) for s in order])).softmax(1)
    sure = chances.amax(1).mean((1, 2))  # (20,)
    shown = [chances[:, judge.concepts.index(c)].mean((1, 2)) > 0.03 for c in ("wall", "tree")]
    count = int((shown[0] & shown[1]).sum())
    assert 4 < count < 20
    assert bool((shown[0] & shown[1])[:count].all())
    for part in (sure[:count], sure[count:]):
        assert torch.equal(part, part.sort(descending=True).values)
