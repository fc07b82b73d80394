from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from server.model.attention import AT_ONCE, MOST, ContextualAttention, rate_of


def attention(sharpness: float) -> ContextualAttention:
    """One that prefers the best patch so much."""
    one = ContextualAttention().requires_grad_(False)
    one.sharpness.fill_(sharpness).log_()
    return one


def texture(height: int, width: int) -> Tensor:
    """Random cells that come again every 8, (1, 4, height, width)."""
    torch.manual_seed(0)
    return torch.randn(1, 4, 8, 8).repeat(1, 1, -(-height // 8), -(-width // 8))[:, :, :height, :width]


def hole(height: int, width: int) -> Tensor:
    missing = torch.zeros(1, 1, height, width)
    missing[:, :, 9:15, 10:17] = 1
    return missing


@pytest.mark.parametrize("size", [(32, 40), (33, 39)])
def test_a_texture_that_comes_again_is_rebuilt(size: tuple[int, int]) -> None:
    features, missing = texture(*size), hole(*size)
    # Where one looks for what is missing it has a guess: here the true one, much blurred by what is not.
    guessed = features + 0.2 * missing * torch.randn_like(features)
    rebuilt = attention(400)(guessed, missing)
    assert torch.allclose(rebuilt, features, atol=1e-4)
    assert not torch.allclose(guessed, features, atol=0.1)
    assert not torch.allclose(attention(0.1)(guessed, missing), features, atol=0.1)


def test_what_is_alike_is_preferred_to_what_is_strong() -> None:
    features, missing = texture(32, 40), hole(32, 40)
    features[..., 28:] = 20 * torch.randn(1, 4, 32, 12)
    rebuilt = attention(400)(features, missing)
    assert torch.allclose(rebuilt, features, atol=1e-4)


def test_it_copies_only_what_is_there() -> None:
    features, missing = torch.rand(2, 3, 24, 24), hole(24, 24).repeat(2, 1, 1, 1)
    features = torch.where(missing > 0, features + 100, features)  # which nothing outside the hole has
    rebuilt = attention(5)(features, missing)
    assert torch.equal(rebuilt[missing.expand_as(features) == 0], features[missing.expand_as(features) == 0])
    inside = rebuilt[missing.expand_as(features) > 0]
    assert inside.min() >= 0
    assert inside.max() <= 1 + 1e-4


def test_each_picture_copies_from_itself() -> None:
    one = torch.cat([torch.rand(1, 3, 24, 24), 2 + torch.rand(1, 3, 24, 24)])
    missing = hole(24, 24).repeat(2, 1, 1, 1)
    missing[1] = missing[1].flip(1)
    both = attention(5)(one, missing)
    alone = torch.cat([attention(5)(one[i : i + 1], missing[i : i + 1]) for i in range(2)])
    assert torch.allclose(both, alone, atol=1e-5)


def test_where_nothing_is_there_to_copy_nothing_comes() -> None:
    features, missing = torch.rand(1, 3, 12, 12), torch.ones(1, 1, 12, 12)
    missing[:, :, 0, 0] = 0
    rebuilt = attention(10)(features, missing)
    assert torch.equal(rebuilt[:, :, 0, 0], features[:, :, 0, 0])
    assert not rebuilt[missing.expand_as(features) > 0].any()


def test_it_learns() -> None:
    one, features = ContextualAttention(), texture(24, 24).requires_grad_()
    (one(features, hole(24, 24)) - 1).square().mean().backward()  # type: ignore[no-untyped-call]
    assert one.sharpness.grad is not None
    assert one.sharpness.grad != 0
    assert features.grad is not None
    assert features.grad.isfinite().all()


class Largest(TorchDispatchMode):
    """Notes how many numbers the largest tensor has that anything gives."""

    numbers = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        result = func(*args, **(kwargs or {}))
        if isinstance(result, Tensor):
            self.numbers = max(self.numbers, result.numel())
        return result


def test_a_large_picture_takes_no_more_than_its_size() -> None:
    assert rate_of(64, 64) == 2
    assert rate_of(128, 128) == 2
    assert rate_of(130, 128) == 4
    assert rate_of(1000, 20) == 4
    features, missing = torch.rand(1, 2, 256, 256), torch.zeros(1, 1, 256, 256)
    missing[:, :, 100:120, 100:120] = 1
    with torch.inference_mode(), Largest() as largest:
        attention(10)(features, missing)
    # Neither weights of each of 65,536 places for each, nor those of the grid all at once.
    assert largest.numbers <= max(AT_ONCE * MOST, 8 * features.numel())
