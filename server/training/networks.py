"""The networks that exist in training only: label head, encoder and discriminators.

They are written for speed on a CPU: pictures enter folded into 2x2 patches, so no convolution runs at full size.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from server.generators.progressive import pixelnorm


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


class LabelHead(nn.Module):
    """Concept scores read off the generator's last layer by a 1x1 convolution: what it means to have drawn."""

    def __init__(self, width: int, concepts: int) -> None:
        super().__init__()
        self.conv = EqualConv(width, concepts, 1, gain=1.0)

    def forward(self, features: Tensor) -> Tensor:
        """features: (N, width, R, R). Returns (N, concepts, R, R)."""
        scores: Tensor = self.conv(pixelnorm(features))
        return scores


class Encoder(nn.Module):
    """From a rendered scene and its labels to the activations before the edit layer, at 16x16.

    It gives the tail exact targets (reconstruct this scene; this scene without that tree) and the trunk's
    discriminator examples of featuremaps. It looks at scenes at `size` whatever the generator's resolution, and
    painting needs nothing of it.
    """

    def __init__(self, concepts: int, width: int, size: int, grid: int = 16) -> None:
        super().__init__()
        steps = int(math.log2(size // 2 // grid))
        widths = [32, 64, 128][-steps:]
        self.size = size
        self.first = EqualConv(4 * (3 + concepts), widths[0], 1)
        self.down = nn.ModuleList(EqualConv(a, b, 4, 2) for a, b in zip(widths, [*widths[1:], 192], strict=True))
        self.mix = EqualConv(192, 192, 3)
        self.last = EqualConv(192, width, 3, gain=1.0)

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        """images: (N, 3, R, R); labels: (N, C, R, R), shares. Returns (N, width, 16, 16)."""
        x = F.adaptive_avg_pool2d(torch.cat([images, labels], 1), self.size)  # (N, 3 + C, size, size)
        x = _active(self.first(F.pixel_unshuffle(x, 2)))  # (N, w, size/2, size/2)
        for conv in self.down:
            x = _active(conv(x))  # halves the size
        x = x + _active(self.mix(x))  # (N, 192, 16, 16)
        h: Tensor = self.last(x)  # (N, width, 16, 16)
        return h


class LatentEncoder(nn.Module):
    """From the edit layer's featuremaps to a latent: mean and logarithm of the variance of a Gaussian.

    It makes the trunk half of a variational autoencoder (Kingma and Welling, 2014), so that every scene keeps a
    latent of its own and no mode can be lost to the adversarial game.
    """

    def __init__(self, units: int, latent_dim: int, width: int = 128) -> None:
        super().__init__()
        self.first = EqualConv(units, width, 1)
        self.down1 = EqualConv(width, 192, 4, 2)
        self.down2 = EqualConv(192, 256, 4, 2)
        self.dense = EqualConv(256, 512, 4)
        self.out = EqualConv(512, 2 * latent_dim, 1, gain=0.5)

    def forward(self, r: Tensor) -> tuple[Tensor, Tensor]:
        """r: (N, units, 16, 16). Returns mean and log variance, (N, latent_dim) each."""
        x = _active(self.down2(_active(self.down1(_active(self.first(r))))))  # (N, 256, 4, 4)
        w = self.dense.weight * self.dense.scale
        x = _active(F.conv2d(x, w, self.dense.bias))  # (N, 512, 1, 1)
        mean, log_variance = self.out(x).flatten(1).chunk(2, 1)
        return mean, log_variance


def _minibatch_deviation(x: Tensor, group: int = 8) -> Tensor:
    """One more channel: the mean standard deviation over groups of the batch (Karras et al., 2018, section 3)."""
    n = x.shape[0]
    g = math.gcd(group, n)
    y = x.float().reshape(g, n // g, *x.shape[1:])  # (g, N/g, C, H, W)
    sd = (y.var(0, unbiased=False) + 1e-8).sqrt().mean((1, 2, 3))  # (N/g,)
    channel = sd.repeat(g).view(n, 1, 1, 1).expand(n, 1, *x.shape[2:])  # (N, 1, H, W)
    return torch.cat([x, channel.to(x.dtype)], 1)


class Discriminator(nn.Module):
    """Judges a picture together with its label map: one score for the whole and a 16x16 map of local ones."""

    def __init__(self, channels: int, size: int, widths: Sequence[int] = (48, 96, 160, 256, 256)) -> None:
        super().__init__()
        steps = int(math.log2(size // 2 // 4))
        w = list(widths)[-steps - 1 :]
        self.first = EqualConv(4 * channels, w[0], 1)
        self.down = nn.ModuleList(EqualConv(a, b, 4, 2) for a, b in pairwise(w))
        self.local_after = steps - 3
        self.local_mix = EqualConv(w[steps - 2], w[steps - 2], 3)
        self.local = EqualConv(w[steps - 2], 1, 1, gain=1.0)
        self.last = EqualConv(w[-1] + 1, w[-1], 3)
        self.dense = EqualConv(w[-1], 128, 4)
        self.out = EqualConv(128, 1, 1, gain=1.0)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """x: (N, channels, R, R). Returns scores (N, 1, 1, 1) and local scores (N, 1, 16, 16)."""
        x = _active(self.first(F.pixel_unshuffle(x, 2)))  # (N, w0, R/2, R/2)
        local = x
        for i, conv in enumerate(self.down):
            x = _active(conv(x))
            if i == self.local_after:
                x = _active(self.local_mix(x))  # (N, w, 16, 16)
                local = self.local(x)  # (N, 1, 16, 16)
        x = _active(self.last(_minibatch_deviation(x)))  # (N, 256, 4, 4)
        w = self.dense.weight * self.dense.scale
        x = _active(F.conv2d(x, w, self.dense.bias))  # (N, 128, 1, 1)
        score: Tensor = self.out(x)
        return score, local


class FeatureDiscriminator(nn.Module):
    """Judges the edit layer's featuremaps at 16x16: those of encoded scenes against those of the trunk."""

    def __init__(self, units: int, width: int = 128) -> None:
        super().__init__()
        self.first = EqualConv(units, width, 1)
        self.mix = EqualConv(width, width, 3)
        self.local = EqualConv(width, 1, 1, gain=1.0)
        self.down1 = EqualConv(width, 192, 4, 2)
        self.down2 = EqualConv(192, 256, 4, 2)
        self.last = EqualConv(257, 256, 3)
        self.dense = EqualConv(256, 128, 4)
        self.out = EqualConv(128, 1, 1, gain=1.0)

    def forward(self, r: Tensor) -> tuple[Tensor, Tensor]:
        """r: (N, units, 16, 16). Returns scores (N, 1, 1, 1) and local scores (N, 1, 16, 16)."""
        x = _active(self.mix(_active(self.first(r))))  # (N, width, 16, 16)
        local: Tensor = self.local(x)
        x = _active(self.down2(_active(self.down1(x))))  # (N, 256, 4, 4)
        x = _active(self.last(_minibatch_deviation(x)))
        w = self.dense.weight * self.dense.scale
        score: Tensor = self.out(_active(F.conv2d(x, w, self.dense.bias)))
        return score, local
