"""The generator once more, in plain NumPy and float64, written from the paper and the published facts alone.

It shares nothing with the server: loops over kernel taps, no folding, no tricks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Edits = Mapping[int, Callable[[Array], Array]]  # by the number of a layer, from 1


def convolve(x: Array, w: Array, padding: int) -> Array:
    """x: (C, H, W), w: (O, C, k, k). Returns (O, H', W')."""
    k = w.shape[2]
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding)))
    height, width = x.shape[1] - k + 1, x.shape[2] - k + 1
    y = np.zeros((w.shape[0], height, width))
    for i in range(k):
        for j in range(k):
            y += np.einsum("oc,chw->ohw", w[:, :, i, j], x[:, i : i + height, j : j + width])
    return y


def block(x: Array, w: Array, b: Array, number: int) -> Array:
    """Layer `number`, from 1."""
    x = x / np.sqrt((x**2).mean(0, keepdims=True) + 1e-8)
    if number >= 3 and number % 2 == 1:
        x = x.repeat(2, 1).repeat(2, 2)
    k = w.shape[2]
    y = convolve(x, w, 3 if number == 1 else 1)
    y = y * np.sqrt(2) / (k * np.sqrt(w.shape[1])) + b[:, None, None]
    return np.where(y > 0, y, 0.2 * y)


def generate(
    z: Array, layers: list[tuple[Array, Array]], output: tuple[Array, Array], edits: Edits | None = None
) -> list[Array]:
    """z: (latent_dim,). Returns every layer's output, edited, and, last, the image (3, R, R)."""
    x = z[:, None, None]
    outputs = []
    for i, (w, b) in enumerate(layers):
        x = block(x, w.astype(np.float64), b.astype(np.float64), i + 1)
        x = (edits or {}).get(i + 1, lambda r: r)(x)
        outputs.append(x)
    w, b = (a.astype(np.float64) for a in output)
    x = x / np.sqrt((x**2).mean(0, keepdims=True) + 1e-8)
    outputs.append(np.einsum("oc,chw->ohw", w[:, :, 0, 0], x) / np.sqrt(w.shape[1]) + b[:, None, None])
    return outputs
