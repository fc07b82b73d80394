"""What is drawn of a decision in additions is what the plain block draws."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from server.model.decided import FirstDrawBlock
from server.model.onehot import drawing_of_decision, likeliest, of_features


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_likeliest_part_is_the_first_of_equals(dtype: torch.dtype) -> None:
    p = torch.randint(0, 4, (2, 30, 6, 10), generator=torch.Generator().manual_seed(1)).to(dtype) / 4  # many equals
    greatest = p.amax(1, keepdim=True)
    expected = (p == greatest).int().argmax(1)
    assert torch.equal(likeliest(p.contiguous(memory_format=torch.channels_last)).long(), expected)


def test_the_likeliest_part_of_negative_numbers() -> None:
    p = -torch.rand(1, 7, 4, 4, generator=torch.Generator().manual_seed(2)).bfloat16() - 1
    assert torch.equal(p.gather(1, likeliest(p).long()[:, None])[:, 0], p.amax(1))


@pytest.mark.parametrize(("parts", "features", "shape"), [(30, 20, (1, 16, 16)), (3, 1, (2, 6, 10)), (5, 4, (1, 2, 2))])
def test_additions_draw_what_products_draw(parts: int, features: int, shape: tuple[int, int, int]) -> None:
    torch.manual_seed(3)
    n, height, width = shape
    block = FirstDrawBlock(parts, features, 8).eval().requires_grad_(False)
    block.wscale.b.normal_()
    kernel = block.kernel()

    def convolve(x: Tensor) -> Tensor:
        return torch.conv2d(x, of_features(kernel, parts), block.wscale.b, padding=1)

    run = drawing_of_decision(kernel, parts, convolve)
    x = torch.cat([torch.randn(n, parts, height, width).softmax(1), torch.randn(n, features, height, width)], 1)
    torch.testing.assert_close(run(x), block(x), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(run(x.contiguous(memory_format=torch.channels_last)), block(x), atol=1e-5, rtol=1e-5)
