"""Which units match which concept: thresholded, upsampled featuremaps against segmentation.

Following Bau et al., "GAN Dissection" (ICLR 2019), section 3.1: a featuremap is upsampled bilinearly
(align_corners False) to the picture's pixels and thresholded; the threshold of a (unit, concept) pair
maximises the information quality ratio on one half of the samples, the IoU is counted on the other. Beside it
stands the simple variant, one threshold a unit at its 0.99 quantile. Pixels are counted on a lattice of every
k-th row and column.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from server.lab.dissect.quantiles import QuantileSketch

CANDIDATES = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95, 0.965, 0.975, 0.985, 0.99, 0.995, 0.998)
FIXED = 0.99
INTERPRETABLE = 0.05
ABOVE_CHANCE = 2.0
COARSE, FINE = 32, 64  # rows of the lattice that thresholds are chosen on, and that IoU is counted on
BLOCK = 64  # pictures: few enough for the processor's cache
_BETWEEN = 8

Floats = npt.NDArray[np.float32]
Counts = npt.NDArray[np.int64]
Bits = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Agreement:
    """How well units and concepts match.

    iou, threshold: (units, C), the threshold of the best information quality ratio. iou_fixed: (units, C) at
    threshold_fixed: (units,), the unit's 0.99 quantile. iqr: (units, C), the ratio, 0..1. chance: (units, C), the IoU
    of independent maps as large as the two that `iou` compares.
    """

    iou: Floats
    threshold: Floats
    iqr: Floats
    iou_fixed: Floats
    threshold_fixed: Floats
    chance: Floats

    def matches(self) -> npt.NDArray[np.bool_]:
        """Which pairs count as a match, (units, C)."""
        return matching(self.iou, self.chance)


def matching(iou: Floats, chance: Floats) -> npt.NDArray[np.bool_]:
    """Which pairs of unit and concept count as a match: IoU of at least INTERPRETABLE and well above chance.

    The published bound was made for hundreds of small concepts; a concept that fills a third of the pictures
    overlaps with anything.
    """
    return (iou >= INTERPRETABLE) & (iou >= ABOVE_CHANCE * chance)


def lattice(size: int, most: int) -> npt.NDArray[np.int64]:
    """Every k-th of `size` pixels, from the middle of the first k on, with the least k that leaves at most
    `most`.
    """
    step = -(-size // most)
    return np.arange(step // 2, size, step)


def upsampling_matrix(size: int, height: int, rows: npt.NDArray[np.int64]) -> Floats:
    """Bilinear upsampling (align_corners False) from `height` to `size`, some rows of it: (len(rows),
    height).
    """
    at = np.clip((rows + 0.5) * height / size - 0.5, 0, height - 1)
    low = np.floor(at).astype(np.int64)
    out = np.zeros((len(rows), height), np.float32)
    index = np.arange(len(rows))
    np.add.at(out, (index, low), 1 - (at - low))
    np.add.at(out, (index, np.minimum(low + 1, height - 1)), at - low)
    return out


def upsampled(f: Floats, down: Floats, across: Floats) -> Floats:
    """A featuremap, stretched by matrices. f: (h, w, N); down: (L, h); across: (L, w). Returns (L, L, N)."""
    h, w, n = f.shape
    rows = (down @ f.reshape(h, w * n)).reshape(len(down), w, n)  # (L, w, N)
    out: Floats = across @ rows  # (L, L, N)
    return out


def _pack(on: npt.NDArray[np.bool_]) -> Bits:
    """on: (..., P) bool. Returns it in 64-bit words, (..., ceil(P / 64))."""
    bits = np.packbits(on, axis=-1)
    short = -bits.shape[-1] % 8
    if short:
        bits = np.concatenate([bits, np.zeros((*bits.shape[:-1], short), np.uint8)], -1)
    words: Bits = bits.view(np.uint64)
    return words


def _count(words: Bits) -> npt.NDArray[np.int64]:
    """The set bits of the last axis."""
    total: npt.NDArray[np.int64] = np.bitwise_count(words).sum(-1, dtype=np.int64)
    return total


class Pixels:
    """The labels of some pictures on the lattice, packed for counting, and how featuremaps get there."""

    def __init__(self, labels: npt.NDArray[np.uint8], concepts: int, most: int) -> None:
        """labels: (N, R, R). most: rows of the lattice."""
        self.size = labels.shape[-1]
        self.rows = lattice(self.size, most)
        y = labels[:, self.rows][:, :, self.rows].transpose(1, 2, 0)  # (L, L, N)
        self.present = _pack(y.reshape(1, -1) == np.arange(concepts)[:, None])  # (C, words)
        self.counts = _count(self.present)  # (C,)
        self.total = y.size

    def every_pair(self, r: Tensor, thresholds: Floats) -> tuple[Counts, Counts]:
        """r: (N, units, h, w). thresholds: (units, T). Returns how many pixels lie above, (units, T), and how many of
        them in each concept, (units, T, C).
        """
        pairs = [
            (_count(on), np.stack([_count(o & self.present) for o in on]))
            for on in self._above(r, thresholds)  # (T, words)
        ]
        return np.stack([above for above, _ in pairs]), np.stack([inside for _, inside in pairs])

    def own_pairs(self, r: Tensor, thresholds: Floats) -> tuple[Counts, Counts]:
        """thresholds: (units, C), one a concept. Returns how many pixels lie above, and how many of them in that
        concept, (units, C) each.
        """
        pairs = [(_count(on), _count(on & self.present)) for on in self._above(r, thresholds)]
        return np.stack([above for above, _ in pairs]), np.stack([inside for _, inside in pairs])

    def _above(self, r: Tensor, thresholds: Floats) -> Iterator[Bits]:
        """Unit by unit, where the featuremap on the lattice exceeds each threshold: (T, words)."""
        down = upsampling_matrix(self.size, r.shape[2], self.rows)  # (L, h)
        across = upsampling_matrix(self.size, r.shape[3], self.rows)  # (L, w)
        maps = r.float().permute(1, 2, 3, 0).contiguous().numpy()  # (units, h, w, N)
        for f, own in zip(maps, thresholds, strict=True):
            yield _pack(upsampled(f, down, across).ravel() > own[:, None])


class Tally:
    """Counts of pixels, summed over blocks of pictures in any order.

    above: (units, T); inside: (units, T, C) or (units, C); present: (C,).
    """

    def __init__(self) -> None:
        self.above: Counts = np.zeros(1, np.int64)
        self.inside: Counts = np.zeros(1, np.int64)
        self.present: Counts = np.zeros(1, np.int64)
        self.total = 0

    def add(self, counts: tuple[Counts, Counts], pixels: Pixels) -> None:
        """Count another block."""
        self.above, self.inside = self.above + counts[0], self.inside + counts[1]
        self.present, self.total = self.present + pixels.counts, self.total + pixels.total


def information_quality_ratio(both: Tensor, above: Tensor, present: Tensor, total: int) -> Tensor:
    """Mutual information over joint entropy of two binary maps (Wijaya et al., 2017), 0..1.

    both, above, present: counts of pixels, of shapes that broadcast. Returns their common shape, float64.
    """
    n = float(total)
    both, above, present = both.double() / n, above.double() / n, present.double() / n
    joint = torch.stack([both, above - both, present - both, 1 - above - present + both]).clamp(min=0)
    product = torch.stack([above * present, above * (1 - present), (1 - above) * present, (1 - above) * (1 - present)])
    mutual = (torch.xlogy(joint, joint) - torch.xlogy(joint, product)).sum(0)
    entropy = -torch.xlogy(joint, joint).sum(0)
    return (mutual / entropy.clamp(min=1e-12)).clamp(0, 1)


def _iou(both: Tensor, above: Tensor, present: Tensor) -> Floats:
    union = (above + present - both).double()
    return (both.double() / union.clamp(min=1)).float().numpy()


def candidate_thresholds(quantiles: Tensor) -> Tensor:
    """Quantiles of every unit, and values evenly spread between the first and the last of them.

    The latter matter to featuremaps that know few values. quantiles: (units, Q), the CANDIDATES. Returns (units, T),
    those first.
    """
    way = torch.arange(1, _BETWEEN + 1) / (_BETWEEN + 1)
    low, high = quantiles[:, :1], quantiles[:, -1:]
    return torch.cat([quantiles, low + way * (high - low)], 1)


def best_thresholds(candidates: Tensor, tally: Tally) -> tuple[Tensor, Tensor]:
    """The threshold of the best information quality ratio of every pair, and that ratio, (units, C) each.

    candidates: (units, T). tally: of `Pixels.every_pair` on the samples to choose on.
    """
    above, inside, present = _tensors(tally)
    iqr = information_quality_ratio(inside, above[..., None], present, tally.total)  # (units, T, C)
    # A threshold that the concept lies below (a suppressed unit) carries information too, but is no match.
    expected = above[..., None].double() * present.double() / tally.total
    iqr = torch.where(inside.double() > expected, iqr, torch.zeros_like(iqr))
    best, at = iqr.max(1)  # (units, C)
    return torch.gather(candidates, 1, at), best


def agreement_of(candidates: Tensor, threshold: Tensor, iqr: Tensor, own: Tally, fixed: Tally) -> Agreement:
    """From counts: own, of `Pixels.own_pairs` at `threshold` on the other half; fixed, of `Pixels.every_pair` at the
    0.99 quantile alone, on all samples.
    """
    above, inside, present = _tensors(own)
    independent = above.double() * present.double() / own.total  # (units, C)
    all_above, all_inside, all_present = _tensors(fixed)
    at = candidates[:, CANDIDATES.index(FIXED)]  # (units,)
    return Agreement(
        _iou(inside, above, present),
        threshold.numpy(),
        iqr.float().numpy(),
        _iou(all_inside[:, 0], all_above, all_present),
        at.numpy(),
        _iou(independent, above, present),
    )


def _tensors(tally: Tally) -> tuple[Tensor, Tensor, Tensor]:
    return torch.from_numpy(tally.above), torch.from_numpy(tally.inside), torch.from_numpy(tally.present)


def measure_agreement(
    r: Tensor,
    labels: npt.NDArray[np.uint8],
    concepts: int,
    sketch: QuantileSketch,
    coarse: int = COARSE,
    fine: int = FINE,
) -> Agreement:
    """Thresholds and IoU of every unit with every concept, of a layer that fits into memory.

    r: (N, units, h, w), the layer's output for the samples. labels: (N, R, R). coarse, fine: the most rows of the
    lattice that thresholds are chosen on and IoU is counted on.
    """
    candidates = candidate_thresholds(sketch.quantile(CANDIDATES))  # (units, T)
    fixed = candidates[:, [CANDIDATES.index(FIXED)]].numpy()  # (units, 1)
    first, own, whole = Tally(), Tally(), Tally()
    for s in range(0, len(r), 2 * BLOCK):
        block, y = r[s : s + 2 * BLOCK : 2], labels[s : s + 2 * BLOCK : 2]
        pixels = Pixels(y, concepts, coarse)
        first.add(pixels.every_pair(block, candidates.numpy()), pixels)
    threshold, iqr = best_thresholds(candidates, first)
    for s in range(1, len(r), 2 * BLOCK):
        block, y = r[s : s + 2 * BLOCK : 2], labels[s : s + 2 * BLOCK : 2]
        pixels = Pixels(y, concepts, fine)
        own.add(pixels.own_pairs(block, threshold.numpy()), pixels)
    for s in range(0, len(r), BLOCK):
        pixels = Pixels(labels[s : s + BLOCK], concepts, fine)
        whole.add(pixels.every_pair(r[s : s + BLOCK], fixed), pixels)
    return agreement_of(candidates, threshold, iqr, own, whole)
