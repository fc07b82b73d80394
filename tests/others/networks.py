"""The networks that the packages hold weights of, and a segmenter for the one that has no featuremaps to group."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn

UNITS = (512, 256, 128, 64)  # of layers of 4x4, 8x8, 16x16 and 32x32
HIDDEN = (256, 512, 1024)
SIDE = 64


def dcgan() -> nn.Sequential:
    """A DCGAN (Radford et al., 2016) of 64x64 pixels: (N, 100, 1, 1) to (N, 3, 64, 64), -1..1."""
    blocks, inputs = OrderedDict[str, nn.Module](), 100
    for i, units in enumerate(UNITS):
        stride, padding = (1, 0) if i == 0 else (2, 1)
        blocks[f"layer{i + 1}"] = nn.Sequential(
            nn.ConvTranspose2d(inputs, units, 4, stride, padding, bias=False), nn.BatchNorm2d(units), nn.ReLU()
        )
        inputs = units
    blocks["image"] = nn.Sequential(nn.ConvTranspose2d(inputs, 3, 4, 2, 1, bias=False), nn.Tanh())
    return nn.Sequential(blocks)


def linear() -> nn.Sequential:
    """Three hidden layers without any place: (N, 100, 1, 1) to grey pictures, (N, 1, 64, 64), -1..1."""
    blocks, inputs = OrderedDict[str, nn.Module](), 100
    for i, units in enumerate(HIDDEN):
        blocks[f"layer{i + 1}"] = nn.Sequential(nn.Conv2d(inputs, units, 1), nn.LeakyReLU(0.2))
        inputs = units
    blocks["image"] = nn.Sequential(nn.Conv2d(inputs, SIDE * SIDE, 1), nn.Tanh(), nn.PixelShuffle(SIDE))
    return nn.Sequential(blocks)


class Light:
    """Tells dark, middling and bright places apart, by the mean of 9x9 pixels."""

    concepts = ("dark", "middling", "bright")

    def __call__(self, images: Tensor) -> Tensor:
        """images: (N, 3, R, R), -1..1. Returns scores (N, 3, R, R)."""
        light = nn.functional.avg_pool2d(images.mean(1, keepdim=True), 9, 1, 4, count_include_pad=False)
        return torch.cat([-8 * (light - middle).square() for middle in (-0.7, 0.0, 0.7)], 1)
