"""How far a picture is from another: in its pixels, at several sizes, and in what a network sees in it.

The network is the model's own segmenter, which knows what the model's things look like; where there is none, VGG19, if
the extra `style` is installed; else pixels have to do. Features are compared as in Zhang et al., "The Unreasonable
Effectiveness of Deep Features as a Perceptual Metric" (CVPR 2018), without learnt weights: each place's features
divided by their length.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Generator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from server.model.catalog import Model
from server.model.segmenter import UNet
from server.styles.fast import NoStyles
from server.styles.features import as_input, load_features

SIZES = 4  # of the picture: whole, a half, a quarter, an eighth
SEEN_WEIGHT = 2.0  # of features beside pixels
STRETCHES = 4  # of VGG19

See = Callable[[Tensor], Sequence[Tensor]]  # images (N, 3, H, W), -1..1, to features, (N, C, h, w) each


class Likeness:
    """How far images are from one. target: (1, 3, H, W), -1..1. see: what a network sees in images."""

    def __init__(self, target: Tensor, see: See) -> None:
        self._see = see
        with torch.no_grad():
            self._sizes = _smaller(target)
            self._seen = [directions(one) for one in see(target)]

    def __call__(self, images: Tensor) -> Tensor:
        """images: (N, 3, H, W), -1..1. Returns how far each is, (N,)."""
        pairs = zip(_smaller(images), self._sizes, strict=True)
        far = sum(((own - one).abs().mean((1, 2, 3)) for own, one in pairs), torch.zeros(1, device=images.device))
        for own, one in zip(self._see(images), self._seen, strict=True):
            far = far + SEEN_WEIGHT * (directions(own) - one).square().sum(1).mean((1, 2)) / len(self._seen)
        return far


def load_see(model: Model, device: torch.device) -> Generator[None, None, See]:
    """What is there to see with; gives None after each step of loading it, so that others have turns."""
    if isinstance(model.segmenter, UNet):
        segmenter = copy.deepcopy(model.segmenter).to(device)
        return segmenter.encode
    try:
        features = yield from load_features(torch.float32, str(device))
    except NoStyles:
        return lambda images: ()

    def see(images: Tensor) -> list[Tensor]:
        x, seen = as_input((images + 1) * 127.5), []
        for number in range(STRETCHES):
            x = features.stretch(number, x)
            seen.append(x)
        return seen

    return see


def directions(seen: Tensor) -> Tensor:
    """Each place's features divided by their length. seen: (N, C, h, w), shape kept."""
    return seen * torch.rsqrt(seen.square().sum(1, keepdim=True) + 1e-8)


def _smaller(images: Tensor) -> list[Tensor]:
    """At SIZES sizes, each half of the one before. images: (N, 3, H, W)."""
    sizes = [images]
    while len(sizes) < SIZES and min(sizes[-1].shape[2:]) >= 4:
        sizes.append(F.avg_pool2d(sizes[-1], 2))
    return sizes
