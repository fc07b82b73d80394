"""A generator that decides what every pixel is, and then draws it.

    generator = DecidedGenerator(Shape())
    sketch = generator.trunk(z, generator.sketch)        # r: (N, 64, 16, 16): shares of kinds of things, colours, light
    decided = generator.advance(sketch, generator.sketch, generator.decision)   # r: (N, 30 + 20, 128, 128)
    x = generator.tail(decided, generator.decision)      # (N, 3, 256, 256)

Layers up to the sketch are the trunk. Those behind plan: down to half of the sketch's size, where a kernel reaches a
quarter of the picture, and up again. The decision layer names a part for each of its cells: a unit for each part, one
of them 1 and the others 0; beside them it carries the features it was made from, folded, which bring colour and
texture. What the layers behind it draw follows from that alone, so that a part set there is drawn where it was set.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from server.model.generator import Activations, Chain, Generator, Layer
from server.model.progressive import SLOPE, Block, pixelnorm

# How strong the decision is beside the features, each of which is about 1.
_DECIDED = 3.0


@dataclass(frozen=True)
class Shape:
    """Units of each layer. `trunk`: (units at 4x4, 8x8 and 16x16), two layers each, the last of them the sketch.
    `plan`: (side in parts of the sketch's, units), one a layer. `parts`: units of the decision. `draw`: the same as
    `plan` for the layers that draw."""

    latent_dim: int = 128
    trunk: tuple[int, int, int] = (256, 256, 192)
    sketch: int = 64
    plan: tuple[tuple[float, int], ...] = (
        *((0.5, 320), (0.5, 320), (0.5, 320)),
        *((1, 224), (1, 224), (1, 224)),
        *((2, 144), (2, 144), (2, 144)),
        *((4, 80), (4, 80)),
    )
    parts: int = 30
    draw: tuple[tuple[float, int], ...] = ((4, 80), (4, 80), (8, 40), (8, 40), (16, 16), (16, 16))


class PlanBlock(Block):
    """A block of the progressive kind that can halve its input first (`fold`) and that adds its input where it keeps
    size and width. What comes `raw` is not normalised."""

    def __init__(self, inputs: int, outputs: int, up: bool = False, fold: bool = False, raw: bool = False) -> None:
        super().__init__(inputs * (4 if fold else 1), outputs, up=up)
        self.fold, self.raw = fold, raw
        self.residual = inputs == outputs and not up and not fold

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, C, H, W). Returns (N, O, H', W'): half the size with `fold`, twice with `up`."""
        if not self.raw:
            y = super().forward(x)
            return (x + y) * math.sqrt(0.5) if self.residual else y
        x = F.pixel_unshuffle(x, 2) if self.fold else x
        return F.leaky_relu(F.conv2d(x, self.kernel(), self.wscale.b, padding=1), SLOPE)


class DecisionBlock(Block):
    """Names the part of every cell, of four cells for each of its input's, and carries its input on."""

    def __init__(self, inputs: int, parts: int) -> None:
        super().__init__(inputs, 4 * parts, kernel=1, padding=0, active=False)
        self.parts = parts

    def scores(self, x: Tensor) -> Tensor:
        """x: (N, C, H, W). Returns each part's score, (N, parts, 2 H, 2 W)."""
        return F.pixel_shuffle(super().forward(x), 2)

    def carried(self, x: Tensor) -> Tensor:
        """The features that stand beside a decision: (N, C, H, W) to (N, C / 4, 2 H, 2 W)."""
        return F.pixel_shuffle(pixelnorm(x), 2)

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, C, H, W). Returns (N, parts + C / 4, 2 H, 2 W), the decision first."""
        return torch.cat([decided(self.scores(x)), self.carried(x)], 1)


class FirstDrawBlock(PlanBlock):
    """Reads a decision and the features beside it, four cells at once."""

    def __init__(self, parts: int, features: int, outputs: int) -> None:
        super().__init__(parts + features, outputs, fold=True, raw=True)
        self.parts = parts

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, parts + features, H, W). Returns (N, O, H / 2, W / 2)."""
        return super().forward(torch.cat([x[:, : self.parts] * _DECIDED, x[:, self.parts :]], 1))


def decided(scores: Tensor) -> Tensor:
    """One-hot decisions of scores (N, parts, H, W); their gradient is that of the softmax."""
    chosen = torch.zeros_like(scores).scatter_(1, scores.argmax(1, keepdim=True), 1.0)
    if not scores.requires_grad:
        return chosen
    soft = scores.softmax(1)
    return chosen + soft - soft.detach()


class DecidedGenerator(nn.Module, Chain):
    """Trunk, plan, decision and drawing, each layer `layer{i}`; see the module.

    `sketch` and `decision` are the names of those two layers.
    """

    family = "decided, then drawn"

    def __init__(self, shape: Shape | None = None) -> None:
        super().__init__()
        self.shape = shape = shape or Shape()
        self.latent_dim = shape.latent_dim
        self.layers: tuple[Layer, ...] = ()
        side, width = 4, shape.latent_dim
        for i in range(6):
            units = shape.sketch if i == 5 else shape.trunk[i // 2]
            up = i in (2, 4)
            side = 2 * side if up else side
            first = {"kernel": 4, "padding": 3} if i == 0 else {}
            self.sketch = self._append(Block(width, units, up=up, active=i < 5, **first), units, side)
            width = units
        grid = side
        for i, (at, units) in enumerate(shape.plan):
            now = round(at * grid)
            self._append(PlanBlock(width, units, up=now > side, fold=now < side, raw=i == 0), units, now)
            side, width = now, units
        self.decision = self._append(DecisionBlock(width, shape.parts), shape.parts + width // 4, 2 * side)
        for i, (at, units) in enumerate(shape.draw):
            now = round(at * grid)
            block = FirstDrawBlock(shape.parts, width // 4, units) if i == 0 else PlanBlock(width, units, up=now > side)
            self._append(block, units, now)
            side, width = now, units
        self.resolution = side
        self.add_module(self.output_name, Block(width, 3, kernel=1, padding=0, active=False))

    def _append(self, block: Block, units: int, side: int) -> str:
        """Add a layer behind the others. Returns its name."""
        name = f"layer{len(self.layers) + 1}"
        self.add_module(name, block)
        self.layers = (*self.layers, Layer(name, units, side, side))
        return name

    def block(self, name: str) -> Block:
        """The block of that name."""
        block = getattr(self, name)
        assert isinstance(block, Block)
        return block

    @property
    def decider(self) -> DecisionBlock:
        """The block that decides."""
        block = self.block(self.decision)
        assert isinstance(block, DecisionBlock)
        return block

    def frozen(self, dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu") -> Generator:
        """A copy in evaluation mode."""
        return copy.deepcopy(self).to(device, dtype).requires_grad_(False)

    def plan(self, sketch: Tensor) -> Tensor:
        """What the decision is made from: a sketch (N, units, 16, 16) to (N, C, 64, 64)."""
        before = self.layers[self.index(self.decision) - 1]
        return self.advance(Activations(sketch), self.sketch, before.name).r

    def forward(self, z: Tensor) -> Tensor:
        """z: (N, latent_dim). Returns the image, (N, 3, resolution, resolution)."""
        return self.tail(self.trunk(z, self.sketch), self.sketch)


def multiplications(generator: DecidedGenerator) -> dict[str, int]:
    """How often each block behind the sketch multiplies for one picture, by its layer's name."""
    counts = {}
    sides = {layer.name: layer.height for layer in generator.layers} | {generator.output_name: generator.resolution}
    for name in list(sides)[generator.index(generator.sketch) + 1 :]:
        block, side = generator.block(name), sides[name]
        side = side // 2 if isinstance(block, DecisionBlock) else side
        outputs, inputs, height, width = block.conv.weight.shape
        taps = 4 if block.up else height * width
        counts[name] = outputs * inputs * taps * side * side
    return counts
