"""Which units match which concept: thresholded, upsampled featuremaps against segmentation.

Following Bau et al., "GAN Dissection" (ICLR 2019), section 3.1: a featuremap is upsampled bilinearly
(align_corners False) to the picture's pixels and thresholded; the threshold of a (unit, concept) pair
maximises the information quality ratio on one half of the samples, the IoU is counted on the other. Beside it
stands the simple variant, one threshold a unit at its 0.99 quantile. Pixels are counted on a lattice of every
k-th row and column.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from server.dissection.quantiles import QuantileSketch

CANDIDATES = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95, 0.965, 0.975, 0.985, 0.99, 0.995, 0.998)
FIXED = 0.99
INTERPRETABLE = 0.05
_CHUNK = 2**25  # activations thresholded at a time

Bits = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Agreement:
    """How well units and concepts match.

    iou, threshold: (units, C), the threshold of the best information quality ratio. iou_fixed: (units, C) at
    threshold_fixed: (units,), the unit's 0.99 quantile. iqr: (units, C), the ratio, 0..1.
    """

    iou: npt.NDArray[np.float32]
    threshold: npt.NDArray[np.float32]
    iqr: npt.NDArray[np.float32]
    iou_fixed: npt.NDArray[np.float32]
    threshold_fixed: npt.NDArray[np.float32]


def lattice(size: int, most: int) -> npt.NDArray[np.int64]:
    """Every k-th of `size` pixels, from the middle of the first k on, with the least k that leaves at most
    `most`.
    """
    step = -(-size // most)
    return np.arange(step // 2, size, step)


def upsampling_matrix(size: int, height: int, rows: npt.NDArray[np.int64]) -> Tensor:
    """Bilinear upsampling (align_corners False) from `height` to `size`, the given rows of it: (len(rows),
    height).
    """
    at = np.clip((rows + 0.5) * height / size - 0.5, 0, height - 1)
    low = np.floor(at).astype(np.int64)
    high = np.minimum(low + 1, height - 1)
    out = torch.zeros(len(rows), height)
    index = torch.arange(len(rows))
    weight = torch.from_numpy(at - low).float()
    out[index, torch.from_numpy(low)] += 1 - weight
    out[index, torch.from_numpy(high)] += weight
    return out


def _pack(on: Tensor) -> Bits:
    """on: (K, P) bool. Returns the rows as packed 64-bit words, (K, ceil(P / 64))."""
    a = on.numpy()
    pad = -a.shape[1] % 64
    if pad:
        a = np.pad(a, ((0, 0), (0, pad)))
    packed: Bits = np.packbits(a, axis=1).view(np.uint64)
    return packed


def _count(words: Bits) -> npt.NDArray[np.int64]:
    """The number of set bits in each row."""
    return np.bitwise_count(words).sum(-1, dtype=np.int64)  # type: ignore[no-any-return]


@dataclass(frozen=True)
class _Pixels:
    """The labels on the lattice, packed for counting, and how featuremaps get there."""

    size: int
    rows: npt.NDArray[np.int64]
    present: Bits  # (C, words)
    present_count: npt.NDArray[np.int64]  # (C,)
    total: int

    @staticmethod
    def of(labels: npt.NDArray[np.uint8], concepts: int, most: int) -> _Pixels:
        rows = lattice(labels.shape[-1], most)
        y = torch.from_numpy(np.ascontiguousarray(labels[:, rows][:, :, rows])).flatten()  # (P,)
        present = np.concatenate([_pack((y == c)[None]) for c in range(concepts)])
        return _Pixels(labels.shape[-1], rows, present, _count(present), len(y))

    def upsampled(self, r: Tensor) -> Tensor:
        """r: (N, k, h, w). Returns the featuremaps on the lattice, (k, N * len(rows)**2)."""
        up = upsampling_matrix(self.size, r.shape[2], self.rows).to(r.dtype)  # (L, h)
        f = r.transpose(0, 1).contiguous()  # (k, N, h, w)
        return (up @ f @ up.T).flatten(1)  # (k, N * L * L)


def _joint(r: Tensor, pixels: _Pixels, thresholds: Tensor, own: bool) -> tuple[Tensor, Tensor]:
    """Count pixels above thresholds. r: (N, units, h, w); thresholds: (units, T).

    Returns counts above, (units, T), and counts above inside each concept: (units, T, C), or, where `own`, T
    is C and the t-th threshold belongs to the t-th concept: (units, T).
    """
    units, count = thresholds.shape
    above = np.zeros((units, count), np.int64)
    inside = np.zeros((units, count) if own else (units, count, len(pixels.present)), np.int64)
    step = max(1, _CHUNK // pixels.total)
    for start in range(0, units, step):
        chunk = slice(start, start + step)
        f = pixels.upsampled(r[:, chunk])  # (k, P)
        for t in range(count):
            on = _pack(f > thresholds[chunk, t, None].to(f.dtype))  # (k, words)
            above[chunk, t] = _count(on)
            if own:
                inside[chunk, t] = _count(on & pixels.present[t])
            else:
                for c, present in enumerate(pixels.present):
                    inside[chunk, t, c] = _count(on & present)
    return torch.from_numpy(above), torch.from_numpy(inside)


def information_quality_ratio(both: Tensor, above: Tensor, present: Tensor, total: int) -> Tensor:
    """Mutual information over joint entropy of two binary maps (Wijaya et al., 2017), 0..1.

    both, above, present: counts of pixels, of shapes that broadcast. Returns their common shape, float64.
    """
    n = float(total)
    both, above, present = both.double() / n, above.double() / n, present.double() / n
    joint = torch.stack([both, above - both, present - both, 1 - above - present + both]).clamp(min=0)
    product = torch.stack(
        [above * present, above * (1 - present), (1 - above) * present, (1 - above) * (1 - present)]
    )
    mutual = (torch.xlogy(joint, joint) - torch.xlogy(joint, product)).sum(0)
    entropy = -torch.xlogy(joint, joint).sum(0)
    return (mutual / entropy.clamp(min=1e-12)).clamp(0, 1)


def _iou(both: Tensor, above: Tensor, present: Tensor) -> npt.NDArray[np.float32]:
    union = (above + present - both).double()
    return (both.double() / union.clamp(min=1)).float().numpy()


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
    candidates = sketch.quantile(CANDIDATES)  # (units, T)
    units = r.shape[1]
    first = _Pixels.of(labels[0::2], concepts, coarse)
    above, inside = _joint(r[0::2], first, candidates, own=False)
    present = torch.from_numpy(first.present_count)
    iqr = information_quality_ratio(inside, above[..., None], present, first.total)  # (units, T, C)
    # A threshold below which the concept lies (a suppressed unit) carries information too, but is no match.
    expected = above[..., None].double() * present.double() / first.total
    iqr = torch.where(inside.double() > expected, iqr, torch.zeros_like(iqr))
    best = iqr.max(1)  # (units, C)
    threshold = torch.gather(candidates[:, :, None].expand(-1, -1, concepts), 1, best.indices[:, None])[:, 0]

    second = _Pixels.of(labels[1::2], concepts, fine)
    above, inside = _joint(r[1::2], second, threshold, own=True)
    iou = _iou(inside, above, torch.from_numpy(second.present_count))  # (units, C)

    fixed = sketch.quantile((FIXED,))  # (units, 1)
    every = _Pixels.of(labels, concepts, fine)
    above, inside = _joint(r, every, fixed, own=False)
    iou_fixed = _iou(inside[:, 0], above, torch.from_numpy(every.present_count))  # (units, C)
    assert iou.shape == (units, concepts)
    return Agreement(
        iou, threshold.numpy(), best.values.float().numpy(), iou_fixed, fixed[:, 0].numpy().astype(np.float32)
    )
