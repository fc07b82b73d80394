"""Whether what a brush draws looks like what the generator draws by itself.

A region is described by the mean and the spread of its colours, by how much neighbouring pixels differ, and by how much
of that is to and fro, as in a hatching, rather than one way, as at an outline. What these should be depends on the
light: trees are dark at night. So they are predicted, by a linear model learnt from samples that show the concept by
themselves, from the colours of the rest of the same picture. How far a drawn region lies from the prediction, in the
deviations of natural regions, is how strange it looks: about 1 for a natural one. A region that is plainer than
expected is half as strange for that as one that is rougher: a part is plainer than the whole.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from server.lab.dissect.constants import (
    LEAST_DEVIATION,
    LEAST_NATURAL,
    LEAST_PIXELS,
    NATURAL,
    PLAIN,
    RIDGE,
    STRANGEST,
)
from server.lab.dissect.units.samples import Samples
from server.model.pixels import to_images

FEATURES = 8
_ROUGH = slice(3, FEATURES)  # the features that tell how rough a region is, all but its mean colour


def steps(images: Tensor) -> Tensor:
    """How much each pixel differs from the next one to the right and below: (N, 3, H, W) to (N, H, W)."""
    x = images.float()
    right = (x[..., :, 1:] - x[..., :, :-1]).abs().mean(1)  # (N, H, W - 1)
    below = (x[..., 1:, :] - x[..., :-1, :]).abs().mean(1)  # (N, H - 1, W)
    return (F.pad(right, (0, 1)) + F.pad(below, (0, 0, 0, 1))) / 2


def turns(images: Tensor) -> Tensor:
    """How much the step to each pixel differs from the step after it, across and down: (N, 3, H, W) to (N, H, W)."""
    x = images.float()
    across = (x[..., :, 2:] - 2 * x[..., :, 1:-1] + x[..., :, :-2]).abs().mean(1)  # (N, H, W - 2)
    down = (x[..., 2:, :] - 2 * x[..., 1:-1, :] + x[..., :-2, :]).abs().mean(1)  # (N, H - 2, W)
    return (F.pad(across, (1, 1)) + F.pad(down, (0, 0, 1, 1))) / 2


def colours(images: Tensor, where: Tensor) -> Tensor:
    """Mean and spread of the colours of a region, (N, 6); NaN where it has fewer than LEAST_PIXELS pixels.

    images: (N, 3, H, W) in -1..1. where: (N, H, W) bool.
    """
    m = where[:, None].float()  # (N, 1, H, W)
    count = m.sum((2, 3))  # (N, 1)
    x = images.float()
    mean = (x * m).sum((2, 3)) / count.clamp(min=1)  # (N, 3)
    spread = (((x - mean[:, :, None, None]) * m).square().sum((2, 3)) / count.clamp(min=1)).sqrt()
    return torch.where(count >= LEAST_PIXELS, torch.cat([mean, spread], 1), torch.nan)


def appearance(images: Tensor, where: Tensor) -> Tensor:
    """What a region looks like, (N, FEATURES): `colours`, the logarithm of the mean step between neighbours, and the
    mean of `turns` by that of the steps.
    """
    m = where.float()  # (N, H, W)
    count = m.sum((1, 2)).clamp(min=1)  # (N,)
    step, turn = ((part * m).sum((1, 2)) / count + 0.01 for part in (steps(images), turns(images)))
    return torch.cat([colours(images, where), step.log()[:, None], (turn / step)[:, None]], 1)


@dataclass(frozen=True)
class Likeness:
    """What one concept looks like in the light of a picture. weights: (7, FEATURES), from the rest's colours and 1 to
    the appearance. deviation: (FEATURES,), of natural regions from that.
    """

    weights: Tensor
    deviation: Tensor

    @staticmethod
    def of(images: Tensor, shown: Tensor) -> Likeness | None:
        """Learnt from pictures (N, 3, H, W) in -1..1 and where they show the concept, (N, H, W) bool. None where too
        few show enough of it.
        """
        features, rest = appearance(images, shown), _rest(images, ~shown)  # (N, FEATURES), (N, 7)
        sound = ~(features.isnan().any(1) | rest.isnan().any(1))
        if int(sound.sum()) < LEAST_NATURAL:
            return None
        y, x = features[sound].double(), rest[sound].double()
        ridge = RIDGE * len(x) * torch.eye(x.shape[1], dtype=x.dtype)
        ridge[-1, -1] = 0  # the constant
        weights = torch.linalg.solve(x.T @ x + ridge, x.T @ y)  # (7, FEATURES)
        deviation = (y - x @ weights).square().mean(0).sqrt().clamp(min=LEAST_DEVIATION)
        return Likeness(weights.float(), deviation.float())

    def strangeness(self, images: Tensor, shown: Tensor, rest: Tensor) -> Tensor:
        """How strange the concept looks, 0..STRANGEST, about 1 where it stands by itself; NaN where too little shows.

        images: (N, 3, H, W). shown: (N, H, W) bool, the concept. rest: (N, H, W) bool, pixels that tell the light.
        Returns (N,).
        """
        away = (appearance(images, shown) - _rest(images, rest) @ self.weights) / self.deviation  # (N, FEATURES)
        rough = away[:, _ROUGH]
        away[:, _ROUGH] = torch.where(rough < 0, PLAIN * rough, rough)
        return away.square().mean(1).sqrt().clamp(max=STRANGEST)


def likeness_of(samples: Samples, concept: int) -> Likeness | None:
    """What the concept looks like by itself in the first NATURAL samples that show it."""
    index = np.flatnonzero((samples.labels == concept).any((1, 2)))[:NATURAL]
    images = to_images(samples.images[index])  # (M, 3, H, W)
    return Likeness.of(images, torch.from_numpy(samples.labels[index] == concept))


def _rest(images: Tensor, where: Tensor) -> Tensor:
    """The colours of the rest of a picture, and 1 for the constant: (N, 7)."""
    rest = colours(images, where)  # (N, 6)
    return torch.cat([rest, torch.ones(len(rest), 1)], 1)
