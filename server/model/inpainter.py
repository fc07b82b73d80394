"""What is missing from a picture, filled by a small network: coarse to fine, with contextual attention.

    inpainter = load_inpainter(path)[0]
    filled = inpainted(inpainter, pixels, mask)    # (H, W, 3); outside the mask as it was

After Yu et al., "Generative Image Inpainting with Contextual Attention" (CVPR 2018): a network guesses the missing part
coarsely, and another draws it again with two branches, one of which copies from the rest of the picture
(`server.model.attention`). Each tells only how what it is given should differ; what the first is given are the colours
around the hole, spread over it, from which a short training gets further than from nothing. The convolutions are gated
(Yu et al., "Free-Form Image Inpainting with Gated Convolution", ICCV 2019), by one gate for all channels (Yi et al.,
"Contextual Residual Aggregation for Ultra High-Resolution Image Inpainting", CVPR 2020). It runs on cells of 2x2
pixels, at a quarter of the cost of running on pixels. `server.lab.inpainting` trains it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from server.errors import UnitbrushError
from server.files import INPAINTER
from server.model.attention import ContextualAttention
from server.model.catalog import Model
from server.model.pixels import Pixels, to_images, to_pixels
from server.model.tensors import load_beside, load_own, save_beside

MULTIPLE = 4  # of pixels, that pictures are of
FOLD = 2  # pixels of a cell, along each side
WIDTH = 32  # channels at half the size
INNER = 64  # channels at a quarter
COPIED = 32  # that patches have
GAIN = 2.0  # of a convolution at first, so that what goes through many gates, half open, does not fade
# Cells between the taps of the layers in the middle. The last looks at neighbours, of which those before it see none.
REACHES = (2, 4, 8, 16, 1)


class Gated(nn.Conv2d):
    """A convolution whose every place is let through as far as its gate is open: where there is something to see."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1, reach: int = 1) -> None:
        # Zeros around small training pictures would be seen everywhere in them, and hardly in large ones.
        super().__init__(inputs, outputs, 3, stride, reach, reach, padding_mode="replicate")
        nn.init.normal_(self.weight, std=GAIN / (9 * inputs) ** 0.5)

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, inputs, H, W). Returns (N, outputs, H / stride, W / stride)."""
        y = super().forward(x)
        # The last channel is the gate too: one more would cost as much as a vector of them.
        return F.elu(y) * y[:, -1:].sigmoid()


def _down() -> nn.Sequential:
    return nn.Sequential(Gated((3 + 1) * FOLD**2, WIDTH), Gated(WIDTH, INNER, stride=2))


class Middle(nn.Module):
    """Looks further and further around."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Gated(INNER, INNER, reach=reach) for reach in REACHES)

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, INNER, h, w). Shape kept."""
        for layer in self.layers:
            x = x + layer(x)
        return x


def _last(width: int, side: int) -> nn.Sequential:
    """From features to cells of so many pixels along each side, which are next to nothing at first."""
    conv = nn.Conv2d(width, 3 * side**2, 3, padding=1)
    nn.init.normal_(conv.weight, std=0.01)
    return nn.Sequential(conv, nn.PixelShuffle(side))


def _seen(images: Tensor, missing: Tensor) -> Tensor:
    """What the networks look at: cells and where they are missing. images, missing: (N, 3 or 1, H, W). Returns
    (N, 16, H / 2, W / 2)."""
    return F.pixel_unshuffle(torch.cat([images, missing], 1), FOLD)


class Coarse(nn.Module):
    """Guesses the missing part."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(_down(), Middle())
        self.last = _last(INNER, MULTIPLE)

    def forward(self, images: Tensor, missing: Tensor) -> Tensor:
        """images: (N, 3, H, W), -1..1, spread where missing. missing: (N, 1, H, W). Shape of the images kept."""
        change: Tensor = self.last(self.body(_seen(images, missing)))
        return images + missing * change


class Refinement(nn.Module):
    """Draws it again: a branch that looks far around, and one that copies."""

    def __init__(self) -> None:
        super().__init__()
        self.down, self.far = _down(), Middle()
        self.near, self.attention, self.copied = Gated(INNER, COPIED), ContextualAttention(), Gated(COPIED, INNER)
        self.join = nn.Sequential(Gated(2 * INNER, INNER), Gated(INNER, INNER))
        self.up, self.last = Gated(INNER, WIDTH), _last(WIDTH, FOLD)

    def forward(self, images: Tensor, missing: Tensor) -> Tensor:
        """images: (N, 3, H, W), -1..1, guesses where missing. missing: (N, 1, H, W). The images' shape kept."""
        x = self.down(_seen(images, missing))  # (N, INNER, H / 4, W / 4)
        unknown = F.max_pool2d(missing, MULTIPLE)  # (N, 1, H / 4, W / 4)
        copied = self.copied(self.attention(self.near(x), unknown))  # (N, INNER, H / 4, W / 4)
        x = self.join(torch.cat([self.far(x), copied], 1))
        x = self.up(F.interpolate(x, scale_factor=2, mode="nearest"))  # (N, WIDTH, H / 2, W / 2)
        change: Tensor = self.last(x)
        return images + missing * change


class Inpainter(nn.Module):
    """The two, one after the other."""

    def __init__(self) -> None:
        super().__init__()
        self.coarse, self.fine = Coarse(), Refinement()

    def forward(self, images: Tensor, missing: Tensor) -> tuple[Tensor, Tensor]:
        """The first guess and the picture, which where nothing is missing are the images; about -1..1, not clamped.

        images: (N, 3, H, W), -1..1; what they have where they are missing is not looked at. missing: (N, 1, H, W), 1 or
        0. H and W are multiples of MULTIPLE."""
        guess: Tensor = self.coarse(spread(images, missing), missing)
        drawn: Tensor = self.fine(guess, missing)
        return guess, drawn


def spread(images: Tensor, missing: Tensor) -> Tensor:
    """The images with the colours around each hole spread over it, the wider the deeper: those that are known of pixels
    twice as large, and so on ("pull" and "push": Gortler et al., "The Lumigraph", SIGGRAPH 1996). images, missing:
    (N, 3 or 1, H, W). Shape of the images kept."""
    return _pushed(images * (1 - missing), 1 - missing)


def _pushed(colours: Tensor, known: Tensor) -> Tensor:
    """colours: (N, 3, h, w), each as far as it is known: (N, 1, h, w), 0..1. Returns them known everywhere."""
    size = (colours.shape[2], colours.shape[3])
    if max(size) == 1:
        return colours / known.clamp(min=1e-6)
    larger = _pushed(*(F.avg_pool2d(x, 2, ceil_mode=True) for x in (colours, known)))  # (N, 3, h / 2, w / 2)
    behind = F.interpolate(larger, size=size, mode="bilinear", align_corners=False)
    return colours + (1 - known) * behind


def save_inpainter(path: Path, inpainter: Inpainter, generator: str | None) -> None:
    """Write it. generator: the SHA-256 of the one whose pictures it learned on. Raises ValueError for one that would be
    too large."""
    save_beside(path, "inpainter", inpainter, {}, generator)


def load_inpainter(path: Path) -> tuple[Inpainter, str]:
    """Read an inpainter for inference, and the SHA-256 of the generator whose pictures it learned on, empty where
    unknown. Raises WeightError."""
    return load_beside(path, "inpainter", _made)


def _made(meta: Mapping[str, str]) -> Inpainter:
    return Inpainter()


class NoInpainter(UnitbrushError, status=409, slug="no-inpainter", title="The model has no inpainter"):
    """No network has learned to fill what is missing from its pictures; the detail says what trains one."""


def inpainter_of(model: Model) -> Inpainter:
    """The model's inpainter. Raises NoInpainter where it has none, or one of another generator, and WeightError."""
    inpainter = load_own(model.folder / INPAINTER, load_inpainter, model.weights)
    if inpainter is None:
        raise NoInpainter(f"{model.name!r} has no inpainter of its own: run `unitbrush inpainter {model.name}`")
    return inpainter


def inpainted(inpainter: Inpainter, pixels: Pixels, mask: NDArray[np.bool_]) -> Pixels:
    """The picture filled where the mask is; elsewhere exactly as it was. pixels: (H, W, 3), of any size. mask: (H, W).
    Shape kept."""
    height, width = mask.shape
    edges = (0, -width % MULTIPLE, 0, -height % MULTIPLE)
    images = F.pad(to_images(pixels[None].copy()), edges, mode="replicate")  # (1, 3, h, w)
    missing = F.pad(torch.from_numpy(mask.astype(np.float32))[None, None], edges, mode="replicate")  # (1, 1, h, w)
    with torch.inference_mode():
        _, drawn = inpainter(images, missing)
    return np.where(mask[..., None], to_pixels(drawn[:, :, :height, :width])[0], pixels)
