"""Judges: does a part of a picture look like one of the domain? At two sizes (Wang et al., "High-resolution image
synthesis and semantic manipulation with conditional GANs", 2018), by least squares (Mao et al. 2017)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

WIDTHS = (32, 64, 128)
SIZES = 2


class Judge(nn.Module):
    """Of one domain."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes = nn.ModuleList(_one_size() for _ in range(SIZES))

    def forward(self, images: Tensor) -> list[Tensor]:
        """images: (N, 3, H, W), -1..1. Returns a score for each place, (N, 1, h, w), at each size."""
        scores = []
        for network in self.sizes:
            scores.append(network(images))
            images = F.avg_pool2d(images, 2)
        return scores


def _one_size() -> nn.Sequential:
    layers: list[nn.Module] = [nn.PixelUnshuffle(2)]
    width = 12
    for wider in WIDTHS:
        layers += [nn.Conv2d(width, wider, 3, 2, 1), nn.LeakyReLU(0.2)]
        width = wider
    return nn.Sequential(*layers, nn.Conv2d(width, 1, 1))


def far_from(scores: list[Tensor], wanted: float) -> Tensor:
    """The mean square by which scores are off."""
    return torch.stack([(score - wanted).square().mean() for score in scores]).mean()
