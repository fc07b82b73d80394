"""StyleGAN2 once more, in plain NumPy and float64, written from the paper and the published facts alone.

It shares nothing with the server: kernels are modulated and demodulated as section 2.2 of the paper says, zeros are put
between pixels and filtered, one kernel tap at a time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tests.helpers.reference import Array, Edits, convolve

FILTER = np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 16


@dataclass(frozen=True)
class Modulated:
    """A modulated convolution: kernel (O, C, k, k), bias (O,), style (C, w_dim) and (C,), noise (H, W)."""

    kernel: Array
    bias: Array
    style_weight: Array
    style_bias: Array
    noise: Array
    strength: float = 0.0


@dataclass(frozen=True)
class Weights:
    """A generator. mapping: a matrix and a bias a layer. average: (w_dim,). constant: (C, H, W)."""

    mapping: list[tuple[Array, Array]]
    average: Array
    constant: Array
    layers: list[Modulated]
    colours: list[Modulated]


def active(x: Array) -> Array:
    return np.where(x > 0, x, 0.2 * x) * np.sqrt(2)


def map_latent(weights: Weights, z: Array, truncation: float = 1.0) -> Array:
    """z: (latent_dim,). Returns w, (w_dim,)."""
    x = z / np.sqrt((z**2).mean() + 1e-8)
    for matrix, bias in weights.mapping:
        x = active(0.01 * (matrix @ x) / np.sqrt(matrix.shape[1]) + 0.01 * bias)
    return weights.average + truncation * (x - weights.average)


def modulated_kernel(layer: Modulated, w: Array, demodulated: bool) -> Array:
    style = layer.style_weight @ w / np.sqrt(len(w)) + layer.style_bias  # (C,)
    fan_in = layer.kernel[0].size
    kernel = layer.kernel / np.sqrt(fan_in) * style[None, :, None, None]  # (O, C, k, k)
    if demodulated:
        kernel = kernel / np.sqrt((kernel**2).sum((1, 2, 3), keepdims=True) + 1e-8)
    return kernel


def filtered(x: Array, before: int, after: int) -> Array:
    """Each channel filtered, with zeros around."""
    x = np.pad(x, ((0, 0), (before, after), (before, after)))
    height, width = x.shape[1] - 3, x.shape[2] - 3
    return sum(FILTER[i, j] * x[:, i : i + height, j : j + width] for i in range(4) for j in range(4))


def spread(x: Array) -> Array:
    """A zero behind every pixel and every row."""
    result = np.zeros((len(x), 2 * x.shape[1], 2 * x.shape[2]))
    result[:, ::2, ::2] = x
    return result


def styled_convolution(x: Array, layer: Modulated, w: Array, up: bool) -> Array:
    kernel = modulated_kernel(layer, w, demodulated=True)
    if not up:
        y = convolve(x, kernel, 1)
    else:  # no correlation but a convolution, so the kernel is turned round
        y = filtered(convolve(spread(x)[:, :-1, :-1], kernel[:, :, ::-1, ::-1], 2), 1, 1)
    return active(y + layer.strength * layer.noise + layer.bias[:, None, None])


def draw(weights: Weights, w: Array, edits: Edits | None = None, bound: float = np.inf) -> list[Array]:
    """w: (layers + 1, w_dim). Returns every layer's output, edited, and, last, the image (3, H, W).

    bound: of what a layer computes, and of what it adds to the image.
    """
    x = weights.constant
    image = np.zeros((3, x.shape[1] // 2, x.shape[2] // 2))
    outputs = []
    for i, layer in enumerate(weights.layers):
        x = np.clip(styled_convolution(x, layer, w[i], up=i % 2 == 1), -bound, bound)
        x = (edits or {}).get(i + 1, lambda r: r)(x)
        outputs.append(x)
        if i % 2 == 0:
            colours = weights.colours[i // 2]
            kernel = modulated_kernel(colours, w[i + 1], demodulated=False)
            added = np.clip(convolve(x, kernel, 0) + colours.bias[:, None, None], -bound, bound)
            image = filtered(spread(image), 2, 1) + added
    return [*outputs, image]
