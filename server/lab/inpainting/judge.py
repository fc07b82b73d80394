"""A judge: does every part of a picture look as if nothing was ever missing? It is told where something was.

After the SN-PatchGAN of Yu et al., "Free-Form Image Inpainting with Gated Convolution" (ICCV 2019): a score for each
place, hinge losses, and convolutions held by spectral normalisation (Miyato et al. 2018).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

WIDTHS = (32, 64, 64)


class Judge(nn.Module):
    """At cells of 2x2 pixels."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.PixelUnshuffle(2)]
        width = (3 + 1) * 4
        for wider in WIDTHS:
            layers += [spectral_norm(nn.Conv2d(width, wider, 4, 2, 1)), nn.LeakyReLU(0.2)]
            width = wider
        self.body = nn.Sequential(*layers, spectral_norm(nn.Conv2d(width, 1, 3, 1, 1)))

    def forward(self, images: Tensor, missing: Tensor) -> Tensor:
        """images, missing: (N, 3 or 1, H, W). Returns a score for each place, (N, 1, H / 16, W / 16)."""
        scores: Tensor = self.body(torch.cat([images, missing], 1))
        return scores


def at_holes(scores: Tensor, missing: Tensor) -> Tensor:
    """The mean of scores where something was missing. scores: (N, 1, h, w). missing: (N, 1, H, W)."""
    weight = F.adaptive_max_pool2d(missing, (scores.shape[2], scores.shape[3]))  # (N, 1, h, w)
    return (scores * weight).sum() / weight.sum()
