"""Networks that exist in training only: label head, guides and discriminator.

They are written for speed on a CPU: pictures enter folded into 2x2 patches, so no convolution runs at full size.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from server.model.progressive import pixelnorm


class EqualConv(nn.Module):
    """A convolution with the equalised learning rate (Karras et al., 2018, section 4.1)."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, gain: float = math.sqrt(2.0)) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.scale = gain / math.sqrt(inputs * kernel * kernel)
        self.stride, self.padding = stride, (kernel - 1) // 2

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight * self.scale, self.bias, self.stride, self.padding)


def _active(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.2)


class Guide(nn.Module):
    """Reads a coarse layout off one of the trunk's early layers by a 1x1 convolution."""

    def __init__(self, width: int, channels: int) -> None:
        super().__init__()
        self.conv = EqualConv(width, channels, 1, gain=1.0)

    def forward(self, features: Tensor) -> Tensor:
        """features: (N, width, H, W). Returns a layout (N, channels, H, W), in units of its spread."""
        layout: Tensor = self.conv(features)
        return layout


class LabelHead(Guide):
    """Concept scores read off the generator's last layer in the same way: what it means to have drawn."""

    def forward(self, features: Tensor) -> Tensor:
        """features: (N, width, R, R). Returns (N, concepts, R, R)."""
        return super().forward(pixelnorm(features))


@dataclass(frozen=True)
class Judgement:
    """What a discriminator makes of N pictures: scores of their parts (N, 1, h, w), more for real, and the features on
    the way to them, coarser and coarser."""

    scores: Tensor
    features: tuple[Tensor, ...]


class Discriminator(nn.Module):
    """Judges the patches of a picture together with its label map.

    What stands where is known of every latent and needs no judge; it is texture and outline that are judged, patch
    by patch (Isola et al., "Image-to-Image Translation", CVPR 2017, section 3.2.2), in pictures of any size.
    """

    def __init__(self, channels: int, widths: Sequence[int] = (48, 96, 160)) -> None:
        super().__init__()
        self.first = EqualConv(4 * channels, widths[0], 1)
        self.down = nn.ModuleList(EqualConv(a, b, 4, 2) for a, b in pairwise(widths))
        self.mix = EqualConv(widths[-1], widths[-1], 3)
        self.out = EqualConv(widths[-1], 1, 1, gain=1.0)

    def forward(self, x: Tensor) -> Judgement:
        """x: (N, channels, R, R); R is a multiple of 8. The scores are (N, 1, R/8, R/8)."""
        x = _active(self.first(F.pixel_unshuffle(x, 2)))  # (N, w0, R/2, R/2)
        features = []
        for conv in self.down:
            x = _active(conv(x))  # halves the size
            features.append(x)
        x = _active(self.mix(x))  # (N, w, R/8, R/8)
        scores: Tensor = self.out(x)
        return Judgement(scores, (*features, x))
