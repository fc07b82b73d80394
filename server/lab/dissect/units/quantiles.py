"""Quantiles of every unit in one pass over its activations, in memory that does not grow with the samples.

Every activation is rounded to bfloat16 and counted under its bit pattern: 8193 counters a unit, for zero and for either
sign of 32 exponents of 128 mantissas. Magnitudes below 2**-16 count as zero, those from 2**16 on as the largest below.
Ranks are exact after that rounding, so the only error is the rounding's:

    a quantile is within 2**-8 of the true one, relatively, while that lies in 2**-16 ... 2**16 (in magnitude);
    below it is within 2**-16 absolutely, above it is the largest number counted.

Counters of two sketches over different samples add up to the sketch of both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

_LOW = (127 - 16) << 7  # bits of 2**-16 in bfloat16; anything smaller counts as zero
_MANY = 2**14  # values of a unit
_SPAN = 32 << 7  # 32 exponents of 128 mantissas
BUCKETS = 2 * _SPAN + 1


def _bucket(pattern: Tensor) -> Tensor:
    """pattern: bits of bfloat16 values as int16, of any shape. Returns the bucket of each value, 0 ... BUCKETS - 1, in
    the order of the values.
    """
    bits = pattern.to(torch.int32)
    magnitude = ((bits & 0x7FFF) - (_LOW - 1)).clamp_(0, _SPAN)
    return torch.where(bits < 0, -magnitude, magnitude) + _SPAN


def _values() -> Tensor:
    """The value each bucket stands for, (BUCKETS,) float32, ascending."""
    bits = torch.arange(_LOW, _LOW + _SPAN, dtype=torch.int32).to(torch.int16)
    positive = bits.view(torch.bfloat16).float()  # (_SPAN,)
    return torch.cat([-positive.flip(0), torch.zeros(1), positive])


@dataclass(frozen=True)
class QuantileSketch:
    """Counts of activations, (units, BUCKETS) int64."""

    counts: Tensor

    @staticmethod
    def empty(units: int) -> QuantileSketch:
        """A sketch that has seen nothing."""
        return QuantileSketch(torch.zeros(units, BUCKETS, dtype=torch.int64))

    def add(self, r: Tensor) -> None:
        """Count a batch of activations in place. r: (N, units, ...). Raises ValueError for values not finite."""
        flat = r.transpose(0, 1).reshape(r.shape[1], -1)  # (units, N * pixels)
        if not bool(torch.isfinite(flat).all()):
            raise ValueError("activations must be finite")
        bits = flat.to(torch.bfloat16).view(torch.int16)  # (units, N * pixels)
        if flat.shape[1] < _MANY:
            for unit, pattern in enumerate(bits):
                self.counts[unit] += torch.bincount(_bucket(pattern), minlength=BUCKETS)
            return
        # Many values are counted faster under their whole pattern first.
        bucket = _bucket(torch.arange(2**16).to(torch.int16))  # (2**16,)
        for unit, patterns in enumerate(bits.numpy().view(np.uint16)):
            counts = torch.from_numpy(np.bincount(patterns, minlength=2**16))
            self.counts[unit].index_add_(0, bucket, counts)

    def quantile(self, q: Sequence[float]) -> Tensor:
        """The least value that at least a share q of the activations does not exceed. Returns (units,
        len(q)).
        """
        total = self.counts.sum(1, keepdim=True)  # (units, 1)
        if not bool((total > 0).all()):
            raise ValueError("no activations were counted")
        wanted = (total * torch.tensor(list(q), dtype=torch.float64)[None]).ceil().clamp(min=1)  # (units, Q)
        at = torch.searchsorted(self.counts.cumsum(1), wanted.to(torch.int64))  # (units, Q)
        return _values()[at.clamp(max=BUCKETS - 1)]
