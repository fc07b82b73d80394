"""The Progressive GAN generator (Karras et al., ICLR 2018), cut into trunk and tail at any layer.

    generator = ProgressiveGenerator(latent_dim=128, widths=(256, 256, 128, 64))
    r = generator.trunk(z, "layer4")      # (N, 256, 8, 8)
    x = generator.tail(r, "layer4")       # (N, 3, 32, 32), about -1..1

Parameters carry the published names: `layer{i}.conv.weight`, `layer{i}.wscale.b`, and
`output_{R}x{R}.conv.weight`, `output_{R}x{R}.wscale.b`. One module serves training (differentiable,
raw weights with the equalised learning rate of section 4.1 of the paper) and is what `FoldedGenerator` is made from.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from server.model.generator import Chain, Generator, Layer

SLOPE = 0.2  # of the LeakyReLU


def pixelnorm(x: Tensor) -> Tensor:
    """Each pixel's channel vector divided by its root mean square (eq. 1 of the paper); shape kept."""
    return x * torch.rsqrt(x.square().mean(1, keepdim=True) + 1e-8)


def upsampling_kernel(w: Tensor) -> Tensor:
    """Fold nearest x2 upsampling into a 3x3 kernel, as the kernel of a transposed convolution of stride 2.

    Upsampling and convolving spreads each source pixel over the 3x3 kernel blurred by a 2x2 box: 4x4 taps.
    Every output pixel then reads 2x2 of them instead of 3x3: exact, and 4/9 of the work.

    w: (O, C, 3, 3). Returns (C, O, 4, 4).
    """
    k = F.pad(w, (1, 1, 1, 1))  # (O, C, 5, 5)
    k = k[..., 1:, 1:] + k[..., :-1, 1:] + k[..., 1:, :-1] + k[..., :-1, :-1]  # (O, C, 4, 4)
    return k.flip(2, 3).transpose(0, 1)  # (C, O, 4, 4), flipped as a transposed convolution wants it


def upsampling_conv(x: Tensor, kernel: Tensor, bias: Tensor) -> Tensor:
    """Nearest x2 upsampling followed by a padded 3x3 convolution, by the kernel of `upsampling_kernel`.

    x: (N, C, H, W); kernel: (C, O, 4, 4); bias: (O,). Returns (N, O, 2 H, 2 W).
    """
    return F.conv_transpose2d(x, kernel, bias, stride=2, padding=1)


class _Weight(nn.Module):
    """Holds `weight`, so that parameters carry the published names."""

    def __init__(self, shape: tuple[int, int, int, int]) -> None:
        super().__init__()
        weight = torch.empty(shape)
        if not weight.is_meta:  # for random numbers of which torch imports sympy, half a second and 60 MB
            weight.normal_()
        self.weight = nn.Parameter(weight)


class _Bias(nn.Module):
    """Holds `b`, so that parameters carry the published names."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.b = nn.Parameter(torch.zeros(width))


class Block(nn.Module):
    """PixelNorm, nearest x2 upsampling (`up`), convolution, scale, bias, LeakyReLU (`active`)."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 3,
        padding: int = 1,
        up: bool = False,
        active: bool = True,
    ) -> None:
        super().__init__()
        self.conv = _Weight((outputs, inputs, kernel, kernel))
        self.wscale = _Bias(outputs)
        self.up, self.active, self.padding = up, active, padding
        # He's constant at run time; the paper's output layer has gain 1.
        self.scale = (math.sqrt(2.0) if active else 1.0) / math.sqrt(inputs * kernel * kernel)

    @property
    def keeps_size(self) -> bool:
        """Whether an output cell reads the cells around its own place, and none elsewhere."""
        height, width = self.conv.weight.shape[2:]
        return height == width == 2 * self.padding + 1

    def kernel(self) -> Tensor:
        """The convolution kernel that runs: scaled, and folded with the upsampling where there is one."""
        w = self.conv.weight * self.scale  # (O, C, k, k)
        return upsampling_kernel(w) if self.up else w

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, C, H, W). Returns (N, O, H', W'), twice the size where `up`."""
        x = pixelnorm(x)
        kernel, b = self.kernel(), self.wscale.b
        y = upsampling_conv(x, kernel, b) if self.up else F.conv2d(x, kernel, b, padding=self.padding)
        return F.leaky_relu(y, SLOPE) if self.active else y


class ProgressiveGenerator(nn.Module, Chain):
    """A stack of blocks `layer1` ... `layerN` and an `output_RxR`.

    widths: units at 4x4, 8x8, 16x16, ... (two layers each), or one number a layer where a published file
    differs.
    """

    family = "Progressive GAN"

    def __init__(self, latent_dim: int, widths: Sequence[int], per_layer: bool = False) -> None:
        super().__init__()
        units = tuple(widths) if per_layer else tuple(w for w in widths for _ in range(2))
        self.latent_dim = latent_dim
        side = 4 * 2 ** ((len(units) - 1) // 2)
        self.size = side, side
        self.layers = tuple(
            Layer(f"layer{i + 1}", u, 4 * 2 ** (i // 2), 4 * 2 ** (i // 2)) for i, u in enumerate(units)
        )
        self.add_module("layer1", Block(latent_dim, units[0], kernel=4, padding=3))
        for i in range(1, len(units)):
            self.add_module(f"layer{i + 1}", Block(units[i - 1], units[i], up=i >= 2 and i % 2 == 0))
        self.add_module(self.output_name, Block(units[-1], 3, kernel=1, padding=0, active=False))

    def block(self, name: str) -> Block:
        """The block of that name."""
        block = getattr(self, name)
        assert isinstance(block, Block)
        return block

    def frozen(self, dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu") -> Generator:
        """With everything folded into the kernels that run."""
        from server.model.folded import FoldedGenerator  # which is made of this module's blocks

        return FoldedGenerator(self, dtype, device)

    def forward(self, z: Tensor) -> Tensor:
        """z: (N, latent_dim). Returns the image, (N, 3, *size)."""
        return self.tail(self.trunk(z, "layer1"), "layer1")
