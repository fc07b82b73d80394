"""Passes kept: what a picture's pass through the generator left, so that a picture much like it costs what differs.

    drawn = draw(generator, a, "layer4", placed)          # a whole pass
    update = plan(drawn, generator, other_placed)         # what other edits of the same scene change in it
    drawn = update.run()                                  # the other picture, within 1 of 255 of a whole pass

An edit changes cells of its layer. Behind it, each block that reaches little changes a box of cells around those, a
little larger with each block, and what lies outside stays as it is, to the bit. What fine layers hold is not kept: it
would be most of the bytes, and what a box of the picture needs of it is computed anew from the last layer that is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from server.model.generator import Activations, Chain, Layer
from server.model.local import Box, LocalBlock
from server.model.pixels import Pixels, to_pixels
from server.painting.blend import edited
from server.painting.edits import Check, PlacedEdit, go_on

FINE = 4  # a layer is fine where this many times its height is more than the picture's


@dataclass(frozen=True)
class Pass:
    """What a pass left. Shared: never write to it.

    placed: the picture's edits. outputs: by layer, those from the first kept on, as they were before the layer's edits,
    (1, units, height, width); fine layers only where they are edited. pixels: the picture's, (H, W, 3).
    """

    placed: tuple[PlacedEdit, ...]
    outputs: dict[str, Tensor]
    pixels: Pixels

    @property
    def nbytes(self) -> int:
        """The bytes of all its arrays."""
        return self.pixels.nbytes + sum(output.nbytes for output in self.outputs.values())

    def edited(self, layer: str) -> Tensor:
        """What the layer hands on, (1, units, height, width)."""
        placed = at_layer(self.placed, layer)
        return edited(self.outputs[layer], placed) if placed else self.outputs[layer]


@dataclass(frozen=True)
class Update:
    """How another picture follows from a kept pass.

    boxes: by block that runs, the cells of its output that are computed. share: their multiplications, of those of all
    blocks behind the first layer kept.
    """

    kept: Pass
    placed: tuple[PlacedEdit, ...]
    generator: Chain
    boxes: dict[str, Box]
    share: float

    def run(self, check: Check = go_on) -> Pass:
        """The other picture's pass. Raises what `check` raises."""
        generator = self.generator
        result = replace(self.kept, placed=self.placed, outputs=dict(self.kept.outputs))
        before: Layer | None = None
        patch, place = None, None  # what the block before made, (1, C, h, w), and where that is
        for layer in (*generator.layers, None):
            name = generator.output_name if layer is None else layer.name
            box = self.boxes.get(name)
            if box is not None:
                check()
                assert before is not None
                block = generator.local(name)
                assert block is not None
                read = block.read(box)
                if before.name in result.outputs:
                    x = _cells(result.edited(before.name), None, read, before)
                else:
                    assert patch is not None
                    x = _cells(patch, place, read, before)
                patch, place = block.run(x, read, box), box
                if layer is None:
                    pixels = result.pixels.copy()  # (H, W, 3)
                    pixels[box.top : box.bottom, box.left : box.right] = to_pixels(patch)[0]
                    return replace(result, pixels=pixels)
                if name in result.outputs:
                    whole = result.outputs[name].clone()
                    whole[:, :, box.top : box.bottom, box.left : box.right] = patch
                    result.outputs[name] = whole
            before = layer
        return result


def at_layer(placed: Sequence[PlacedEdit], layer: str) -> list[PlacedEdit]:
    """The edits of that layer, in their order."""
    return [p for p in placed if p.edit.layer.name == layer]


def draw(generator: Chain, a: Activations, at: str, placed: Sequence[PlacedEdit], check: Check = go_on) -> Pass:
    """A whole pass from the output `a` of the layer `at`, at which or behind which all edits are. Raises what `check`
    raises."""
    r, outputs = a.r, {}
    for layer in generator.layers[generator.index(at) :]:
        if layer.name != at:
            r = generator.block(layer.name)(r)  # (1, units, height, width)
        here = at_layer(placed, layer.name)
        if here or FINE * layer.height <= generator.size[0] or layer.name == at:
            outputs[layer.name] = r
        if here:
            check()
            r = edited(r, here)
    pixels: Pixels = to_pixels(generator.block(generator.output_name)(r))[0]
    return Pass(tuple(placed), outputs, pixels)


def local_behind(generator: Chain, layer: str) -> dict[str, LocalBlock] | None:
    """The blocks behind the layer, None where one of them reaches far."""
    blocks = {}
    for name in (*(each.name for each in generator.layers[generator.index(layer) + 1 :]), generator.output_name):
        block = generator.local(name)
        if block is None:
            return None
        blocks[name] = block
    return blocks


def plan(kept: Pass, generator: Chain, placed: Sequence[PlacedEdit]) -> Update | None:
    """How the picture of these edits follows from a pass of the same scene, None where it does not."""
    first = next(iter(kept.outputs))
    blocks, edits = local_behind(generator, first), changed_boxes(kept, placed)
    if blocks is None or edits is None:
        return None
    names = list(blocks)
    sizes = {layer.name: (layer.height, layer.width) for layer in generator.layers}
    sizes[generator.output_name] = generator.size
    # Forwards: which cells of each block's output are others than they were.
    boxes: dict[str, Box] = {}
    changed: Box | None = None
    for name in (first, *names):
        if name != first and changed is not None:
            changed = boxes[name] = blocks[name].reached(changed).within(*sizes[name])
        if name in edits:
            changed = edits[name].joined(changed)
    # Backwards: what these read of blocks whose outputs are not kept is computed, too.
    for before, name in reversed(list(pairwise(names))):
        if name in boxes and before not in kept.outputs:
            boxes[before] = blocks[name].read(boxes[name]).within(*sizes[before]).joined(boxes.get(before))
    work = sum(box.area * blocks[name].work for name, box in boxes.items())
    whole = sum(sizes[name][0] * sizes[name][1] * block.work for name, block in blocks.items())
    return Update(kept, tuple(placed), generator, boxes, work / whole)


def changed_boxes(kept: Pass, placed: Sequence[PlacedEdit]) -> dict[str, Box] | None:
    """By layer, the least box around the cells that other edits than the pass's leave different there; None where one
    of these layers is not kept."""
    touched = {p.edit.layer.name for p in (*kept.placed, *placed)}
    if not touched <= kept.outputs.keys():
        return None
    cells = {name: changed_cells(at_layer(kept.placed, name), at_layer(placed, name)) for name in touched}
    return {name: Box.around(some) for name, some in cells.items() if some is not None}


def changed_cells(old: Sequence[PlacedEdit], new: Sequence[PlacedEdit]) -> NDArray[np.bool_] | None:
    """The cells of a layer, (H, W), that other edits of it may leave different; None for none."""
    start = 0
    while start < min(len(old), len(new)) and _same(old[start], new[start]):
        start += 1
    old, new = old[start:], new[start:]
    while old and new and _same(old[-1], new[-1]):
        old, new = old[:-1], new[:-1]
    if len(old) == len(new) and all(_same_units(a, b) for a, b in zip(old, new, strict=True)):
        changes = [a.coverage != b.coverage for a, b in zip(old, new, strict=True)]
    else:
        changes = [p.coverage > 0 for p in (*old, *new)]
    cells: NDArray[np.bool_] = np.logical_or.reduce(changes) if changes else np.zeros((1, 1), np.bool_)
    return cells if cells.any() else None


def _same(a: PlacedEdit, b: PlacedEdit) -> bool:
    return _same_units(a, b) and (a.coverage is b.coverage or np.array_equal(a.coverage, b.coverage))


def _same_units(a: PlacedEdit, b: PlacedEdit) -> bool:
    """Whether both do the same to a cell that they cover."""
    return (
        a.edit.strength == b.edit.strength
        and np.array_equal(a.edit.units, b.edit.units)
        and np.array_equal(a.edit.levels, b.edit.levels)
    )


def _cells(x: Tensor, place: Box | None, box: Box, layer: Layer) -> Tensor:
    """The cells of a box of a layer's output, zeros beyond its edges. x: its cells of `place`, or all."""
    inside = box.within(layer.height, layer.width)
    top, left = (0, 0) if place is None else (place.top, place.left)
    x = x[:, :, inside.top - top : inside.bottom - top, inside.left - left : inside.right - left]
    if inside == box:
        return x
    beyond = (inside.left - box.left, box.right - inside.right, inside.top - box.top, box.bottom - inside.bottom)
    return F.pad(x, beyond)
