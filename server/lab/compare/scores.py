"""How near a picture comes to the true one, where it was changed: PSNR and SSIM (Wang et al. 2004), inside a mask."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from server.model.pixels import Pixels

SIGMA, REACH = 1.5, 5  # of the window in which SSIM compares, in pixels
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
LUMINANCE = (0.299, 0.587, 0.114)

Grey = NDArray[np.float64]  # (H, W)


def psnr(pixels: Pixels, truth: Pixels, mask: NDArray[np.bool_]) -> float:
    """In decibels, infinite where they are equal. pixels, truth: (H, W, 3); mask: (H, W)."""
    error = np.square(pixels[mask].astype(float) - truth[mask]).mean()
    return float("inf") if error == 0 else float(10 * np.log10(255**2 / error))


def ssim(pixels: Pixels, truth: Pixels, mask: NDArray[np.bool_]) -> float:
    """The mean over the mask, 1 where they are equal. pixels, truth: (H, W, 3); mask: (H, W)."""
    x, y = (image @ np.array(LUMINANCE) for image in (pixels, truth))  # (H, W)
    mx, my = _smooth(x), _smooth(y)
    xx, yy, xy = _smooth(x * x) - mx * mx, _smooth(y * y) - my * my, _smooth(x * y) - mx * my
    similarity = (2 * mx * my + C1) * (2 * xy + C2) / ((mx * mx + my * my + C1) * (xx + yy + C2))
    return float(similarity[mask].mean())


def _smooth(grey: Grey) -> Grey:
    """By a Gaussian window, mirrored at the rim."""
    window = np.exp(-np.square(np.arange(-REACH, REACH + 1)) / (2 * SIGMA**2))
    window /= window.sum()
    for _ in range(2):
        padded = np.pad(grey, ((REACH, REACH), (0, 0)), "symmetric")
        grey = sum((w * padded[i : i + len(grey)] for i, w in enumerate(window)), np.zeros_like(grey)).T
    return grey
