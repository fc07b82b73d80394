from __future__ import annotations

import torch
from torch import nn

from server.lab.dissect.running.fused import fused
from server.model.segmenter import UNet


def trained() -> UNet:
    """A random segmenter whose normalisations have seen something."""
    torch.manual_seed(2)
    network = UNet(("a", "b", "c"), (8, 8, 8, 8)).train()
    for _ in range(3):
        network(torch.rand(4, 3, 32, 32) * 2 - 1)
    return network.eval()


def test_it_scores_like_the_network_it_was_made_from() -> None:
    network = trained()
    images = torch.rand(3, 3, 48, 48) * 2 - 1
    with torch.no_grad():
        torch.testing.assert_close(fused(network)(images), network(images), atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(
            fused(network).pooled_features(images), network.pooled_features(images), atol=1e-4, rtol=1e-4
        )


def test_the_network_keeps_its_normalisations_and_the_copy_has_none() -> None:
    network = trained()
    copied = fused(network)
    assert any(isinstance(m, nn.BatchNorm2d) for m in network.modules())
    assert not any(isinstance(m, nn.BatchNorm2d) for m in copied.modules())
    assert not any(p.requires_grad for p in copied.parameters())
