"""Random StyleGAN2 generators, and their tensors as the two common PyTorch implementations name them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from tests.helpers.stylegan2_reference import FILTER, Array, Modulated, Weights

LATENT_DIM, W_DIM = 6, 5
WIDTHS = {16: (6, 5, 4), 64: (6, 5, 7, 4, 3), 256: (5, 6, 4, 5, 3, 4, 3)}  # at 4x4, 8x8, ... of each resolution


def random_weights(widths: Sequence[int] = WIDTHS[16], seed: int = 0, mapping: int = 3, across: int = 4) -> Weights:
    """widths: units at 4x4, 8x8, ... across: columns of the first, for pictures that are no squares. All numbers are
    float32's."""
    rng = np.random.default_rng(seed)

    def random(*shape: int) -> Array:
        return rng.standard_normal(shape).astype(np.float32).astype(np.float64)

    def modulated(inputs: int, outputs: int, k: int, side: int) -> Modulated:
        style = random(inputs, W_DIM), random(inputs) + 1
        return Modulated(random(outputs, inputs, k, k), random(outputs), *style, random(side, side * across // 4), 0.25)

    layers = [modulated(widths[0], widths[0], 3, 4)]
    for i, (inputs, outputs) in enumerate(pairwise(widths)):
        layers += [modulated(inputs, outputs, 3, 8 << i), modulated(outputs, outputs, 3, 8 << i)]
    sizes = [LATENT_DIM, *[W_DIM] * mapping]
    return Weights(
        mapping=[(100 * random(o, i), 10 * random(o)) for i, o in pairwise(sizes)],
        average=random(W_DIM),
        constant=random(widths[0], 4, across),
        layers=layers,
        colours=[modulated(width, 3, 1, 4) for width in widths],
    )


def tensors_a(weights: Weights) -> dict[str, Tensor]:
    """As rosinality's stylegan2-pytorch names them."""
    state = {"input.input": weights.constant[None], "latent_avg": weights.average}
    for i, (matrix, bias) in enumerate(weights.mapping):
        state |= {f"style.{i + 1}.weight": matrix, f"style.{i + 1}.bias": bias}
    for i, layer in enumerate(weights.layers):
        at = f"convs.{i - 1}" if i else "conv1"
        state |= _modulated_a(f"{at}.conv", layer)
        state |= {f"{at}.noise.weight": np.array([layer.strength]), f"{at}.activate.bias": layer.bias}
        state[f"noises.noise_{i}"] = layer.noise[None, None]
        if i % 2:
            state[f"{at}.conv.blur.kernel"] = FILTER
    for i, colours in enumerate(weights.colours):
        at = f"to_rgbs.{i - 1}" if i else "to_rgb1"
        state |= _modulated_a(f"{at}.conv", colours)
        state[f"{at}.bias"] = colours.bias[None, :, None, None]
        if i:
            state[f"{at}.upsample.kernel"] = FILTER
    return _float32(state)


def _modulated_a(at: str, layer: Modulated) -> dict[str, Array]:
    return {
        f"{at}.weight": layer.kernel[None],
        f"{at}.modulation.weight": layer.style_weight,
        f"{at}.modulation.bias": layer.style_bias,
    }


def tensors_b(weights: Weights) -> dict[str, Tensor]:
    """As NVIDIA's stylegan2-ada-pytorch and stylegan3 name them."""
    state = {"synthesis.b4.const": weights.constant, "mapping.w_avg": weights.average}
    for i, (matrix, bias) in enumerate(weights.mapping):
        state |= {f"mapping.fc{i}.weight": matrix, f"mapping.fc{i}.bias": bias}
    for i, layer in enumerate(weights.layers):
        at = f"synthesis.b{len(layer.noise)}.conv{(i + 1) % 2}"
        state |= _modulated_b(at, layer)
        state |= {f"{at}.noise_const": layer.noise, f"{at}.noise_strength": np.array(layer.strength)}
        state[f"{at}.resample_filter"] = FILTER / 4
    for i, colours in enumerate(weights.colours):
        state |= _modulated_b(f"synthesis.b{4 << i}.torgb", colours)
        state[f"synthesis.b{4 << i}.resample_filter"] = FILTER / 4
    return _float32(state)


def _modulated_b(at: str, layer: Modulated) -> dict[str, Array]:
    return {
        f"{at}.weight": layer.kernel,
        f"{at}.bias": layer.bias,
        f"{at}.affine.weight": layer.style_weight,
        f"{at}.affine.bias": layer.style_bias,
    }


def _float32(state: dict[str, Array]) -> dict[str, Tensor]:
    return {name: torch.tensor(array, dtype=torch.float32) for name, array in state.items()}


LAYOUTS = {"rosinality's": tensors_a, "NVIDIA's": tensors_b}
