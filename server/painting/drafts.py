"""Drafts of generators that decide before they draw: of the picture, only the box that has changed is drawn anew.

Behind the decision a cell reaches a few cells, so what a stroke has not changed there, nor near there, is in the last
draft of the scene already. Features beside the decision change a little over a wide area, which nobody sees while
dragging; a finished stroke is drawn whole.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from server.model.generator import Activations, Generator
from server.model.pixels import Pixels, to_pixels
from server.painting.cache import ByteCache

# Of a part's probability, or of a feature, whose usual size is 1: less is not seen while dragging. Behind a plan that
# reaches over the whole picture some cells far from the brush change their decisions in every frame, by less than this.
CHANGED = 0.5
WHOLE = 0.5  # of the picture: of a larger box nothing is saved
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
    box = (0, height, 0, width) if last is None else changed(r, last.r)
    if last is None or box is None:
        return last or Draft(r, to_pixels(generator.tail(a, layer))[0])
    near = reach(generator)
    drawn, inner = _grown(box, 2 * near, r), _grown(box, near, r)
    if (drawn[1] - drawn[0]) * (drawn[3] - drawn[2]) > WHOLE * height * width:
        return Draft(r, to_pixels(generator.tail(a, layer))[0])
    top, bottom, left, right = drawn
    window = a.r[:, :, top:bottom, left:right].contiguous(memory_format=torch.channels_last)
    scale = generator.size[0] // height
    part = to_pixels(generator.tail(a.edited(window), layer))[0]
    pixels, known = last.pixels.copy(), last.r.clone()
    top, bottom, left, right = inner
    y, x = (top - drawn[0]) * scale, (left - drawn[2]) * scale
    own = part[y : y + (bottom - top) * scale, x : x + (right - left) * scale]
    pixels[top * scale : bottom * scale, left * scale : right * scale] = own
    known[:, top:bottom, left:right] = r[:, top:bottom, left:right]
    return Draft(known, pixels)


def changed(r: Tensor, before: Tensor) -> tuple[int, int, int, int] | None:
    """Where probabilities or features have changed by what is seen: top, bottom, left and right of a box of cells, the
    ends behind the last ones; None where nothing has. r, before: (C, H, W).
    """
    other = ((r - before).abs_() > CHANGED).any(0)  # (H, W)
    if not bool(other.any()):
        return None
    rows, columns = (np.flatnonzero(other.any(axis).cpu().numpy()) for axis in (1, 0))
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def reach(generator: Generator) -> int:
    """How many cells of the decision farther what is drawn can change than the decision does, where every layer behind
    it convolves by 3x3: an even number."""
    at = generator.index(generator.exact_layer or "")
    before, cells = generator.layers[at], 0.0
    for layer in generator.layers[at + 1 :]:
        cells += generator.layers[at].height / min(before.height, layer.height)
        before = layer
    return 2 * math.ceil(cells / 2)


def _grown(box: tuple[int, int, int, int], by: int, r: Tensor) -> tuple[int, int, int, int]:
    """The box with so many cells more around it, from even cells to even ones, as four are drawn from at once."""
    height, width = r.shape[1:]
    top, bottom, left, right = box
    even = (top - by) // 2 * 2, -(-(bottom + by) // 2) * 2, (left - by) // 2 * 2, -(-(right + by) // 2) * 2
    return max(0, even[0]), min(height, even[1]), max(0, even[2]), min(width, even[3])
