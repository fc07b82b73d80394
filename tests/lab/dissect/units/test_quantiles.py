from __future__ import annotations

import numpy as np
import pytest
import torch

from server.lab.dissect.units.quantiles import BUCKETS, QuantileSketch

QUANTILES = (0.01, 0.25, 0.5, 0.9, 0.99, 0.999)


def shapes(seed: int) -> torch.Tensor:
    """(100, 4, 8, 8): a normal, a heavy tail, tiny numbers and a lump at zero."""
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(100, 4, 8, 8, generator=g)
    x[:, 1] = x[:, 1].exp() ** 3
    x[:, 2] *= 1e-3
    x[:, 3] = x[:, 3].clamp(min=0)
    return x


def test_every_quantile_is_within_the_stated_error() -> None:
    x = shapes(0)
    sketch = QuantileSketch.empty(4)
    for part in x.split(7):
        sketch.add(part)
    found = sketch.quantile(QUANTILES).numpy()
    flat = x.transpose(0, 1).flatten(1).numpy()
    exact = np.quantile(flat, QUANTILES, axis=1, method="inverted_cdf").T
    assert np.all(np.abs(found - exact) <= 2.0**-8 * np.abs(exact) + 2.0**-16)
    assert np.all(np.diff(found, axis=1) >= 0)


def test_the_order_and_the_batches_do_not_matter() -> None:
    x = shapes(1)
    whole, parts = QuantileSketch.empty(4), QuantileSketch.empty(4)
    whole.add(x)
    for part in x.flip(0).split(13):
        parts.add(part)
    assert torch.equal(whole.counts, parts.counts)


def test_many_values_are_counted_like_few() -> None:
    x = shapes(4).repeat(4, 1, 1, 1)  # 25,600 values a unit
    whole, parts = QuantileSketch.empty(4), QuantileSketch.empty(4)
    whole.add(x)
    for part in x.split(100):
        parts.add(part)
    assert torch.equal(whole.counts, parts.counts)


def test_memory_does_not_grow_and_sketches_add_up() -> None:
    first, second, both = (QuantileSketch.empty(4) for _ in range(3))
    first.add(shapes(2))
    second.add(shapes(3))
    both.add(torch.cat([shapes(2), shapes(3)]))
    assert first.counts.shape == both.counts.shape == (4, BUCKETS)
    assert torch.equal(first.counts + second.counts, both.counts)


def test_huge_activations_end_in_the_last_bucket() -> None:
    sketch = QuantileSketch.empty(1)
    sketch.add(torch.tensor([[1e9], [-1e9], [0.0]]))
    low, mid, high = sketch.quantile((0.01, 0.5, 1.0))[0].tolist()
    assert low < -(2**15)
    assert mid == 0
    assert high > 2**15


def test_nothing_counted_and_not_finite_are_refused() -> None:
    sketch = QuantileSketch.empty(2)
    with pytest.raises(ValueError, match="no activations"):
        sketch.quantile((0.5,))
    with pytest.raises(ValueError, match="finite"):
        sketch.add(torch.tensor([[1.0, float("nan")]]))
