"""Drafts of several pictures in one pass, for devices that draw many in little more time than one.

    together = Together(device)
    pixels = together.draw(generator, "layer4", trunks, placed)   # (N, H, W, 3)

Finished pictures are drawn one by one, as the last bits of a sum depend on how many are drawn at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest

import numpy as np
import torch
from torch import Tensor

from server.model.catalog import Model
from server.model.generator import Activations, Chain, Generator, joined
from server.model.graphs import Pass, Replays, capture_cuda
from server.model.pixels import Pixels, to_levels
from server.painting.blend import blend
from server.painting.edits import Check, PlacedEdit, go_on
from server.painting.passes import at_layer
from server.painting.picture import Picture

MOST_PIXELS = 64 * 256 * 256  # of the images of a pass


@dataclass(frozen=True)
class Prepared:
    """A picture with all that drawing it takes but the device: its model, and its edits on their layers' grids."""

    picture: Picture
    model: Model
    placed: list[PlacedEdit]


class Together:
    """Draws batches. On CUDA the tails of chains of blocks are replayed from graphs (`server.model.graphs`)."""

    def __init__(self, device: str) -> None:
        self._device = torch.device(device)
        self._tails: dict[tuple[Generator, str], Pass] = {}

    def draw(
        self,
        generator: Generator,
        at: str,
        trunks: Sequence[Activations],
        placed: Sequence[Sequence[PlacedEdit]],
        check: Check = go_on,
    ) -> Pixels:
        """The pixels of N pictures, (N, H, W, 3). trunks: of each, the output of the layer `at`, which no edit is
        before. Raises what `check` raises."""
        a = joined(trunks)
        for layer in generator.layers[generator.index(at) :]:
            here = [at_layer(some, layer.name) for some in placed]
            if any(here):
                check()
                a = generator.advance(a, at, layer.name)
                a = a.edited(edited_together(a.r, here))
                at = layer.name
        pixels: Pixels = self._tail(generator, at)(a).to("cpu", copy=True).numpy()  # the next pass overwrites it
        return pixels

    def _tail(self, generator: Generator, layer: str) -> Pass:
        """From the layer's output to bytes, (N, H, W, 3)."""
        key = generator, layer
        if key not in self._tails:
            run = _to_bytes(generator, layer)
            recorded = self._device.type == "cuda" and isinstance(generator, Chain)
            self._tails[key] = Replays(run, partial(capture_cuda, self._device)) if recorded else run
        return self._tails[key]


def most_together(generator: Generator) -> int:
    """How many pictures of a generator are drawn in one pass."""
    height, width = generator.size
    return max(1, MOST_PIXELS // (height * width))


def edited_together(r: Tensor, placed: Sequence[Sequence[PlacedEdit]]) -> Tensor:
    """A copy of a layer's featuremaps of N pictures, (N, C, H, W), each with its own edits in it: to the bit what
    `server.painting.blend.edited` makes of each."""
    n, units, height, width = r.shape
    result = r.to(torch.float32, copy=True)  # (N, C, H, W)
    for edits in zip_longest(*placed):  # the first of every picture, the second of every picture, ...
        coverage = np.zeros((n, 1, height, width), np.float32)
        chosen, level = np.zeros((2, n, units, 1, 1), np.float32)
        for i, one in enumerate(edits):
            if one is not None:
                coverage[i, 0] = one.coverage * np.float32(one.edit.strength)
                chosen[i, one.edit.units] = 1
                level[i, one.edit.units, 0, 0] = one.edit.levels
        alpha, of, to = (torch.from_numpy(array).to(r.device) for array in (coverage, chosen, level))
        result = blend(result, alpha * of, to)  # (N, C, H, W)
    return result.to(r.dtype)


def _to_bytes(generator: Generator, layer: str) -> Callable[[Activations], Tensor]:
    def run(a: Activations) -> Tensor:
        r = a.r.contiguous(memory_format=torch.channels_last)
        return to_levels(generator.tail(a.edited(r), layer))  # (N, H, W, 3)

    return run
