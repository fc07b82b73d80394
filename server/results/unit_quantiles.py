"""The quantiles of every unit's activations at a layer, as a dissection stores them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from server.files import unpacked_bytes
from server.results.reading import MAX_BYTES, reading
from server.results.units import FILE_NAME

# The shares whose quantiles stand in `<layer>/quantiles` of units.npz.
QUANTILES = (0.0, 0.001, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 1.0)

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Quantiles:
    """values: (units, Q), activations of each unit, ascending. shares: (Q,), the share of all its activations that lies
    below each, ascending, 0..1. Between them everything is linear, beyond them constant."""

    shares: NDArray[np.float64]
    values: Array

    def __len__(self) -> int:
        return len(self.values)

    @property
    def nbytes(self) -> int:
        """The memory it takes."""
        return self.shares.nbytes + self.values.nbytes

    def at(self, shares: Sequence[float]) -> Array:
        """Each unit's quantiles at these shares, 0..1: (units, len(shares))."""
        rows = [np.interp(shares, self.shares, values) for values in self.values]
        return np.asarray(rows, np.float32).reshape(len(self), len(shares))

    def of(self, activations: Array) -> Array:
        """The share of each unit's activations that lies below a given one. activations: (units, ...). Returns the
        same shape, 0..1."""
        rows = [np.interp(a, values, self.shares) for a, values in zip(activations, self.values, strict=True)]
        return np.asarray(rows, np.float32).reshape(activations.shape)


def load_quantiles(folder: Path, layer: str) -> Quantiles | None:
    """Those of a layer in `folder/units.npz`; None where it holds none. Raises DissectionError where it is missing or
    damaged."""
    path = folder / FILE_NAME
    with reading(path, "units"):
        if unpacked_bytes(path) > MAX_BYTES:
            raise ValueError(f"it unpacks to more than {MAX_BYTES} bytes")
        with np.load(path, allow_pickle=False) as file:
            name = f"{layer}/quantiles"
            if name not in file.files:
                return None
            values = file[name]  # (units, Q)
        if values.dtype.kind != "f" or values.ndim != 2 or values.shape[1] != len(QUANTILES):
            raise ValueError(f"{name} is of another kind")
        if not np.isfinite(values).all():
            raise ValueError(f"{name} holds a number that is not finite")
        return Quantiles(np.array(QUANTILES), values.astype(np.float32))
