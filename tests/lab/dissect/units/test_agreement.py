from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from server.lab.dissect.units.agreement import information_quality_ratio
from server.lab.dissect.units.samples import activations, draw_samples
from tests.helpers.handmade import BLUE, CONCEPTS, OFF, ON, RED, passes
from tests.helpers.matching import matched


def test_a_recount_in_plain_numpy_agrees() -> None:
    """IoU of 50 random pairs, by both variants, with full arrays and every pixel."""
    rng = np.random.default_rng(0)
    g = torch.Generator().manual_seed(0)
    n, units, concepts, size = 60, 40, 9, 128
    r = torch.randn(n, units, 8, 8, generator=g)
    coarse = rng.integers(0, concepts, (n, 8, 8))
    r[:, :concepts] += 2 * torch.from_numpy(coarse[:, None] == np.arange(concepts)[:, None, None]).float()
    labels = coarse.repeat(16, 1).repeat(16, 2).astype(np.uint8)
    found = matched(r, labels, concepts)
    f = F.interpolate(r, size=(size, size), mode="bilinear", align_corners=False).numpy()
    seen = []
    for _ in range(50):
        u, c = int(rng.integers(units)), int(rng.integers(concepts))
        if rng.random() < 0.3:
            u = c
        fixed, own = f[:, u] > found["threshold_fixed"][u], f[1::2, u] > found["threshold"][u, c]
        y, half = labels == c, labels[1::2] == c
        seen.append((own & half).sum() / (own | half).sum())
        assert found["iou_fixed"][u, c] == pytest.approx((fixed & y).sum() / (fixed | y).sum(), abs=0.01)
        assert found["iou"][u, c] == pytest.approx(seen[-1], abs=0.01)
    assert max(seen) > 0.3


def test_the_handmade_units_find_their_concepts_and_thresholds() -> None:
    p = passes()
    samples = draw_samples(p, 80, 0)
    r = activations(p, samples.seeds, "layer1").r
    found = matched(r, samples.labels, len(CONCEPTS))
    assert found["iou"].argmax(0)[[RED, BLUE]].tolist() == [0, 1]
    assert found["iou"][0, RED] > 0.6  # bilinear featuremaps round the patches' corners
    assert found["iou"][1, BLUE] > 0.7
    assert OFF <= found["threshold"][0, RED] < ON
    assert OFF <= found["threshold"][1, BLUE] < ON
    assert found["iou"][2:, [RED, BLUE]].max() < 0.25


def test_the_information_quality_ratio_is_one_for_equal_maps_and_zero_for_independent_ones() -> None:
    t = torch.tensor
    assert float(information_quality_ratio(t(30), t(30), t(30), 100)) == pytest.approx(1)
    assert float(information_quality_ratio(t(12), t(30), t(40), 100)) == pytest.approx(0, abs=1e-9)
    assert 0 < float(information_quality_ratio(t(25), t(30), t(40), 100)) < 1
