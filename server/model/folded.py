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
from functools import partial
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from server.model.decided import DecidedGenerator, DecisionBlock, FirstDrawBlock, PlanBlock, decision_of
from server.model.generator import Activations, Chain, Generator
from server.model.local import LocalBlock
from server.model.onehot import drawing_of_decision, of_features
from server.model.progressive import SLOPE, Block, ProgressiveGenerator

log = logging.getLogger(__name__)

UP, UP_TAPS = 2, 4  # stride and kernel of the transposed convolution that stands for upsampling and convolving


class Convolution(Protocol):
    """(N, C, H, W) to (N, O, H', W'). inside: without padding, only the cells that read nothing beyond the input."""

    def __call__(self, x: Tensor, inside: bool = False) -> Tensor:
        """The convolution, and the LeakyReLU."""


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
        self.size = generator.size
        self.layers = generator.layers
        self.brush_layers = generator.brush_layers
        self.exact_layer, self.exact_units = generator.exact_layer, generator.exact_units
        self.dtype, self.device = dtype, torch.device(device)
        self._blocks: dict[str, Callable[[Tensor], Tensor]] = {}
        self._local: dict[str, LocalBlock] = {}
        with torch.inference_mode():
            shape = (1, self.latent_dim, 1, 1)
            for layer in generator.layers:
                block = generator.block(layer.name)
                self._add(layer.name, block, self._folded(block, shape))
                shape = (1, layer.units, layer.height, layer.width)
            block = generator.block(generator.output_name)
            self._add(self.output_name, block, self._output_convolution(block))

    def block(self, name: str) -> Callable[[Tensor], Tensor]:
        """What the block of that name computes; the output block in float32."""
        return self._blocks[name]

    def local(self, name: str) -> LocalBlock | None:
        """The block of that name as one that reaches little, on a CPU; other devices run it whole in less time than
        many parts."""
        return self._local.get(name)

    def trunk(self, z: Tensor, layer: str) -> Activations:
        """z: (N, latent_dim), of any device and precision. Returns the layer's output."""
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
        if isinstance(block, FirstDrawBlock):
            return self._drawing(block, shape)
        if not isinstance(block, PlanBlock):
            return _after_pixelnorm(self._convolution(block, shape))
        if block.fold:
            n, units, height, width = shape
            shape = (n, 4 * units, height // 2, width // 2)
        convolution = self._convolution(block, shape)
        if not block.raw:
            return _beside(_after_pixelnorm(convolution)) if block.residual else _after_pixelnorm(convolution)
        return _after_folding(convolution) if block.fold else convolution

    def _drawing(self, block: FirstDrawBlock, shape: tuple[int, ...]) -> Convolution:
        """A FirstDrawBlock. shape: of its input, (1, C, H, W)."""
        if self.device.type != "cpu":  # others multiply in less time than they gather
            return _after_deciding(_after_folding(self._convolution(block, shape)), block)
        kernel, bias = self._weights(block)
        features = of_features(kernel, block.parts)
        _, _, height, width = shape
        convolve = self._fastest(block, features, bias, (1, features.shape[1], height // 2, width // 2), active=False)
        return _without_inside(drawing_of_decision(kernel, block.parts, convolve))

    def _add(self, name: str, block: Block, run: Convolution) -> None:
        """run: what the block computes. PixelNorm reads each cell alone, so a block reaches as its kernel does; blocks
        that do more than convolve run whole."""
        self._blocks[name] = run
        if type(block) is Block and block.keeps_size and self.device.type == "cpu":
            self._local[name] = LocalBlock(
                up=2 if block.up else 1,
                margin=block.padding,
                work=block.conv.weight[:, :, 0, 0].numel() * (4 if block.up else block.conv.weight[0, 0].numel()),
                inside=partial(run, inside=True),
            )

    def _convolution(self, block: Block, shape: tuple[int, ...]) -> Convolution:
        """The block without its PixelNorm. shape: of its input, (1, C, H, W)."""
        return self._fastest(block, *self._weights(block), shape, block.active)

    def _fastest(self, block: Block, kernel: Tensor, bias: Tensor, shape: tuple[int, ...], active: bool) -> Convolution:
        """The fastest of the ways that work here to convolve as the block does. active: with the LeakyReLU."""
        plain = _plain(block, kernel, bias, active)
        if self.device.type != "cpu":
            return plain
        try:
            packed = _packed(block, kernel, bias, shape, active)
            # The packed operators are no public interface: trust them only where they agree.
            x = torch.linspace(-1, 1, shape[1] * shape[2] * shape[3], dtype=self.dtype).reshape(shape)
            x = x.contiguous(memory_format=torch.channels_last)  # (1, C, H, W)
            ways = (False, True) if block.keeps_size else (False,)
            if all(_agree(packed(x, inside), plain(x, inside)) for inside in ways):
                return packed
        except (RuntimeError, AttributeError, TypeError, NotImplementedError) as error:
            log.debug("packed kernels are not available here: %s", error)
        return plain

    def _output_convolution(self, block: Block) -> Convolution:
        """The output block. A 1x1 convolution and PixelNorm's factor a pixel commute: 3 channels to scale."""
        kernel, bias = self._weights(block)
        bias = bias.float()[None, :, None, None]  # (1, 3, 1, 1)

        def run(x: Tensor, inside: bool = False) -> Tensor:
            return F.conv2d(x, kernel).float() * _pixel_scale(x).float() + bias  # (1, 3, R, R)

        return run

    def _weights(self, block: Block) -> tuple[Tensor, Tensor]:
        kernel = block.kernel().detach().to(self.device, self.dtype)
        bias = block.wscale.b.detach().clone().to(self.device, self.dtype)  # (O,)
        return kernel.contiguous(memory_format=torch.channels_last), bias


def _pixel_scale(x: Tensor) -> Tensor:
    """The factor PixelNorm multiplies each pixel's channels by. x: (N, C, H, W). Returns (N, 1, H, W)."""
    norm = torch.linalg.vector_norm(x, dim=1, keepdim=True)  # (N, 1, H, W)
    return torch.rsqrt(norm * norm / x.shape[1] + 1e-8)


def _normalised(x: Tensor) -> Tensor:
    """PixelNorm of (N, C, H, W). Shape kept."""
    if x.is_cpu and x.dtype != torch.float32:  # which processors multiply by a factor a pixel a sixth as fast
        return x.float().mul_(_pixel_scale(x)).to(x.dtype)
    return x * _pixel_scale(x)


def _agree(x: Tensor, expected: Tensor) -> bool:
    scale = float(expected.abs().max()) + 1e-6
    return float((x - expected).abs().max()) < 0.02 * scale


def _after_pixelnorm(convolution: Convolution) -> Convolution:
    def run(x: Tensor, inside: bool = False) -> Tensor:
        return convolution(_normalised(x), inside)

    return run


def _padding(block: Block, inside: bool) -> int:
    """What the convolution is given as its padding; a transposed one leaves out more where that is larger."""
    if block.up:
        return UP_TAPS - UP if inside else 1
    return 0 if inside else block.padding


def _beside(convolution: Convolution) -> Convolution:
    """The convolution's output and its input, added."""
    half = math.sqrt(0.5)

    def run(x: Tensor, inside: bool = False) -> Tensor:
        return convolution(x).add_(x).mul_(half)

    return run


def _after_folding(convolution: Convolution) -> Convolution:
    def run(x: Tensor, inside: bool = False) -> Tensor:
        return convolution(F.pixel_unshuffle(x, 2).contiguous(memory_format=torch.channels_last))

    return run


def _after_deciding(convolution: Convolution, block: FirstDrawBlock) -> Convolution:
    def run(x: Tensor, inside: bool = False) -> Tensor:
        return convolution(decision_of(x, block.parts))

    return run


def _deciding(kernel: Tensor, bias: Tensor) -> Convolution:
    """What a DecisionBlock computes."""

    def run(x: Tensor, inside: bool = False) -> Tensor:
        x = _normalised(x)
        scores = F.pixel_shuffle(F.conv2d(x, kernel, bias), 2)  # (1, parts, 2 H, 2 W)
        return torch.cat([scores.softmax(1), F.pixel_shuffle(x, 2)], 1)

    return run


def _without_inside(run: Callable[[Tensor], Tensor]) -> Convolution:
    """For blocks that run whole."""

    def convolution(x: Tensor, inside: bool = False) -> Tensor:
        return run(x)

    return convolution


def _plain(block: Block, kernel: Tensor, bias: Tensor, active: bool) -> Convolution:
    slope = SLOPE if active else 1.0  # which changes nothing

    def up(x: Tensor, inside: bool = False) -> Tensor:
        return F.leaky_relu_(F.conv_transpose2d(x, kernel, bias, UP, _padding(block, inside)), slope)

    def same(x: Tensor, inside: bool = False) -> Tensor:
        return F.leaky_relu_(F.conv2d(x, kernel, bias, padding=_padding(block, inside)), slope)

    return up if block.up else same


def _packed(block: Block, kernel: Tensor, bias: Tensor, shape: tuple[int, ...], active: bool) -> Convolution:
    """The same as `_plain` by oneDNN's own operators. shape: of the input, (1, C, H, W); other sizes run too."""
    ops = torch.ops.mkldnn
    one, sides = [1, 1], [_padding(block, inside=False)] * 2
    behind: tuple[str, list[float], str] = ("leaky_relu", [SLOPE], "") if active else ("none", [], "")
    if block.up:
        weight = ops._reorder_convolution_transpose_weight(kernel, sides, [0, 0], [UP, UP], one, 1, list(shape))

        def up(x: Tensor, inside: bool = False) -> Tensor:
            sides = [_padding(block, inside)] * 2
            y: Tensor = ops._convolution_transpose_pointwise(x, weight, bias, sides, [0, 0], [UP, UP], one, 1, *behind)
            return y

        return up
    weight = ops._reorder_convolution_weight(kernel, sides, one, one, 1, list(shape))

    def same(x: Tensor, inside: bool = False) -> Tensor:
        sides = [_padding(block, inside)] * 2
        y: Tensor = ops._convolution_pointwise(x, weight, bias, sides, one, one, 1, *behind)
        return y

    return same
