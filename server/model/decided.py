"""A generator that decides what every pixel is, and then draws it.

    generator = DecidedGenerator(Shape())
    sketch = generator.trunk(z, generator.sketch)        # r: (N, 64, 16, 16): shares of kinds of things, colours, light
    decision = generator.advance(sketch, generator.sketch, generator.decision)   # r: (N, 30 + 20, 128, 128)
    x = generator.tail(decision, generator.decision)     # (N, 3, 256, 256)

Layers up to the sketch are the trunk. Those behind plan: down to half of the sketch's size, where a kernel reaches a
quarter of the picture, and up again. The decision layer has a unit for each part of things, the probability that a cell
shows it; beside them it carries the features they were made from, folded, which bring colour and texture. The first
layer that draws takes the greatest of them for each cell, and nothing else of them goes on: what is drawn follows from
that alone, so that a part whose unit is set above 1 is drawn where it was set, and where a part's unit is set to zero
the next likeliest one is drawn.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from server.errors import WeightError
from server.model.generator import Activations, Chain, Generator, Layer
from server.model.progressive import SLOPE, Block, pixelnorm

# How strong the decision is beside the features, each of which is about 1.
DECIDED = 3.0
TRUNK = 6  # layers, two of each size, the last of them the sketch
GRID = 16  # rows of the sketch
MAX_LAYERS, MAX_UNITS = 64, 8192
_KERNEL = re.compile(r"layer(\d{1,3})\.conv\.weight")

Sizes = Mapping[str, tuple[int, ...]]  # of tensors, by their names


@dataclass(frozen=True)
class Shape:
    """Units of each layer. `trunk`: (units at 4x4, 8x8 and 16x16), two layers each, the last of them the sketch.
    `plan`: (side in parts of the sketch's, units), one a layer. `parts`: units of the decision. `draw`: the same as
    `plan` for the layers that draw.

    A layer twice as large as the one before has another number of units, and only such a one has, unless it halves: so
    weights tell the shape. The last number of units of the plan is a multiple of four."""

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
    """Tells how likely each part is in every cell, of four cells for each of its input's, and carries its input on."""

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
        """x: (N, C, H, W). Returns (N, parts + C / 4, 2 H, 2 W), the parts' probabilities first."""
        carried = self.carried(x)
        return torch.cat([self.scores(x).softmax(1).to(carried.dtype), carried], 1)


class FirstDrawBlock(PlanBlock):
    """Decides, and reads the decision and the features beside it, four cells at once."""

    def __init__(self, parts: int, features: int, outputs: int) -> None:
        super().__init__(parts + features, outputs, fold=True, raw=True)
        self.parts = parts

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, parts + features, H, W). Returns (N, O, H / 2, W / 2)."""
        return super().forward(decision_of(x, self.parts))


def decision_of(x: Tensor, parts: int) -> Tensor:
    """What is drawn from: the decision in the place of the probabilities of so many parts, and the features behind it.
    x: (N, parts + features, H, W). Shape kept."""
    return torch.cat([greatest(x[:, :parts]) * DECIDED, x[:, parts:]], 1)


def greatest(p: Tensor) -> Tensor:
    """1 where a part is the likeliest, 0 elsewhere; its gradient is that of p, (N, parts, H, W). Shape kept."""
    chosen = torch.zeros_like(p).scatter_(1, p.argmax(1, keepdim=True), 1.0)
    return chosen + (p - p.detach()) if p.requires_grad else chosen


def decided(scores: Tensor) -> Tensor:
    """One-hot decisions of scores (N, parts, H, W); their gradient is that of the softmax."""
    return greatest(scores.softmax(1))


class DecidedGenerator(nn.Module, Chain):
    """Trunk, plan, decision and drawing, each layer `layer{i}`; see the module.

    `sketch` and `decision` are the names of those two layers, at which it is edited. Raises ValueError for a shape that
    weights would not tell.
    """

    family = "decided, then drawn"

    def __init__(self, shape: Shape | None = None) -> None:
        super().__init__()
        self.shape = shape = shape or Shape()
        self.latent_dim = shape.latent_dim
        self.layers: tuple[Layer, ...] = ()
        side, width = 4, shape.latent_dim
        for i in range(TRUNK):
            units = shape.sketch if i == TRUNK - 1 else shape.trunk[i // 2]
            up = i in (2, 4)
            side = 2 * side if up else side
            first = {"kernel": 4, "padding": 3} if i == 0 else {}
            self.sketch = self._append(Block(width, units, up=up, active=i < TRUNK - 1, **first), units, side)
            width = units
        for i, (at, units) in enumerate(shape.plan):
            now = round(at * GRID)
            self._append(PlanBlock(width, units, up=now > side, fold=now < side, raw=i == 0), units, now)
            side, width = now, units
        self.decision = self._append(DecisionBlock(width, shape.parts), shape.parts + width // 4, 2 * side)
        for i, (at, units) in enumerate(shape.draw):
            now = round(at * GRID)
            block = FirstDrawBlock(shape.parts, width // 4, units) if i == 0 else PlanBlock(width, units, up=now > side)
            self._append(block, units, now)
            side, width = now, units
        self.size = side, side
        self.add_module(self.output_name, Block(width, 3, kernel=1, padding=0, active=False))
        self.brush_layers = self.sketch, self.decision
        self.exact_layer, self.exact_units = self.decision, shape.parts
        if shape_of({name: tuple(p.shape) for name, p in self.named_parameters()}) != shape:
            raise ValueError(f"weights would not tell this shape: {shape}")

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
        """The block that tells what is decided from."""
        block = self.block(self.decision)
        assert isinstance(block, DecisionBlock)
        return block

    def frozen(self, dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu") -> Generator:
        """With everything folded into the kernels that run."""
        from server.model.folded import FoldedGenerator  # which is made of this module's blocks

        return FoldedGenerator(self, dtype, device)

    def plan(self, sketch: Tensor) -> Tensor:
        """What the decision is made from: a sketch (N, units, 16, 16) to (N, C, 64, 64)."""
        before = self.layers[self.index(self.decision) - 1]
        return self.advance(Activations(sketch), self.sketch, before.name).r

    def forward(self, z: Tensor) -> Tensor:
        """z: (N, latent_dim). Returns the image, (N, 3, *size)."""
        return self.tail(self.trunk(z, self.sketch), self.sketch)


def is_decided(sizes: Sizes) -> bool:
    """Whether tensors of these sizes make a generator of this family, or are meant to: it has a layer whose kernel is
    one cell."""
    return any(_KERNEL.fullmatch(name) and size[2:] == (1, 1) for name, size in sizes.items())


def read_decided(tensors: Mapping[str, Tensor]) -> DecidedGenerator:
    """The generator of these tensors, float32 and finite. Raises WeightError."""
    sizes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    shape = shape_of(sizes)
    with torch.device("meta"):  # nothing is reserved for what is not in the file
        generator = DecidedGenerator(shape)
    expected = {name: tuple(p.shape) for name, p in generator.named_parameters()}
    for name in [*expected, *sizes]:
        if name not in sizes:
            raise WeightError(f"{name} is missing")
        if name not in expected:
            raise WeightError(f"{name[:60]!r} is no part of a generator that decides and then draws")
        if sizes[name] != expected[name]:
            raise WeightError(f"{name} has the shape {sizes[name]}, expected {expected[name]}")
    generator.load_state_dict(dict(tensors), assign=True)
    return generator


def shape_of(sizes: Sizes) -> Shape:
    """The shape that kernels of these sizes tell; whether every tensor fits it is not looked at. Raises WeightError."""
    kernels = _kernels(sizes)
    sides = [size[2] for size in kernels]
    if sides.count(1) != 1 or not TRUNK < sides.index(1) < len(kernels) - 1:
        raise WeightError(
            "not one layer, behind a plan and before layers that draw, has a kernel of one cell to decide by"
        )
    decision = sides.index(1)
    plan: list[tuple[float, int]] = []
    at, width = 1.0, kernels[TRUNK - 1][0]
    for units, inputs, *_ in kernels[TRUNK:decision]:
        if inputs == 4 * width:
            at = at / 2
        elif units != inputs and plan:
            at = at * 2
        plan.append((at, units))
        width = units
    if min(side for side, _ in plan) * GRID < 1 or width % 4:
        raise WeightError("the plan halves too often, or its last layer's units are no multiple of four")
    draw = [(at, kernels[decision + 1][0])]
    for units, inputs, *_ in kernels[decision + 2 :]:
        at = at if units == inputs else at * 2
        draw.append((at, units))
    return Shape(
        latent_dim=kernels[0][1],
        trunk=(kernels[0][0], kernels[2][0], kernels[4][0]),
        sketch=kernels[TRUNK - 1][0],
        plan=tuple(plan),
        parts=kernels[decision][0] // 4,
        draw=tuple(draw),
    )


def _kernels(sizes: Sizes) -> list[tuple[int, ...]]:
    """The sizes of the layers' kernels, (O, C, k, k) each, in their order. Raises WeightError."""
    numbered = {int(match[1]): size for name, size in sizes.items() if (match := _KERNEL.fullmatch(name))}
    if sorted(numbered) != list(range(1, len(numbered) + 1)):
        raise WeightError(f"layers are missing: there are {', '.join(str(i) for i in sorted(numbered))}")
    if len(numbered) > MAX_LAYERS:
        raise WeightError(f"{len(numbered)} layers are more than the {MAX_LAYERS} of any generator that is known")
    for number, size in numbered.items():
        if len(size) != 4 or not all(0 < units <= MAX_UNITS for units in size):
            raise WeightError(f"layer{number} has a kernel of shape {size}, expected (units, units, side, side)")
    return [numbered[number] for number in sorted(numbered)]


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
