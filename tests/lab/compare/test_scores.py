from __future__ import annotations

import numpy as np
import pytest

from server.lab.compare.scores import psnr, ssim

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
