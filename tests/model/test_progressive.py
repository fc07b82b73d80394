"""The generator's parts: folded upsampling, trunk and tail, layers by name."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from server.errors import UnknownLayer
from server.model.progressive import ProgressiveGenerator, pixelnorm, upsampling_conv, upsampling_kernel


def test_upsampling_folds_into_the_kernel() -> None:
    x, w, b = torch.randn(2, 5, 6, 7), torch.randn(4, 5, 3, 3), torch.randn(4)
    plain = F.conv2d(F.interpolate(x, scale_factor=2, mode="nearest"), w, b, padding=1)
    torch.testing.assert_close(upsampling_conv(x, upsampling_kernel(w), b), plain, atol=1e-4, rtol=1e-4)


def test_pixelnorm_gives_each_pixel_unit_mean_square() -> None:
    y = pixelnorm(torch.randn(2, 9, 3, 3) * 40)
    torch.testing.assert_close(y.square().mean(1), torch.ones(2, 3, 3))


def test_layers_double_their_size_in_pairs() -> None:
    generator = ProgressiveGenerator(6, (8, 7, 5))
    assert [(x.name, x.units, x.height, x.width) for x in generator.layers] == [
        ("layer1", 8, 4, 4),
        ("layer2", 8, 4, 4),
        ("layer3", 7, 8, 8),
        ("layer4", 7, 8, 8),
        ("layer5", 5, 16, 16),
        ("layer6", 5, 16, 16),
    ]
    assert generator.resolution == 16
    assert "output_16x16.conv.weight" in generator.state_dict()


def test_trunk_advance_and_tail_make_the_whole() -> None:
    generator = ProgressiveGenerator(6, (8, 7, 5))
    z = torch.randn(3, 6)
    whole = generator(z)
    for layer in generator.layers:
        a = generator.trunk(z, layer.name)
        assert a.r.shape == (3, layer.units, layer.height, layer.width)
        torch.testing.assert_close(generator.tail(a, layer.name), whole, atol=1e-4, rtol=1e-4)
    a = generator.advance(generator.trunk(z, "layer2"), "layer2", "layer5")
    torch.testing.assert_close(generator.tail(a, "layer5"), whole, atol=1e-4, rtol=1e-4)


def test_gradients_reach_every_parameter() -> None:
    generator = ProgressiveGenerator(6, (8, 7, 5))
    generator(torch.randn(2, 6)).square().mean().backward()
    assert all(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in generator.parameters())


def test_layers_come_by_their_names() -> None:
    generator = ProgressiveGenerator(6, (8, 7))
    assert generator.layer("layer3") == generator.layers[2]
    for ask in (generator.layer, generator.index, lambda name: generator.trunk(torch.randn(1, 6), name)):
        with pytest.raises(UnknownLayer, match=r"layer9.*layer1 to layer4"):
            ask("layer9")
