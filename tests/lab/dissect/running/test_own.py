from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from server.lab.dissect.running.own import own_segmenter
from server.lab.dissect.running.passes import Passes
from tests.helpers.handmade import ColourSegmenter, HandmadeGenerator

CPU = torch.device("cpu")


def bright(images: Tensor) -> Tensor:
    """Scores of bright and of dark pixels."""
    x = images.mean(1)  # (N, R, R)
    return torch.stack([x, -x], 1)


def by_numpy(images: Tensor) -> Tensor:
    return torch.from_numpy(bright(torch.from_numpy(images.numpy())).numpy())


def test_a_callable_with_concepts_is_a_segmenter() -> None:
    segmenter = own_segmenter(ColourSegmenter(), "a:b", None, (32, 32), CPU)
    assert segmenter.concepts == ("ground", "red", "blue")
    x = torch.rand(2, 3, 32, 32)
    assert torch.equal(segmenter(x), ColourSegmenter()(x))
    assert own_segmenter(bright, "a:b", ["bright", "dark"], (16, 16), CPU).concepts == ("bright", "dark")


def test_finished_stages_depend_on_its_weights() -> None:
    networks = [nn.Conv2d(3, 2, 1) for _ in range(2)]
    one, same, other = (own_segmenter(n, "a:b", ["x", "y"], (8, 8), CPU).digest for n in (*networks[:1], *networks))
    assert one == same != other


@pytest.mark.parametrize(
    ("made", "concepts", "says"),
    [
        (5, None, "made a int, which cannot be called"),
        (bright, None, "has no list `concepts`"),
        (bright, ["a", " "], "not all names"),
        (bright, ["a", "a"], "distinct concepts"),
        (bright, ["a", "b", "c"], r"made scores of shape \(1, 2, 16, 16\) .* not \(1, 3, 16, 16\)"),
        (lambda images: "nothing", ["a"], "made a str of an image"),
        (lambda images: images[9], ["a"], "fails on an image: IndexError"),
    ],
)
def test_what_is_of_no_use_is_told_in_one_line(made: Any, concepts: list[str] | None, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        own_segmenter(made, "my.code:factory", concepts, (16, 16), CPU)


def test_whether_gradients_go_through_it() -> None:
    for scores, go in ((bright, True), (by_numpy, False), (torch.no_grad()(bright), False)):
        segmenter = own_segmenter(scores, "a:b", ["bright", "dark"], (32, 32), CPU)
        assert Passes(HandmadeGenerator(), segmenter, False, CPU).differentiable == go
