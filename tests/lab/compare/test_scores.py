from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from server.lab.compare.scores import distance, labels_restored, psnr, ssim

RANDOM = np.random.RandomState(0)
TRUTH = RANDOM.randint(40, 200, (40, 40, 3)).astype(np.uint8)
EVERYWHERE = np.ones((40, 40), bool)


def test_psnr_is_that_of_the_error_in_the_mask() -> None:
    off = TRUTH.copy()
    off[:20] += 10
    half = EVERYWHERE.copy()
    half[20:] = False
    assert psnr(off, TRUTH, half) == pytest.approx(20 * np.log10(25.5))
    assert psnr(off, TRUTH, EVERYWHERE) == pytest.approx(20 * np.log10(25.5) + 10 * np.log10(2))
    assert psnr(off, TRUTH, ~half) == float("inf")


def test_ssim_tells_structure_from_brightness() -> None:
    brighter = (TRUTH + 20).astype(np.uint8)
    other = RANDOM.randint(40, 200, TRUTH.shape).astype(np.uint8)
    assert ssim(TRUTH, TRUTH, EVERYWHERE) == pytest.approx(1)
    assert 0.9 < ssim(brighter, TRUTH, EVERYWHERE) < 1
    assert abs(ssim(other, TRUTH, EVERYWHERE)) < 0.2


def test_ssim_of_flat_pictures_is_the_formulas() -> None:
    a, b = (np.full((40, 40, 3), grey, np.uint8) for grey in (100, 150))
    c1 = (0.01 * 255) ** 2
    assert ssim(a, b, EVERYWHERE) == pytest.approx((2 * 100 * 150 + c1) / (100**2 + 150**2 + c1))


def see(images: Tensor) -> list[Tensor]:
    """Pixels of two sizes."""
    return [images, F.avg_pool2d(images, 4)]


def test_the_distance_is_seen_inside_the_mask_alone() -> None:
    off = TRUTH.copy()
    off[:20] = 255 - off[:20]
    half = EVERYWHERE.copy()
    half[20:] = False
    assert distance(TRUTH, TRUTH, EVERYWHERE, see) == 0
    assert distance(off, TRUTH, ~half, see) == pytest.approx(0, abs=1e-6)
    assert 0 < distance(off, TRUTH, EVERYWHERE, see) < distance(off, TRUTH, half, see) <= 4
    assert distance(off, TRUTH, half, lambda images: [torch.ones(1, 2, 3, 3)] * 2) == 0


def test_labels_are_counted_inside_the_mask() -> None:
    truth = np.zeros((4, 4), int)
    labels = truth.copy()
    labels[0] = 1
    mask = np.zeros((4, 4), bool)
    mask[:2] = True
    assert labels_restored(labels, truth, mask) == 0.5
    assert labels_restored(labels, truth, ~mask) == 1
