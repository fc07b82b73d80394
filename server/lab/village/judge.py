"""The judge of decisions: does a map of parts look like one that a scene has? It teaches shapes to be plausible wholes.

It sees the decisions of renderings and those made from imperfect sketches, from the trunk's own, and from strokes whose
outcome nobody knows; its heads see a few cells, a thing, and the whole. Generator and judge play the game of Goodfellow
et al., "Generative adversarial nets", 2014, by its non-saturating losses; the judge's slope on renderings is kept low
(R1; Mescheder et al., "Which training methods for GANs do actually converge?", 2018), without which it wins.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

_SLOPE = 0.2
# Maps lose so many cells each way, at places anew each step: the judge's strides would leave their grid in what it
# teaches.
_SHIFTS = 16


class _Conv(nn.Module):
    """A convolution at the equalised learning rate."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 3) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.scale = math.sqrt(2 / (inputs * kernel**2))

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, inputs, H, W). Returns (N, outputs, H, W)."""
        return F.conv2d(x, self.weight * self.scale, self.bias, padding=self.weight.shape[-1] // 2)


class _Halving(nn.Module):
    """Two convolutions and half the size, beside a short way around them."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first, self.second = _Conv(inputs, inputs), _Conv(inputs, outputs)
        self.around = _Conv(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, inputs, H, W). Returns (N, outputs, H / 2, W / 2)."""
        y = F.avg_pool2d(F.leaky_relu(self.first(x), _SLOPE), 2)
        y = F.leaky_relu(self.second(y), _SLOPE)
        around: Tensor = self.around(F.avg_pool2d(x, 2))
        return (y + around) * math.sqrt(0.5)


class Judge(nn.Module):
    """Scores of decisions, the higher the more like a rendering's."""

    def __init__(self, parts: int, widths: tuple[int, int, int, int] = (48, 96, 160, 224)) -> None:
        super().__init__()
        self.read = _Conv(4 * parts, widths[0], 1)
        self.halve = nn.ModuleList(_Halving(a, b) for a, b in pairwise(widths))
        self.heads = nn.ModuleList(_Conv(width, 1, 1) for width in widths[1:])
        self.mix = _Conv(widths[-1] + 1, widths[-1])
        self.whole = _Conv(widths[-1], 1, 1)

    def forward(self, x: Tensor) -> list[Tensor]:
        """x: decisions (N, parts, H, W), H and W parts of 16. Returns each head's scores, (N, places), the last of the
        whole."""
        y = F.leaky_relu(self.read(F.pixel_unshuffle(x, 2)), _SLOPE)
        scores = []
        for halve, head in zip(self.halve, self.heads, strict=True):
            y = halve(y)
            scores.append(head(y).flatten(1))
        # Without the little that is added, maps that are alike somewhere have no gradient there but "not a number".
        spread = (y.float().var(0, unbiased=False) + 1e-8).sqrt().mean()
        spread = spread.to(y.dtype).expand(len(y), 1, *y.shape[2:])  # (N, 1, H / 16, W / 16)
        whole = self.whole(F.leaky_relu(self.mix(torch.cat([y, spread], 1)), _SLOPE))
        return [*scores, whole.mean((2, 3))]


def shifted(maps: list[Tensor], rng: np.random.Generator) -> list[Tensor]:
    """Maps (N, C, H, W) without 16 of their cells each way, cut alike, at random."""
    down, across = (int(shift) for shift in rng.integers(0, _SHIFTS + 1, 2))
    return [m[..., down : m.shape[-2] - _SHIFTS + down, across : m.shape[-1] - _SHIFTS + across] for m in maps]


def plausible(judge: Judge, decisions: Tensor) -> Tensor:
    """The generator's loss: low where the judge takes decisions (N, parts, H, W) for a rendering's."""
    return torch.stack([F.softplus(-s.float()).mean() for s in judge(decisions)]).mean()


def misjudged(judge: Judge, real: Tensor, made: Tensor) -> Tensor:
    """The judge's loss on decisions of renderings and on others, (N, parts, H, W) each; 1.39 is a coin's."""
    pairs = zip(judge(real), judge(made), strict=True)
    return torch.stack([F.softplus(-r.float()).mean() + F.softplus(m.float()).mean() for r, m in pairs]).mean()


def slope(judge: Judge, real: Tensor) -> Tensor:
    """R1: the squared length of the gradient of the judge's scores at renderings' decisions, on average."""
    real = real.detach().requires_grad_(True)
    score = sum(s.float().mean(1).sum() for s in judge(real))
    assert isinstance(score, Tensor)
    (gradient,) = torch.autograd.grad(score, real, create_graph=True)
    return gradient.float().square().sum((1, 2, 3)).mean()
