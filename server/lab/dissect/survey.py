"""What the units of many layers do, in two passes over the samples that serve all layers at once.

The first pass draws and labels the samples and counts every unit's quantiles; the second matches units with concepts,
finds their levels and the samples they are strongest in. Featuremaps are looked at block by block and thrown away:
memory does not grow with the samples or the layers, but for the pictures themselves.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from server.lab.dissect.agreement import (
    BLOCK,
    CANDIDATES,
    COARSE,
    FINE,
    FIXED,
    Agreement,
    Pixels,
    Tally,
    agreement_of,
    best_thresholds,
    candidate_thresholds,
)
from server.lab.dissect.levels import LevelSums, levels_of
from server.lab.dissect.passes import Passes, batches, latents
from server.lab.dissect.quantiles import QuantileSketch
from server.lab.dissect.regions import Strongest
from server.lab.dissect.samples import Samples, to_pixels
from server.lab.dissect.work import Arrays
from server.lab.dissect.workers import Workers

QUANTILES = (0.0, 0.001, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 1.0)
_KEPT = tuple(sorted({*QUANTILES, *CANDIDATES}))


def layer_outputs(passes: Passes, seeds: Sequence[int], layers: Sequence[str]) -> Iterator[tuple[str, Tensor]]:
    """The outputs of some layers, in the order they run, (N, units, h, w) each: one pass serves all."""
    z = latents(seeds, passes.generator.latent_dim)  # (N, latent_dim)
    before: tuple[str, Tensor] | None = None
    for layer in layers:
        r = passes.trunk(z, layer) if before is None else passes.advance(before[1], before[0], layer)
        before = (layer, r)
        yield layer, r


def draw_and_count(passes: Passes, seeds: range, layers: Sequence[str], workers: Workers) -> Arrays:
    """The first pass. Returns `images` (N, R, R, 3) and `labels` (N, R, R) of the samples, and for every layer
    `<layer>/quantiles`, (units, len(_KEPT)).
    """
    sizes = {known.name: known.units for known in passes.generator.layers}
    sketches = {layer: QuantileSketch.empty(sizes[layer]) for layer in layers}
    locks = {layer: threading.Lock() for layer in layers}

    def block(s: slice) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
        last: tuple[str, Tensor] | None = None
        for layer, r in layer_outputs(passes, seeds[s], layers):
            with locks[layer]:
                sketches[layer].add(r.cpu())
            last = (layer, r)
        assert last is not None
        x = passes.images(last[1], last[0])  # (B, 3, R, R)
        return to_pixels(x), passes.labels(x).cpu().numpy()

    drawn = workers.map(block, list(batches(len(seeds), BLOCK)))
    quantiles = {f"{layer}/quantiles": sketch.quantile(_KEPT).numpy() for layer, sketch in sketches.items()}
    return {
        "images": np.concatenate([images for images, _ in drawn]),
        "labels": np.concatenate([labels for _, labels in drawn]),
        **quantiles,
    }


class _Layer:
    """What the second pass gathers of one layer, from any thread."""

    def __init__(self, sums: LevelSums, quantiles: Tensor) -> None:
        """quantiles: (units, len(_KEPT))."""
        self.quantiles = quantiles
        self.candidates = candidate_thresholds(self.quantile(CANDIDATES))  # (units, T)
        self.fixed = self.candidates[:, [CANDIDATES.index(FIXED)]].numpy()  # (units, 1)
        self.sums = sums
        self.blocks: dict[int, tuple[Tensor, ...]] = {}  # by their first sample: sums of floats depend on the order
        self.first, self.own, self.whole = Tally(), Tally(), Tally()
        self.strongest = Strongest()
        self.lock = threading.Lock()
        self.threshold = self.iqr = torch.zeros(0)

    def quantile(self, q: Sequence[float]) -> Tensor:
        return self.quantiles[:, [_KEPT.index(one) for one in q]]  # (units, len(q))

    def choose(self) -> None:
        """Set the thresholds, after the first half of the samples."""
        self.threshold, self.iqr = best_thresholds(self.candidates, self.first)  # (units, C) each

    def agreement(self) -> Agreement:
        return agreement_of(self.candidates, self.threshold, self.iqr, self.own, self.whole)


def match_units(
    passes: Passes,
    samples: Samples,
    layers: Sequence[str],
    quantiles: Mapping[str, npt.NDArray[np.float32]],
    workers: Workers,
) -> dict[str, Arrays]:
    """The second pass: the arrays of `server.lab.dissect.run.ARRAYS` of every layer.

    quantiles: of every layer, as `draw_and_count` returns them.
    """
    grids = {known.name: known.height for known in passes.generator.layers}
    sums = {size: LevelSums(samples.labels, len(samples.concepts), size) for size in {grids[name] for name in layers}}
    found = {name: _Layer(sums[grids[name]], torch.from_numpy(quantiles[name])) for name in layers}
    concepts = len(samples.concepts)

    def block(index: npt.NDArray[np.int64], choosing: bool) -> None:
        y = samples.labels[index]
        fine = Pixels(y, concepts, FINE)
        coarse = Pixels(y, concepts, COARSE) if choosing else fine
        weights: dict[int, Tensor] = {}  # by the size of the layers that share them
        for layer, output in layer_outputs(passes, [samples.seeds[i] for i in index], layers):
            r, held = output.cpu(), found[layer]
            if choosing:
                counts = coarse.every_pair(r, held.candidates.numpy())
            else:
                counts = fine.own_pairs(r, held.threshold.numpy())
            if r.shape[2] not in weights:
                weights[r.shape[2]] = held.sums.weights(y)
            fixed, sums = fine.every_pair(r, held.fixed), LevelSums.of(r, weights[r.shape[2]])
            with held.lock:
                (held.first if choosing else held.own).add(counts, coarse)
                held.whole.add(fixed, fine)
                held.blocks[int(index[0])] = sums
                held.strongest.add(index, r)

    for choosing in (True, False):
        half = np.arange(0 if choosing else 1, len(samples), 2)
        workers.map(partial(block, choosing=choosing), [half[s] for s in batches(len(half), BLOCK)])
        if choosing:
            for held in found.values():
                held.choose()
    return {layer: _arrays(samples, held) for layer, held in found.items()}


def _arrays(samples: Samples, held: _Layer) -> Arrays:
    agreement = held.agreement()
    sums = [held.blocks[first] for first in sorted(held.blocks)]
    low, high = held.quantile((0.01, 0.99)).unbind(1)  # (units,) each
    levels = levels_of([torch.stack(part).sum(0) for part in zip(*sums, strict=True)], low, high)
    # The region that is shown is the one of the concept the unit matches best.
    shown = np.where(agreement.matches(), agreement.iou, agreement.iou / 100).argmax(1)  # (units,)
    threshold = agreement.threshold[np.arange(len(shown)), shown]  # (units,)
    strongest, regions = held.strongest.regions(threshold)
    return {
        **vars(agreement),
        **vars(levels),
        "quantiles": held.quantile(QUANTILES).numpy(),
        "strongest": samples.first + strongest,
        "regions": regions,
    }
