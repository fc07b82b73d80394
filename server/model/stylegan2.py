"""The StyleGAN2 generator (Karras et al., CVPR 2020), cut into trunk and tail at any of its styled convolutions.

    a = generator.trunk(z, "layer4")          # a.r: (N, units, 16, 16); a.beside: every layer's w, the image so far
    x = generator.tail(a, "layer4")           # (N, 3, H, W), about -1..1
    a = generator.trunk_from_w(w, "layer4")   # the same from w, (N, layers + 1, w_dim), as it is: not truncated

`layer1` is the styled convolution at 4x4, and two follow at each resolution. Between resolutions colours are read off
the featuremaps and added to the image so far, so an edit of a layer changes what that layer adds as well. Noise is the
stored one: a picture is a function of its latent.

What the paper multiplies weights by at run time is in the weights of these modules already: `stylegan2_layouts` reads
them so. Nothing here is trained; what runs is differentiable.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from server.model.generator import Activations, Generator, Layer

SLOPE, GAIN = 0.2, math.sqrt(2.0)  # of the LeakyReLU, and what its output is multiplied by
EPSILON = 1e-8


def upsampling_filter() -> Tensor:
    """The filter [1, 3, 3, 1] in both directions, as it stands behind zeros put between pixels: (4, 4), its sum 4."""
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
    return torch.outer(taps, taps) / 16


def upsampled(x: Tensor) -> Tensor:
    """x: (N, C, H, W). Returns (N, C, 2 H, 2 W)."""
    kernel = upsampling_filter().to(x).expand(x.shape[1], 1, 4, 4)
    return F.conv_transpose2d(x, kernel, stride=2, padding=1, groups=x.shape[1])


def blurred(x: Tensor) -> Tensor:
    """What a transposed convolution of stride 2 leaves, (N, C, 2 H + 1, 2 W + 1), filtered: (N, C, 2 H, 2 W)."""
    kernel = upsampling_filter().to(x).expand(x.shape[1], 1, 4, 4)
    return F.conv2d(x, kernel, padding=1, groups=x.shape[1])


class Affine(nn.Module):
    """A matrix and a bias: layers of the mapping, and styles, which are a factor for each unit, made of w."""

    weight: Tensor
    bias: Tensor

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self.register_buffer("bias", bias)

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, inputs). Returns (N, outputs)."""
        return F.linear(x, self.weight, self.bias)


class MappingNetwork(nn.Module):
    """z to w. truncation: how far w may lie from the average: 1 as far as it does, 0 not at all."""

    average: Tensor

    def __init__(self, layers: Sequence[Affine], average: Tensor, truncation: float = 1.0) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)
        self.register_buffer("average", average)  # (w_dim,)
        self.truncation, self.latent_dim = truncation, layers[0].weight.shape[1]

    def forward(self, z: Tensor) -> Tensor:
        """z: (N, latent_dim), of any device and precision. Returns w, (N, w_dim)."""
        x = z.to(self.average)
        x = x * torch.rsqrt(x.square().mean(1, keepdim=True) + EPSILON)
        for layer in self.layers:
            x = F.leaky_relu(layer(x), SLOPE) * GAIN
        return x if self.truncation == 1 else torch.lerp(self.average, x, self.truncation)


class StyledConvolution(nn.Module):
    """Convolution by a kernel whose inputs are scaled by the style and whose outputs are scaled back to the variance
    they would have without; stored noise, bias and LeakyReLU behind it. up: to twice the size. bound: of what comes
    out, upwards and downwards, None for none."""

    weight: Tensor
    bias: Tensor
    noise: Tensor

    def __init__(
        self, weight: Tensor, bias: Tensor, style: Affine, noise: Tensor, up: bool, bound: float | None = None
    ) -> None:
        super().__init__()
        self.register_buffer("weight", weight)  # (O, C, 3, 3)
        self.register_buffer("bias", bias)  # (O,)
        self.register_buffer("noise", noise)  # (H', W'), its strength in it
        self.style, self.up, self.bound = style, up, bound

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """x: (N, C, H, W); w: (N, w_dim). Returns (N, O, H', W'), twice the size where `up`."""
        style = self.style(w)  # (N, C)
        squares = self.weight.square().sum((2, 3))  # (O, C)
        scale = torch.rsqrt(F.linear(style.square(), squares) + EPSILON)  # (N, O)
        x = x * style[:, :, None, None]
        if self.up:
            y = blurred(F.conv_transpose2d(x, self.weight.transpose(0, 1), stride=2))
        else:
            y = F.conv2d(x, self.weight, padding=1)
        y = y * scale[:, :, None, None] + self.noise + self.bias[:, None, None]  # (N, O, H', W')
        return _bounded(F.leaky_relu(y, SLOPE) * GAIN, self.bound)


class FrozenConvolution(nn.Module):
    """The same for painting. The LeakyReLU's gain is in what comes before it, and the style scales whichever is
    smaller, the kernel or what it is used on. A blur folded into the kernel (6x6: four times the products) was slower
    at every width."""

    kernel: Tensor
    squares: Tensor
    noise: Tensor
    bias: Tensor

    def __init__(self, plain: StyledConvolution, dtype: torch.dtype, device: torch.device | str) -> None:
        super().__init__()
        kernel = plain.weight.transpose(0, 1) if plain.up else plain.weight  # (C, O, 3, 3) where it is transposed
        kernel = kernel.to(device, dtype, copy=True)
        self.register_buffer("kernel", kernel.contiguous(memory_format=torch.channels_last))
        self.register_buffer("squares", plain.weight.square().sum((2, 3)).to(device))  # (O, C)
        self.register_buffer("noise", (plain.noise * GAIN).to(device, dtype))
        self.register_buffer("bias", (plain.bias * GAIN).to(device, dtype)[:, None, None])
        self.style, self.up, self.bound = copy.deepcopy(plain.style).to(device), plain.up, plain.bound

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """x: (N, C, H, W); w: (N, w_dim). Returns (N, O, H', W'), twice the size where `up`."""
        style = self.style(w)  # (N, C)
        scale = torch.rsqrt(F.linear(style.square(), self.squares) + EPSILON) * GAIN  # (N, O)
        if len(x) == 1 and self.kernel.numel() < x.numel():
            both = torch.outer(scale[0], style[0])  # (O, C)
            both = both.T if self.up else both
            y = self._convolved(x, (self.kernel * both[:, :, None, None]).to(x.dtype))
        else:
            y = self._convolved(x * style[:, :, None, None].to(x.dtype), self.kernel)
            y = y * scale[:, :, None, None].to(x.dtype)
        return _bounded(F.leaky_relu_(y.add_(self.noise).add_(self.bias), SLOPE), self.bound)

    def _convolved(self, x: Tensor, kernel: Tensor) -> Tensor:
        if self.up:
            return blurred(F.conv_transpose2d(x, kernel, stride=2))
        return F.conv2d(x, kernel, padding=1)


class Colours(nn.Module):
    """What a resolution adds to the image: a 1x1 convolution whose inputs are scaled by the style, in float32. bound:
    as that of the convolutions."""

    weight: Tensor
    bias: Tensor

    def __init__(self, weight: Tensor, bias: Tensor, style: Affine, bound: float | None = None) -> None:
        super().__init__()
        self.register_buffer("weight", weight)  # (3, C)
        self.register_buffer("bias", bias)  # (3,)
        self.style, self.bound = style, bound

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """x: (N, C, H, W); w: (N, w_dim). Returns (N, 3, H, W)."""
        kernel = self.weight * self.style(w)[:, None]  # (N, 3, C)
        y = torch.einsum("nchw,nkc->nkhw", x, kernel.to(x.dtype))
        return _bounded(y.float() + self.bias[:, None, None], self.bound)


def _bounded(x: Tensor, bound: float | None) -> Tensor:
    return x if bound is None else x.clamp(-bound, bound)


class StyleGAN2Generator(nn.Module, Generator):
    """const: (1, C, h, w), what the first convolution reads, 4x4 in published models. convolutions: one a layer.
    colours: one a resolution."""

    family = "StyleGAN2"
    const: Tensor
    w_shape: tuple[int, int]

    def __init__(
        self,
        mapping: MappingNetwork,
        const: Tensor,
        convolutions: Sequence[StyledConvolution | FrozenConvolution],
        colours: Sequence[nn.Module],
    ) -> None:
        super().__init__()
        self.mapping = mapping
        self.register_buffer("const", const)
        self.convolutions, self.colours = nn.ModuleList(convolutions), nn.ModuleList(colours)
        height, width = const.shape[2:]
        times = [2 ** ((i + 1) // 2) for i in range(len(convolutions))]
        self.layers = tuple(
            Layer(f"layer{i + 1}", len(convolution.bias), height * by, width * by)
            for i, (convolution, by) in enumerate(zip(convolutions, times, strict=True))
        )
        self.latent_dim, self.size = mapping.latent_dim, (height * times[-1], width * times[-1])
        self.w_shape = len(convolutions) + 1, len(mapping.average)

    def trunk(self, z: Tensor, layer: str) -> Activations:
        """z: (N, latent_dim), of any device and precision. Returns the layer's output. Raises UnknownLayer."""
        w = self.w_of(z)  # (N, w_dim)
        return self.trunk_from_w(w[:, None].expand(-1, *self.w_shape), layer)

    def w_of(self, z: Tensor) -> Tensor:
        """z: (N, latent_dim), of any device and precision. Returns its w, truncated, (N, w_dim)."""
        w: Tensor = self.mapping(z)
        return w

    def trunk_from_w(self, w: Tensor, layer: str) -> Activations:
        """w: (N, layers + 1, w_dim), the last for the last colours. Returns the layer's output. Raises UnknownLayer."""
        last = self.index(layer)
        a = Activations(self.const.expand(len(w), -1, -1, -1), (w.to(self.mapping.average),))
        return self._run(a, 0, last)

    def advance(self, a: Activations, after: str, to: str) -> Activations:
        """Run what lies behind the layer `after` up to and including the layer `to` on the output of `after`."""
        return self._run(a, self.index(after) + 1, self.index(to))

    def tail(self, a: Activations, layer: str) -> Tensor:
        """a: the layer's output. Returns the image, (N, 3, H, W), about -1..1, not clamped."""
        last = len(self.layers) - 1
        return self._image(self._run(a, self.index(layer) + 1, last), last)

    def frozen(self, dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu") -> Generator:
        """In its fastest form for one picture at a time; several at once run too. Shares no weights."""
        return FrozenStyleGAN2(self, dtype, device)

    def _run(self, a: Activations, first: int, last: int) -> Activations:
        """a: what the layer of the place `first` reads. Returns the output of that of the place `last`."""
        for i in range(first, last + 1):
            w = a.beside[0]  # (N, layers + 1, w_dim)
            larger = i % 2 == 1  # than the layer before, the last of its resolution
            beside = (w, self._image(a, i - 1)) if larger else a.beside
            a = Activations(self.convolutions[i](a.r, w[:, i]), beside)
        return a

    def _image(self, a: Activations, i: int) -> Tensor:
        """The image so far, with what the layer of that place, the last of its resolution, adds: (N, 3, H, W)."""
        w, *smaller = a.beside
        colours: Tensor = self.colours[i // 2](a.r, w[:, i + 1])
        return upsampled(smaller[0]) + colours if smaller else colours


class FrozenStyleGAN2(StyleGAN2Generator):
    """A generator frozen for painting. w's and images stay float32 in every precision."""

    def __init__(self, plain: StyleGAN2Generator, dtype: torch.dtype, device: torch.device | str) -> None:
        const = plain.const.to(device, dtype, copy=True).contiguous(memory_format=torch.channels_last)
        convolutions = [FrozenConvolution(one, dtype, device) for one in plain.convolutions]  # type: ignore[arg-type]
        colours = [copy.deepcopy(one).to(device) for one in plain.colours]
        super().__init__(copy.deepcopy(plain.mapping).to(device), const, convolutions, colours)
        self.dtype, self.device = dtype, torch.device(device)

    def frozen(self, dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu") -> Generator:
        """Itself. Raises ValueError for another precision or device than it was made for."""
        if dtype != self.dtype or torch.device(device) != self.device:
            raise ValueError(f"frozen for {self.dtype} on {self.device}")
        return self
