"""Slow neural style: a picture is changed until its features have the statistics of a style's.

Gatys, Ecker and Bethge, "Image Style Transfer Using Convolutional Neural Networks", CVPR 2016, with the two losses
measured relative to the features' own size, so that one weight does for every style. The gradient is taken a stretch of
the network at a time, and between stretches whoever waits for the device has it.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from server.model.pixels import Pixels
from server.styles.features import CONTENT, STRETCHES, Features, as_input, load_features

SIDE = 256
STEPS = 120
RATE = 4.0  # of Adam (Kingma and Ba 2015), in 1/255 of a channel
MOMENTA = (0.9, 0.999)
STYLE_WEIGHT = 30.0
SHOWN_EVERY = 5  # steps


@dataclass(frozen=True)
class Frame:
    """Where it stands after a step. pixels: (H, W, 3), None where they are not worth a look yet."""

    step: int
    steps: int
    pixels: Pixels | None


Repainting = Generator[Frame | None, None, Pixels]


def repaint(
    pixels: Pixels, style: Pixels, strength: float, steps: int, device: str = "cpu", dtype: torch.dtype = torch.float32
) -> Repainting:
    """Paint a picture anew in the style of another; gives a Frame after each step and None within, and returns the
    pixels, (H, W, 3), with a longer side of SIDE.

    pixels, style: (H, W, 3). strength: 0 leaves the picture as it is. dtype: of the network. Raises NoStyles and
    WeightError at a `next`.
    """
    features = yield from load_features(dtype, device)
    x = _as_tensor(pixels, SIDE).to(device)  # (1, 3, H, W)
    content = (yield from _outputs(features, _into(x, dtype)))[CONTENT].float()  # (1, C, h, w)
    ends = yield from _outputs(features, _into(_as_tensor(style, SIDE).to(device), dtype))
    grams = [_gram(end) for end in ends]  # (C, C) each
    aim = _Aim(features, content, grams, STYLE_WEIGHT * strength, dtype)
    # Adam by hand: torch's imports a compiler before its first step, for seconds.
    mean, square = torch.zeros_like(x), torch.zeros_like(x)  # of the gradient
    for step in range(1, steps + 1):
        gradient = yield from aim.gradient(x)  # (1, 3, H, W)
        mean.lerp_(gradient, 1 - MOMENTA[0])
        square.lerp_(gradient * gradient, 1 - MOMENTA[1])
        scale = (square / (1 - MOMENTA[1] ** step)).sqrt() + 1e-8
        x = (x - RATE * mean / (1 - MOMENTA[0] ** step) / scale).clamp(0, 255)
        yield Frame(step, steps, _as_pixels(x) if step % SHOWN_EVERY == 0 else None)
    return _as_pixels(x)


@dataclass(frozen=True)
class _Aim:
    """What the picture is to look like to the network. content: one stretch's output; grams: of every one."""

    features: Features
    content: Tensor
    grams: list[Tensor]
    weight: float
    dtype: torch.dtype

    def gradient(self, x: Tensor) -> Generator[None, None, Tensor]:
        """The loss's gradient at a picture, (1, 3, H, W), stretch by stretch: forward, then back."""
        starts, ends = [_into(x.detach(), self.dtype).requires_grad_()], []
        for number in range(len(STRETCHES)):
            ends.append(self.features.stretch(number, starts[-1]))
            starts.append(ends[-1].detach().requires_grad_())
            yield
        gradient = torch.zeros_like(ends[-1])
        for number in reversed(range(len(STRETCHES))):
            # The loss at this end, and what comes back from the layers behind it.
            own = self.loss(number, starts[number + 1])
            (at_end,) = torch.autograd.grad(own, starts[number + 1])
            (gradient,) = torch.autograd.grad(ends[number], starts[number], gradient + at_end)
            yield
        return gradient.float().flip(1)  # of red, green and blue again

    def loss(self, number: int, end: Tensor) -> Tensor:
        """A scalar: how far a stretch's output is from the content's, or its statistics from the style's."""
        if number == CONTENT:
            return (end.float() - self.content).square().mean() / (self.content.square().mean() + 1e-8)
        gram = self.grams[number]
        return self.weight * (_gram(end) - gram).square().mean() / (gram.square().mean() + 1e-8) / (len(STRETCHES) - 1)


def _outputs(features: Features, x: Tensor) -> Generator[None, None, list[Tensor]]:
    """The outputs of all stretches, one after the other."""
    outputs: list[Tensor] = []
    for number in range(len(STRETCHES)):
        with torch.no_grad():
            outputs.append(features.stretch(number, outputs[-1] if outputs else x))
        yield
    return outputs


def _gram(output: Tensor) -> Tensor:
    """How often units are active together: (C, C). output: (1, C, H, W)."""
    flat = output.float().flatten(2)[0]  # (C, H * W)
    return flat @ flat.T / flat.shape[1]


def _into(x: Tensor, dtype: torch.dtype) -> Tensor:
    return as_input(x).to(dtype).contiguous(memory_format=torch.channels_last)


def _as_tensor(pixels: Pixels, side: int) -> Tensor:
    """(1, 3, H, W), 0..255, the longer side `side`."""
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    size = (max(16, round(width * scale)), max(16, round(height * scale)))
    resized = np.array(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS), np.float32)
    return torch.from_numpy(resized).permute(2, 0, 1)[None].contiguous()


def _as_pixels(x: Tensor) -> Pixels:
    array: Pixels = x.detach()[0].permute(1, 2, 0).round().clamp(0, 255).to(torch.uint8).cpu().numpy()
    return array
