"""The attribute predictor: taught in seconds on pictures whose attributes are plain to see."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from server.lab.directions import predictor
from server.lab.directions.predictor import Examples, held_out_r2, predict, r2, render_examples, train_predictor
from server.lab.scenes.scene import sample_scene


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> Examples:
    """Grey pictures with a white square: its size and the picture's brightness are the attributes."""
    monkeypatch.setattr(predictor, "HELD_OUT", 60)
    monkeypatch.setattr(predictor, "WIDTHS", (8, 12, 16, 16))
    rng = np.random.default_rng(0)
    images = np.empty((360, 64, 64, 3), np.uint8)
    known = np.stack([rng.integers(8, 40, 360), rng.integers(20, 160, 360)], 1)
    for image, (side, grey) in zip(images, known, strict=True):
        x, y = rng.integers(0, 64 - side, 2)
        image[:] = grey
        image[y : y + side, x : x + side] = 255
    return Examples(images, known.astype(np.float32))


def test_what_is_plain_to_see_is_learned(plain: Examples) -> None:
    reported: list[float] = []
    network = train_predictor(plain, 8, 0, reported.append)
    assert reported == sorted(reported)
    assert reported[-1] > 0.9
    size, brightness = held_out_r2(network, plain)
    assert size > 0.4, brightness
    assert brightness > 0.4, size
    assert r2(plain.attributes[-60:], predict(network, 255 - plain.images[-60:])).max() < 0.2


def test_training_is_deterministic(plain: Examples) -> None:
    first, second = (train_predictor(plain, 0.5, 3, lambda done: None) for _ in range(2))
    assert np.array_equal(predict(first, plain.images[:5]), predict(second, plain.images[:5]))
    assert not np.array_equal(
        predict(first, plain.images[:5]), predict(train_predictor(plain, 0.5, 4, lambda done: None), plain.images[:5])
    )


def test_larger_pictures_are_read_at_64_pixels(plain: Examples) -> None:
    network = train_predictor(plain, 0.2, 0, lambda done: None)
    x = torch.rand(2, 3, 128, 128) * 2 - 1
    small = torch.nn.functional.interpolate(x, size=(64, 64), mode="area")
    torch.testing.assert_close(network(x), network(small))


def test_examples_are_scenes_and_what_they_show() -> None:
    reported: list[float] = []
    examples = render_examples(7, 60, ("night", "trees"), reported.append)
    assert examples.images.shape == (60, 64, 64, 3)
    assert reported == [0.5, 1.0]
    for row in (0, 59):
        known = sample_scene(7 + row).attributes()
        assert examples.attributes[row].tolist() == [np.float32(known["night"]), np.float32(known["trees"])]
    bright = examples.images.mean((1, 2, 3))
    night = examples.attributes[:, 0]
    assert bright[night == 1].mean() < bright[night == 0].mean() - 30


def test_examples_are_rendered_where_the_system_does_not_tell_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(predictor, "ProcessPoolExecutor", lambda cores, mp_context: ThreadPoolExecutor(cores))
    assert len(render_examples(7, 2, ("night",), lambda done: None).images) == 2


def test_r2_of_perfect_and_of_no_knowledge() -> None:
    true = np.random.default_rng(0).standard_normal((50, 2)).astype(np.float32)
    assert r2(true, true).tolist() == [1, 1]
    np.testing.assert_allclose(r2(true, np.broadcast_to(true.mean(0), true.shape)), 0, atol=1e-6)
