"""One's own pixels kept wherever nothing was painted: the picture is laid over them where its edits reach, and blended
in at their rim."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from server.model.pixels import Pixels
from server.painting.edits import Covered, enlarged

GROWN = 1 / 16  # of the longer side around what was painted that is shown as painted, as things outgrow their mask
RIM = 1 / 16  # of it over which the two are blended


def painted(covered: Covered, size: tuple[int, int]) -> NDArray[np.float32]:
    """How much of each pixel is to be seen as painted, 0..1: 1 where an edit is, 0 a rim away from it. covered: how
    much of each pixel the edits are at, (H, W). size: the height and width of what is returned."""
    grown, rim = max(1, round(GROWN * max(size))), max(1, round(RIM * max(size)))
    alpha = torch.from_numpy(enlarged(covered, size))[None, None]  # (1, 1, *size)
    # Along columns, then along rows: the same as by squares, whose cells would be too many for large pictures.
    for high, wide in ((1, 0), (0, 1)):
        alpha = F.max_pool2d(alpha, _window(grown, high, wide), 1, (grown * high, grown * wide))
    alpha = F.pad(alpha, (rim,) * 4, mode="replicate")
    for high, wide in ((1, 0), (0, 1)):
        alpha = F.avg_pool2d(alpha, _window(rim, high, wide), 1)
    return alpha[0, 0].numpy()


def _window(reach: int, high: int, wide: int) -> tuple[int, int]:
    return 2 * reach * high + 1, 2 * reach * wide + 1


def kept(own: Pixels, pixels: Pixels, alpha: NDArray[np.float32]) -> Pixels:
    """One's own picture with what was painted over it. own, pixels: (H, W, 3); alpha: (H, W), as `painted` gives it."""
    mixed = own + alpha[..., None] * (pixels.astype(np.float32) - own)
    return np.rint(mixed).clip(0, 255).astype(np.uint8)
