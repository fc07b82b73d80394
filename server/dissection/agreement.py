"""Which units match which concept: thresholded, upsampled featuremaps against segmentation.

Following Bau et al., "GAN Dissection" (ICLR 2019), section 3.1: a featuremap is upsampled bilinearly
(align_corners False) to the picture's pixels and thresholded; the threshold of a (unit, concept) pair
maximises the information quality ratio on one half of the samples, the IoU is counted on the other. Beside it
stands the simple variant, one threshold a unit at its 0.99 quantile. Pixels are counted on a lattice of every
k-th row and column.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from server.dissection.quantiles import QuantileSketch

CANDIDATES = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95, 0.965, 0.975, 0.985, 0.99, 0.995, 0.998)
FIXED = 0.99
INTERPRETABLE = 0.05
ABOVE_CHANCE = 2.0
_BETWEEN = 8
_BLOCK = 64  # pictures

Floats = npt.NDArray[np.float32]
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


class _Lattice:
    """The labels on the lattice, packed for counting, and how featuremaps get there.

    Pictures go by in blocks small enough for the processor's cache.
    """

    def __init__(self, r: Tensor, labels: npt.NDArray[np.uint8], concepts: int, most: int) -> None:
        """r: (N, units, h, w). labels: (N, R, R). most: rows of the lattice."""
        size = labels.shape[-1]
        rows = lattice(size, most)
        self.r = r
        self.down = upsampling_matrix(size, r.shape[2], rows)  # (L, h)
        self.across = upsampling_matrix(size, r.shape[3], rows)  # (L, w)
        y = labels[:, rows][:, :, rows].transpose(1, 2, 0)  # (L, L, N)
        self.blocks = [slice(at, at + _BLOCK) for at in range(0, len(r), _BLOCK)]
        names = np.arange(concepts)[:, None]
        self.present = [_pack(y[..., block].reshape(1, -1) == names) for block in self.blocks]  # (C, words) each
        self.counts = torch.from_numpy(np.sum([_count(words) for words in self.present], 0))  # (C,)
        self.total = y.size

    def every_pair(self, thresholds: Floats) -> tuple[Tensor, Tensor]:
        """thresholds: (units, T). Returns the counts above, (units, T), and inside each concept, (units, T,
        C).
        """
        return self._each(thresholds, lambda on, present: np.stack([_count(o & present) for o in on]))

    def own_pairs(self, thresholds: Floats) -> tuple[Tensor, Tensor]:
        """thresholds: (units, C), one a concept. Returns the counts above and inside that concept, (units,
        C).
        """
        return self._each(thresholds, lambda on, present: _count(on & present))

    def _blocks(self, unit: int) -> Iterator[tuple[Floats, Bits]]:
        """The unit's featuremap on the lattice, (P,), block by block, and where the concepts are."""
        f = self.r[:, unit].float().permute(1, 2, 0).contiguous().numpy()  # (h, w, N)
        for block, present in zip(self.blocks, self.present, strict=True):
            yield upsampled(f[..., block], self.down, self.across).ravel(), present

    def _each(self, thresholds: Floats, inside: Callable[[Bits, Bits], npt.NDArray[np.int64]]) -> tuple[Tensor, Tensor]:
        """The counts above every unit's thresholds, and what `inside` counts of where that is and the
        concepts are.

        NumPy works outside Python's lock, so threads help.
        """

        def count(unit: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
            both = [
                (_count(on), inside(on, present))
                for f, present in self._blocks(unit)
                for on in [_pack(f > thresholds[unit, :, None])]  # (T, words)
            ]
            return np.sum([a for a, _ in both], 0), np.sum([b for _, b in both], 0)

        with ThreadPoolExecutor(torch.get_num_threads()) as pool:
            counts = list(pool.map(count, range(self.r.shape[1])))
        return tuple(torch.from_numpy(np.stack(part)) for part in zip(*counts, strict=True))  # type: ignore[return-value]


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


def candidate_thresholds(sketch: QuantileSketch) -> Tensor:
    """Quantiles of every unit, and values evenly spread between the first and the last of them.

    The latter matter to featuremaps that know few values. Returns (units, T), the CANDIDATES first.
    """
    quantiles = sketch.quantile(CANDIDATES)  # (units, Q)
    way = torch.arange(1, _BETWEEN + 1) / (_BETWEEN + 1)
    low, high = quantiles[:, :1], quantiles[:, -1:]
    return torch.cat([quantiles, low + way * (high - low)], 1)


def measure_agreement(
    r: Tensor,
    labels: npt.NDArray[np.uint8],
    concepts: int,
    sketch: QuantileSketch,
    coarse: int = 32,
    fine: int = 64,
) -> Agreement:
    """Thresholds and IoU of every unit with every concept.

    r: (N, units, h, w), the layer's output for the samples. labels: (N, R, R). coarse, fine: the most rows of
    the lattice that thresholds are chosen on and IoU is counted on.
    """
    candidates = candidate_thresholds(sketch)  # (units, T)
    first = _Lattice(r[0::2], labels[0::2], concepts, coarse)
    above, inside = first.every_pair(candidates.numpy())
    present = first.counts
    iqr = information_quality_ratio(inside, above[..., None], present, first.total)  # (units, T, C)
    # A threshold that the concept lies below (a suppressed unit) carries information too, but is no match.
    expected = above[..., None].double() * present.double() / first.total
    iqr = torch.where(inside.double() > expected, iqr, torch.zeros_like(iqr))
    best, at = iqr.max(1)  # (units, C)
    threshold = torch.gather(candidates, 1, at)  # (units, C)

    second = _Lattice(r[1::2], labels[1::2], concepts, fine)
    above, inside = second.own_pairs(threshold.numpy())
    iou = _iou(inside, above, second.counts)
    independent = above.double() * second.counts.double() / second.total  # (units, C)
    chance = _iou(independent, above, second.counts)

    fixed = candidates[:, CANDIDATES.index(FIXED), None]  # (units, 1)
    whole = _Lattice(r, labels, concepts, fine)
    above, inside = whole.every_pair(fixed.numpy())
    iou_fixed = _iou(inside[:, 0], above, whole.counts)
    return Agreement(iou, threshold.numpy(), best.float().numpy(), iou_fixed, fixed[:, 0].numpy(), chance)
