from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

import numpy as np
import pytest
import torch

from server.model.pixels import Pixels
from server.styles import slow
from server.styles.drawn import draw_style
from server.styles.features import CONTENT, STRETCHES, as_input
from server.styles.slow import SHOWN_EVERY, SIDE, Frame, repaint
from tests.helpers.styles import load_tiny_features, outputs, tiny_features

T = TypeVar("T")
R = TypeVar("R")
PICTURE = np.random.RandomState(0).randint(0, 255, (24, 32, 3)).astype(np.uint8)


@pytest.fixture(autouse=True)
def _a_small_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slow, "load_features", load_tiny_features)


def exhausted(pieces: Generator[T, None, R]) -> tuple[list[T], R]:
    """What a generator gives and what it returns."""
    given = []
    while True:
        try:
            given.append(next(pieces))
        except StopIteration as end:
            return given, end.value


def run(strength: float, steps: int, dtype: torch.dtype = torch.float32) -> tuple[list[Frame | None], Pixels]:
    return exhausted(repaint(PICTURE, draw_style("waves"), strength, steps, dtype=dtype))


def aim_at(style: torch.Tensor, content: torch.Tensor) -> slow._Aim:
    features = tiny_features()
    grams = [slow._gram(end) for end in outputs(features, as_input(style))]
    return slow._Aim(features, outputs(features, as_input(content))[CONTENT], grams, 3.0, torch.float32)


def test_stretch_by_stretch_the_gradient_is_that_of_the_whole() -> None:
    random = torch.Generator().manual_seed(2)
    content, style, x = (255 * torch.rand(1, 3, 32, 48, generator=random) for _ in range(3))
    aim = aim_at(style, content)
    pieces, gradient = exhausted(aim.gradient(x))
    assert len(pieces) == 2 * len(STRETCHES)
    x.requires_grad_()
    ends = outputs(aim.features, as_input(x))
    (whole,) = torch.autograd.grad(sum(aim.loss(i, end) for i, end in enumerate(ends)), x)
    assert torch.allclose(gradient, whole, rtol=1e-4, atol=1e-9)
    assert whole.abs().max() > 0


def test_frames_come_after_every_step_and_others_have_turns_within() -> None:
    frames, result = run(1.0, 2 * SHOWN_EVERY)
    steps = [frame for frame in frames if frame is not None]
    assert [frame.step for frame in steps] == list(range(1, 2 * SHOWN_EVERY + 1))
    assert [frame.step for frame in steps if frame.pixels is not None] == [SHOWN_EVERY, 2 * SHOWN_EVERY]
    assert frames.count(None) > 10 * len(steps)
    assert result.shape == (SIDE * 3 // 4, SIDE, 3)
    assert steps[-1].pixels is not None
    assert np.array_equal(result, steps[-1].pixels)


def test_the_picture_gets_the_styles_statistics() -> None:
    style = slow._as_tensor(draw_style("waves"), SIDE)
    before, after = run(0.0, 1)[1], run(1.0, 15)[1]
    aim = aim_at(style, slow._as_tensor(PICTURE, SIDE))
    far = [
        sum(
            float(aim.loss(i, end))
            for i, end in enumerate(outputs(aim.features, as_input(slow._as_tensor(image, SIDE))))
        )
        for image in (before, after)
    ]
    assert far[1] < 0.7 * far[0]


def test_at_no_strength_it_stays_as_it_is() -> None:
    start = slow._as_pixels(slow._as_tensor(PICTURE, SIDE))
    assert np.abs(run(0.0, 5)[1].astype(int) - start).max() <= 1


def test_in_bfloat16_it_comes_to_much_the_same() -> None:
    a, b = run(1.0, 5)[1], run(1.0, 5, torch.bfloat16)[1]
    assert np.abs(a.astype(int) - b).mean() < 5
