from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from server.lab.dissect.units.lattice import LatticeLabels, lattice, upsampled, upsampling_matrix


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


def test_pixels_of_pictures_that_are_no_squares_are_counted() -> None:
    labels = np.random.default_rng(0).integers(0, 3, (2, 12, 20)).astype(np.uint8)
    r, thresholds = torch.randn(2, 1, 3, 5), np.array([[0.2, 0.1, 0.4]], np.float32)
    above, inside = LatticeLabels(labels, 3, 64).own_pairs(r, thresholds)
    on = F.interpolate(r, size=(12, 20), mode="bilinear", align_corners=False)[:, 0].numpy()
    assert above[0].tolist() == [(on > t).sum() for t in thresholds[0]]
    assert inside[0].tolist() == [((on > t) & (labels == c)).sum() for c, t in enumerate(thresholds[0])]
