"""What is known of every unit of many layers, from two passes over the samples that serve all layers at once.

The first pass draws and labels the samples and counts every unit's quantiles; the second matches units with concepts,
finds their levels and the samples they are strongest in. Featuremaps are looked at block by block and thrown away:
memory does not grow with the samples or the layers, but for the pictures themselves.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from server.lab.dissect.constants import CANDIDATES, COARSE, FINE, FIXED
from server.lab.dissect.running.passes import Passes, batches
from server.lab.dissect.running.work import Arrays
from server.lab.dissect.running.workers import Workers
from server.lab.dissect.units.agreement import agreement_of, best_concepts, best_thresholds, candidate_thresholds
from server.lab.dissect.units.lattice import LatticeLabels, Tally
from server.lab.dissect.units.levels import LevelSums, levels_of
from server.lab.dissect.units.quantiles import QuantileSketch
from server.lab.dissect.units.regions import Strongest
from server.lab.dissect.units.samples import Floats, Labels, Samples, layer_outputs
from server.model.pixels import Pixels, to_pixels
from server.results.unit_quantiles import QUANTILES

ARRAYS = {
    "iou": "(units, C): IoU at the best threshold, counted on the other half of the samples",
    "threshold": "(units, C): the threshold of the best information quality ratio",
    "iqr": "(units, C): that ratio",
    "iou_fixed": "(units, C): IoU at the unit's 0.99 quantile",
    "threshold_fixed": "(units,): the unit's 0.99 quantile",
    "chance": "(units, C): the IoU of independent maps of those sizes",
    "present": "(units, C): mean activation in cells well filled with the concept",
    "mean": "(units,): mean activation",
    "deviation": "(units,): standard deviation",
    "high": "(units,): 0.99 quantile over all cells",
    "low": "(units,): 0.01 quantile over all cells",
    "quantiles": "(units, Q): the quantiles named in `server.results.unit_quantiles.QUANTILES`",
    "strongest": "(units, K): the seeds of the samples it is strongest in",
    "regions": "(units, K, REGION**2 / 8): where it exceeds its threshold there, bits row by row",
}
KEPT = tuple(sorted({*QUANTILES, *CANDIDATES}))  # quantiles that the first pass keeps for the second
BLOCK = 64  # pictures: few enough for the processor's cache


def draw_and_count(passes: Passes, seeds: range, layers: Sequence[str], workers: Workers) -> Arrays:
    """The first pass. Returns `images` (N, H, W, 3) and `labels` (N, H, W) of the samples, and for every layer
    `<layer>/quantiles`, (units, len(KEPT)).
    """
    sketches = {layer: QuantileSketch.empty(passes.generator.layer(layer).units) for layer in layers}
    locks = {layer: threading.Lock() for layer in layers}

    def block(s: slice) -> tuple[Pixels, Labels]:
        for layer, a in layer_outputs(passes, seeds[s], layers):
            with locks[layer]:
                sketches[layer].add(a.r.cpu())
        x = passes.images(a, layers[-1])  # (B, 3, H, W)
        return to_pixels(x), passes.labels(x).cpu().numpy()

    images, labels = zip(*workers.map(block, list(batches(len(seeds), BLOCK))), strict=True)
    quantiles = {f"{layer}/quantiles": sketch.quantile(KEPT).numpy() for layer, sketch in sketches.items()}
    return {"images": np.concatenate(images), "labels": np.concatenate(labels), **quantiles}


def match_units(
    passes: Passes, samples: Samples, layers: Sequence[str], quantiles: Mapping[str, Floats], workers: Workers
) -> dict[str, Arrays]:
    """The second pass: the ARRAYS of every layer.

    quantiles: of every layer, as `draw_and_count` returns them.
    """
    known = {layer: passes.generator.layer(layer) for layer in layers}
    grids = {layer: (one.height, one.width) for layer, one in known.items()}
    sums = {grid: LevelSums(samples.labels, len(samples.concepts), *grid) for grid in {*grids.values()}}
    matches = {layer: LayerMatch(torch.from_numpy(quantiles[layer]), sums[grids[layer]]) for layer in layers}

    def gather(index: npt.NDArray[np.int64], choosing: bool) -> None:
        block = Block(samples.labels, index, len(samples.concepts), choosing)
        for layer, a in layer_outputs(passes, [samples.seeds[i] for i in index], layers):
            matches[layer].add(block, a.r.cpu())

    workers.map(partial(gather, choosing=True), half(len(samples), choosing=True))
    for match in matches.values():
        match.choose()
    workers.map(partial(gather, choosing=False), half(len(samples), choosing=False))
    return {layer: match.arrays(samples.first) for layer, match in matches.items()}


def half(count: int, choosing: bool) -> list[npt.NDArray[np.int64]]:
    """The numbers of the samples that thresholds are chosen on, or of the others, block by block."""
    index = np.arange(0 if choosing else 1, count, 2)
    return [index[s] for s in batches(len(index), BLOCK)]


class Block:
    """The labels of some samples, as all layers look at them."""

    def __init__(self, labels: Labels, index: npt.NDArray[np.int64], concepts: int, choosing: bool) -> None:
        """labels: (N, H, W), of all samples. index: (B,). choosing: whether thresholds are chosen on these."""
        self.index, self.labels = index, labels[index]
        self.fine = LatticeLabels(self.labels, concepts, FINE)
        self.coarse = LatticeLabels(self.labels, concepts, COARSE) if choosing else None
        self._weights: dict[tuple[int, ...], Tensor] = {}

    def weights(self, sums: LevelSums) -> Tensor:
        """See `LevelSums.weights`; layers of the same size share them."""
        if sums.grid not in self._weights:
            self._weights[sums.grid] = sums.weights(self.labels)
        return self._weights[sums.grid]


class LayerMatch:
    """What the second pass gathers of one layer, from any thread: first the samples to choose thresholds on."""

    def __init__(self, quantiles: Tensor, sums: LevelSums) -> None:
        """quantiles: (units, len(KEPT))."""
        self.quantiles, self.sums = quantiles, sums
        self.candidates = candidate_thresholds(self._quantile(CANDIDATES))  # (units, T)
        self.fixed = self._quantile([FIXED])  # (units, 1)
        self.threshold = self.iqr = torch.zeros(0)
        self.first, self.own, self.whole = Tally(), Tally(), Tally()
        self.blocks: dict[int, tuple[Tensor, ...]] = {}  # by their first sample: sums of floats depend on the order
        self.strongest = Strongest()
        self.lock = threading.Lock()

    def add(self, block: Block, r: Tensor) -> None:
        """Look at a block. r: (B, units, h, w)."""
        if block.coarse is not None:
            tally, labels, counts = self.first, block.coarse, block.coarse.every_pair(r, self.candidates.numpy())
        else:
            tally, labels, counts = self.own, block.fine, block.fine.own_pairs(r, self.threshold.numpy())
        fixed, sums = block.fine.every_pair(r, self.fixed.numpy()), LevelSums.of(r, block.weights(self.sums))
        with self.lock:
            tally.add(counts, labels)
            self.whole.add(fixed, block.fine)
            self.blocks[int(block.index[0])] = sums
            self.strongest.add(block.index, r)

    def choose(self) -> None:
        """Set the thresholds, after the first half of the samples."""
        self.threshold, self.iqr = best_thresholds(self.candidates, self.first)  # (units, C) each

    def arrays(self, first: int) -> Arrays:
        """The ARRAYS, after all samples. first: the seed of the first one."""
        agreement = agreement_of(self.candidates, self.threshold, self.iqr, self.own, self.whole)
        sums = [self.blocks[start] for start in sorted(self.blocks)]
        low, high = self._quantile((0.01, 0.99)).unbind(1)  # (units,) each
        levels = levels_of([torch.stack(part).sum(0) for part in zip(*sums, strict=True)], low, high)
        shown = best_concepts(agreement.iou, agreement.chance)  # (units,): the region is that of this concept
        strongest, regions = self.strongest.regions(agreement.threshold[np.arange(len(shown)), shown])
        return {
            **vars(agreement),
            **vars(levels),
            "quantiles": self._quantile(QUANTILES).numpy(),
            "strongest": first + strongest,
            "regions": regions,
        }

    def _quantile(self, q: Sequence[float]) -> Tensor:
        return self.quantiles[:, [KEPT.index(one) for one in q]]  # (units, len(q))


def flat(layers: Mapping[str, Arrays]) -> Arrays:
    """The arrays of all layers as one file holds them, `<layer>/<name>`."""
    return {f"{layer}/{name}": array for layer, arrays in layers.items() for name, array in arrays.items()}


def by_layer(arrays: Arrays) -> dict[str, Arrays]:
    """The same taken apart again."""
    layers: dict[str, Arrays] = {}
    for key, array in arrays.items():
        layer, _, name = key.partition("/")
        layers.setdefault(layer, {})[name] = array
    return layers
