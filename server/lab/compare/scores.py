"""How near a picture comes to the true one, where it was changed: PSNR and SSIM (Wang et al. 2004), how far apart a
network sees them (after Zhang et al. 2018), and what they show, inside a mask."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from server.inversion.likeness import See, directions
from server.model.pixels import Pixels, to_images
from server.model.segmenter import Segmenter

SIGMA, REACH = 1.5, 5  # of the window in which SSIM compares, in pixels
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
LUMINANCE = (0.299, 0.587, 0.114)

Grey = NDArray[np.float64]  # (H, W)


@dataclass(frozen=True)
class Scores:
    """All of them. labels: NaN without a segmenter."""

    psnr: float
    ssim: float
    distance: float
    labels: float


def scores_of(pixels: Pixels, truth: Pixels, mask: NDArray[np.bool_], see: See, segmenter: Segmenter | None) -> Scores:
    """pixels, truth: (H, W, 3); mask: (H, W)."""
    labels = float("nan")
    if segmenter is not None:
        with torch.inference_mode():
            shown, true = segmenter(to_images(np.stack([pixels, truth]))).argmax(1).numpy()  # (H, W) each
        labels = labels_restored(shown, true, mask)
    return Scores(psnr(pixels, truth, mask), ssim(pixels, truth, mask), distance(pixels, truth, mask, see), labels)


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


def distance(pixels: Pixels, truth: Pixels, mask: NDArray[np.bool_], see: See) -> float:
    """The mean square by which the directions of features differ, over the features of every size: 0 where they are
    equal, 4 at most. pixels, truth: (H, W, 3); mask: (H, W)."""
    with torch.inference_mode():
        seen = [see(to_images(image[None].copy())) for image in (pixels, truth)]
        weight = torch.from_numpy(mask.astype(np.float32))[None, None]  # (1, 1, H, W)
        each = []
        for own, one in zip(*seen, strict=True):  # (1, C, h, w)
            apart = (directions(own) - directions(one)).square().sum(1, keepdim=True)  # (1, 1, h, w)
            cells = F.adaptive_avg_pool2d(weight, (apart.shape[2], apart.shape[3]))
            each.append(float((apart * cells).sum() / cells.sum()))
    return float(np.mean(each))


def labels_restored(labels: NDArray[np.intp], truth: NDArray[np.intp], mask: NDArray[np.bool_]) -> float:
    """The share of the mask that shows what it should. labels, truth, mask: (H, W)."""
    return float((labels == truth)[mask].mean())


def _smooth(grey: Grey) -> Grey:
    """By a Gaussian window, mirrored at the rim."""
    window = np.exp(-np.square(np.arange(-REACH, REACH + 1)) / (2 * SIGMA**2))
    window /= window.sum()
    for _ in range(2):
        padded = np.pad(grey, ((REACH, REACH), (0, 0)), "symmetric")
        grey = sum((w * padded[i : i + len(grey)] for i, w in enumerate(window)), np.zeros_like(grey)).T
    return grey
