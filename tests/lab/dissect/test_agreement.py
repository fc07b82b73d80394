from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from server.lab.dissect.agreement import (
    information_quality_ratio,
    lattice,
    measure_agreement,
    upsampled,
    upsampling_matrix,
)
from server.lab.dissect.quantiles import QuantileSketch
from server.lab.dissect.samples import draw_samples, featuremaps
from tests.helpers.handmade import BLUE, CONCEPTS, OFF, ON, RED, passes


def sketch_of(r: torch.Tensor) -> QuantileSketch:
    sketch = QuantileSketch.empty(r.shape[1])
    sketch.add(r)
    return sketch


def test_upsampling_is_bilinear_without_aligned_corners() -> None:
    r = torch.randn(3, 1, 4, 8)
    rows = np.arange(32)
    got = upsampled(
        np.ascontiguousarray(r[:, 0].permute(1, 2, 0).numpy()),
        upsampling_matrix(32, 4, rows),
        upsampling_matrix(32, 8, rows),
    )
    want = F.interpolate(r, size=(32, 32), mode="bilinear", align_corners=False)[:, 0]
    np.testing.assert_allclose(got.transpose(2, 0, 1), want.numpy(), atol=1e-6)


@pytest.mark.parametrize(("size", "most", "count"), [(64, 64, 64), (128, 64, 64), (100, 64, 50), (8, 64, 8)])
def test_the_lattice_is_even_and_inside(size: int, most: int, count: int) -> None:
    rows = lattice(size, most)
    assert len(rows) == count
    assert len(set(np.diff(rows))) <= 1
    assert 0 <= rows[0] <= rows[-1] < size


def test_a_recount_in_plain_numpy_agrees() -> None:
    """IoU of 50 random pairs, by both variants, with full arrays and every pixel."""
    rng = np.random.default_rng(0)
    g = torch.Generator().manual_seed(0)
    n, units, concepts, size = 60, 40, 9, 128
    r = torch.randn(n, units, 8, 8, generator=g)
    coarse = rng.integers(0, concepts, (n, 8, 8))
    r[:, :concepts] += 2 * torch.from_numpy(coarse[:, None] == np.arange(concepts)[:, None, None]).float()
    labels = coarse.repeat(16, 1).repeat(16, 2).astype(np.uint8)
    found = measure_agreement(r, labels, concepts, sketch_of(r))
    f = F.interpolate(r, size=(size, size), mode="bilinear", align_corners=False).numpy()
    seen = []
    for _ in range(50):
        u, c = int(rng.integers(units)), int(rng.integers(concepts))
        if rng.random() < 0.3:
            u = c
        fixed, own = f[:, u] > found.threshold_fixed[u], f[1::2, u] > found.threshold[u, c]
        y, half = labels == c, labels[1::2] == c
        seen.append((own & half).sum() / (own | half).sum())
        assert found.iou_fixed[u, c] == pytest.approx((fixed & y).sum() / (fixed | y).sum(), abs=0.01)
        assert found.iou[u, c] == pytest.approx(seen[-1], abs=0.01)
    assert max(seen) > 0.3


def test_the_handmade_units_find_their_concepts_and_thresholds() -> None:
    p = passes()
    samples = draw_samples(p, 80, 0)
    r = featuremaps(p, samples.seeds, "layer1")
    found = measure_agreement(r, samples.labels, len(CONCEPTS), sketch_of(r))
    assert found.iou.argmax(0)[[RED, BLUE]].tolist() == [0, 1]
    assert found.iou[0, RED] > 0.6  # bilinear featuremaps round the patches' corners
    assert found.iou[1, BLUE] > 0.7
    assert OFF <= found.threshold[0, RED] < ON
    assert OFF <= found.threshold[1, BLUE] < ON
    assert found.iou[2:, [RED, BLUE]].max() < 0.25


def test_the_information_quality_ratio_is_one_for_equal_maps_and_zero_for_independent_ones() -> None:
    t = torch.tensor
    assert float(information_quality_ratio(t(30), t(30), t(30), 100)) == pytest.approx(1)
    assert float(information_quality_ratio(t(12), t(30), t(40), 100)) == pytest.approx(0, abs=1e-9)
    assert 0 < float(information_quality_ratio(t(25), t(30), t(40), 100)) < 1
