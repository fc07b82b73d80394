"""A generator frozen for painting: one picture at a time, as fast as the processor allows.

    painting = FoldedGenerator(generator)                    # float32
    draft = FoldedGenerator(generator, torch.bfloat16)       # for frames while dragging
    x = painting.tail(painting.trunk(z, "layer6"), "layer6")  # (1, 3, R, R)

It computes what `ProgressiveGenerator` or `DecidedGenerator` computes, up to rounding, with each block's scale and
upsampling folded into its kernel. On processors with oneDNN the kernels are packed: put into the order of memory in
which oneDNN multiplies, which depends on the input's shape, once and not at every call; and the LeakyReLU runs in the
same pass.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from server.model.decided import DecidedGenerator, DecisionBlock, FirstDrawBlock, PlanBlock, decision_of
from server.model.generator import Activations, Chain, Generator
from server.model.progressive import SLOPE, Block, ProgressiveGenerator, upsampling_conv

log = logging.getLogger(__name__)

Convolution = Callable[[Tensor], Tensor]


class FoldedGenerator(Chain):
    """The same trunk, advance and tail as the generator it was made from, whose weights it does not share.

    dtype: float32, or bfloat16, which is off by half a level of 255 in the mean and a few at most.
    """

    def __init__(
        self,
        generator: ProgressiveGenerator | DecidedGenerator,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ) -> None:
        self.family, self.latent_dim = generator.family, generator.latent_dim
        self.resolution = generator.resolution
        self.layers = generator.layers
        self.brush_layers = generator.brush_layers
        self.exact_layer, self.exact_units = generator.exact_layer, generator.exact_units
        self.dtype, self.device = dtype, torch.device(device)
        self._blocks: dict[str, Convolution] = {}
        with torch.inference_mode():
            shape = (1, self.latent_dim, 1, 1)
            for layer in generator.layers:
                self._blocks[layer.name] = self._folded(generator.block(layer.name), shape)
                shape = (1, layer.units, layer.height, layer.width)
            self._blocks[self.output_name] = self._output_convolution(generator.block(generator.output_name))

    def block(self, name: str) -> Convolution:
        """What the block of that name computes; the output block in float32."""
        return self._blocks[name]

    def trunk(self, z: Tensor, layer: str) -> Activations:
        """z: (1, latent_dim), of any device and precision. Returns the layer's output."""
        return super().trunk(z.to(self.device, self.dtype), layer)

    def frozen(self, dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu") -> Generator:
        """Itself. Raises ValueError for another precision or device than it was made for."""
        if dtype != self.dtype or torch.device(device) != self.device:
            raise ValueError(f"frozen for {self.dtype} on {self.device}")
        return self

    def _folded(self, block: Block, shape: tuple[int, ...]) -> Convolution:
        """All of the block. shape: of its input, (1, C, H, W)."""
        if isinstance(block, DecisionBlock):
            return _deciding(*self._weights(block))
        if not isinstance(block, PlanBlock):
            return _after_pixelnorm(self._convolution(block, shape))
        if block.fold:
            n, units, height, width = shape
            shape = (n, 4 * units, height // 2, width // 2)
        convolution = self._convolution(block, shape)
        if not block.raw:
            return _beside(_after_pixelnorm(convolution)) if block.residual else _after_pixelnorm(convolution)
        convolution = _after_folding(convolution) if block.fold else convolution
        return _after_deciding(convolution, block) if isinstance(block, FirstDrawBlock) else convolution

    def _convolution(self, block: Block, shape: tuple[int, ...]) -> Convolution:
        """The block behind its PixelNorm; the fastest of the ways that work here."""
        kernel, bias = self._weights(block)
        plain = _plain(block, kernel, bias)
        if self.device.type != "cpu":
            return plain
        try:
            packed = _packed(block, kernel, bias, shape)
            # The packed operators are no public interface: trust them only where they agree.
            x = torch.linspace(-1, 1, shape[1] * shape[2] * shape[3], dtype=self.dtype).reshape(shape)
            x = x.contiguous(memory_format=torch.channels_last)  # (1, C, H, W)
            expected = plain(x)
            scale = float(expected.abs().max()) + 1e-6
            if float((packed(x) - expected).abs().max()) < 0.02 * scale:
                return packed
        except (RuntimeError, AttributeError, TypeError, NotImplementedError) as error:
            log.debug("packed kernels are not available here: %s", error)
        return plain

    def _output_convolution(self, block: Block) -> Convolution:
        """The output block. A 1x1 convolution and PixelNorm's factor a pixel commute: 3 channels to scale."""
        kernel, bias = self._weights(block)
        bias = bias.float()[None, :, None, None]  # (1, 3, 1, 1)
        return lambda x: F.conv2d(x, kernel).float() * _pixel_scale(x).float() + bias  # (1, 3, R, R)

    def _weights(self, block: Block) -> tuple[Tensor, Tensor]:
        kernel = block.kernel().detach().to(self.device, self.dtype)
        bias = block.wscale.b.detach().clone().to(self.device, self.dtype)  # (O,)
        return kernel.contiguous(memory_format=torch.channels_last), bias


def _pixel_scale(x: Tensor) -> Tensor:
    """The factor PixelNorm multiplies each pixel's channels by. x: (N, C, H, W). Returns (N, 1, H, W)."""
    norm = torch.linalg.vector_norm(x, dim=1, keepdim=True)  # (N, 1, H, W)
    return torch.rsqrt(norm * norm / x.shape[1] + 1e-8)


def _after_pixelnorm(convolution: Convolution) -> Convolution:
    return lambda x: convolution(x * _pixel_scale(x))


def _beside(convolution: Convolution) -> Convolution:
    """The convolution's output and its input, added."""
    half = math.sqrt(0.5)
    return lambda x: convolution(x).add_(x).mul_(half)


def _after_folding(convolution: Convolution) -> Convolution:
    return lambda x: convolution(F.pixel_unshuffle(x, 2).contiguous(memory_format=torch.channels_last))


def _after_deciding(convolution: Convolution, block: FirstDrawBlock) -> Convolution:
    parts = block.parts
    return lambda x: convolution(decision_of(x, parts))


def _deciding(kernel: Tensor, bias: Tensor) -> Convolution:
    """What a DecisionBlock computes."""

    def convolution(x: Tensor) -> Tensor:
        x = x * _pixel_scale(x)
        scores = F.pixel_shuffle(F.conv2d(x, kernel, bias), 2)  # (1, parts, 2 H, 2 W)
        return torch.cat([scores.softmax(1), F.pixel_shuffle(x, 2)], 1)

    return convolution


def _plain(block: Block, kernel: Tensor, bias: Tensor) -> Convolution:
    slope = SLOPE if block.active else 1.0  # which changes nothing
    if block.up:
        return lambda x: F.leaky_relu_(upsampling_conv(x, kernel, bias), slope)
    padding = block.padding
    return lambda x: F.leaky_relu_(F.conv2d(x, kernel, bias, padding=padding), slope)


def _packed(block: Block, kernel: Tensor, bias: Tensor, shape: tuple[int, ...]) -> Convolution:
    """The same as `_plain` by oneDNN's own operators. shape: of the input, (1, C, H, W)."""
    ops = torch.ops.mkldnn
    one, sides = [1, 1], [block.padding, block.padding]
    behind: tuple[str, list[float], str] = ("leaky_relu", [SLOPE], "") if block.active else ("none", [], "")
    if block.up:
        weight = ops._reorder_convolution_transpose_weight(kernel, one, [0, 0], [2, 2], one, 1, list(shape))
        return lambda x: ops._convolution_transpose_pointwise(x, weight, bias, one, [0, 0], [2, 2], one, 1, *behind)
    weight = ops._reorder_convolution_weight(kernel, sides, one, one, 1, list(shape))
    return lambda x: ops._convolution_pointwise(x, weight, bias, sides, one, one, 1, *behind)
