"""Drafts of generators that decide before they draw: of the picture, only the box that has changed is drawn anew.

Behind the decision a cell reaches a few cells, so what a stroke has not changed there, nor near there, is in the last
draft of the scene already. Features beside the decision change a little over a wide area, which nobody sees while
dragging; a finished stroke is drawn whole.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor

from server.model.generator import Activations, Generator
from server.model.local import Box
from server.model.pixels import Pixels, to_pixels
from server.painting.cache import ByteCache

# Of a part's probability, or of a feature, whose usual size is 1: less is not seen while dragging. Behind a plan that
# reaches over the whole picture some cells far from the brush change their decisions in every frame, by less than this.
CHANGED = 0.5
WHOLE = 0.8  # of the picture: of a larger window little is saved
SIDE = 16  # cells: a window's sides are multiples of it
DRAFT_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Draft:
    """A draft, (H, W, 3), and what each cell of it was drawn from: the decision layer's output, (C, H, W)."""

    r: Tensor
    pixels: Pixels

    @property
    def nbytes(self) -> int:
        """The bytes of both."""
        return self.r.nbytes + self.pixels.nbytes


class BoxedDrafts:
    """The last draft of each of the scenes painted on last. Safe between threads."""

    def __init__(self, max_bytes: int = DRAFT_BYTES) -> None:
        self._last: ByteCache[Draft] = ByteCache(max_bytes, lambda draft: draft.nbytes)

    def draw(self, scene: tuple[object, ...], generator: Generator, a: Activations) -> Pixels:
        """The picture of a generator's decision `a`, of one picture. scene: a short key. Returns (H, W, 3)."""
        key = (generator, *scene)
        draft = redrawn(generator, a, self._last.get(key))
        self._last.forget(key)
        return self._last.put(key, draft).pixels


def redrawn(generator: Generator, a: Activations, last: Draft | None) -> Draft:
    """The draft of a decision, with what has not changed from the last one of its scene."""
    layer = generator.exact_layer
    assert layer is not None
    r = a.r[0]  # (C, H, W)
    height, width = r.shape[1:]
    box = None if last is None else changed(r, last.r)
    if last is None or box is None:
        return last or Draft(r, to_pixels(generator.tail(a, layer))[0])
    near = reach(generator)
    anew, drawn = box.grown(near).within(height, width), window(box.grown(2 * near), height, width)
    if drawn.area > WHOLE * height * width:
        return Draft(r, to_pixels(generator.tail(a, layer))[0])
    read = a.r[:, :, drawn.top : drawn.bottom, drawn.left : drawn.right]
    part = to_pixels(generator.tail(a.edited(read), layer))[0]
    pixels, known = last.pixels.copy(), last.r.clone()
    n = generator.size[0] // height  # pixels along a cell
    own = part[n * (anew.top - drawn.top) :, n * (anew.left - drawn.left) :]
    own = own[: n * (anew.bottom - anew.top), : n * (anew.right - anew.left)]
    pixels[n * anew.top : n * anew.bottom, n * anew.left : n * anew.right] = own
    known[:, anew.top : anew.bottom, anew.left : anew.right] = r[:, anew.top : anew.bottom, anew.left : anew.right]
    return Draft(known, pixels)


def changed(r: Tensor, before: Tensor) -> Box | None:
    """The box of cells whose probabilities or features have changed by what is seen; None where none has. r, before:
    (C, H, W)."""
    other = ((r - before).abs_().amax(0) > CHANGED).cpu().numpy()  # (H, W)
    return Box.around(other) if other.any() else None


def window(box: Box, height: int, width: int) -> Box:
    """A box around that part of the box that lies in a grid of that size, of sides that are used again and again.

    oneDNN compiles each layer for each size of its input at first: for a window, that takes as long as drawing it. From
    even cells to even ones, as four are drawn from at once.
    """
    inside = box.within(height, width)
    (top, bottom), (left, right) = _side(inside.top, inside.bottom, height), _side(inside.left, inside.right, width)
    return Box(top, left, bottom, right)


def _side(begin: int, end: int, length: int) -> tuple[int, int]:
    """Where a window begins and ends, along a grid of an even number of cells."""
    begin = begin // 2 * 2
    side = min(-(-(end - begin) // SIDE) * SIDE, length)
    begin = min(begin, length - side)
    return begin, begin + side


def reach(generator: Generator) -> int:
    """How many cells of the decision farther what is drawn can change than the decision does, where every layer behind
    it convolves by 3x3: an even number."""
    at = generator.index(generator.exact_layer or "")
    before, cells = generator.layers[at], 0.0
    for layer in generator.layers[at + 1 :]:
        cells += generator.layers[at].height / min(before.height, layer.height)
        before = layer
    return 2 * math.ceil(cells / 2)
