"""Pixels above thresholds and pixels of concepts, counted on a lattice of every k-th row and column.

Featuremaps are upsampled bilinearly (align_corners False) to the rows of the lattice alone; what exceeds a threshold is
packed into bits, and counted in words of 64.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from torch import Tensor

from server.lab.dissect.units.samples import Floats, Labels

Counts = npt.NDArray[np.int64]
Bits = npt.NDArray[np.uint64]


def lattice(size: int, most: int) -> npt.NDArray[np.int64]:
    """Every k-th of `size` pixels, from the middle of the first k on, with the least k that leaves at most `most`."""
    step = -(-size // most)
    return np.arange(step // 2, size, step)


def upsampling_matrix(size: int, height: int, rows: npt.NDArray[np.int64]) -> Floats:
    """Bilinear upsampling (align_corners False) from `height` to `size`, some rows of it: (len(rows), height)."""
    at = np.clip((rows + 0.5) * height / size - 0.5, 0, height - 1)
    low = np.floor(at).astype(np.int64)
    out = np.zeros((len(rows), height), np.float32)
    index = np.arange(len(rows))
    np.add.at(out, (index, low), 1 - (at - low))
    np.add.at(out, (index, np.minimum(low + 1, height - 1)), at - low)
    return out


def upsampled(f: Floats, down: Floats, across: Floats) -> Floats:
    """A featuremap, stretched by matrices. f: (h, w, N); down: (L, h); across: (L', w). Returns (L, L', N)."""
    h, w, n = f.shape
    rows = (down @ f.reshape(h, w * n)).reshape(len(down), w, n)  # (L, w, N)
    out: Floats = across @ rows  # (L, L', N)
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


class LatticeLabels:
    """The labels of some pictures on the lattice, packed for counting, and how featuremaps get there."""

    def __init__(self, labels: Labels, concepts: int, most: int) -> None:
        """labels: (N, H, W). most: rows of the lattice, and columns."""
        self.size = labels.shape[1:]
        self.rows, self.columns = (lattice(side, most) for side in self.size)
        y = labels[:, self.rows][:, :, self.columns].transpose(1, 2, 0)  # (L, L', N)
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
        down = upsampling_matrix(self.size[0], r.shape[2], self.rows)  # (L, h)
        across = upsampling_matrix(self.size[1], r.shape[3], self.columns)  # (L', w)
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

    def add(self, counts: tuple[Counts, Counts], labels: LatticeLabels) -> None:
        """Count another block."""
        self.above, self.inside = self.above + counts[0], self.inside + counts[1]
        self.present, self.total = self.present + labels.counts, self.total + labels.total
