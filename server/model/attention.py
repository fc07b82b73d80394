"""Contextual attention: what is missing from featuremaps, put together from patches of what is there.

After Yu et al., "Generative Image Inpainting with Contextual Attention" (CVPR 2018), section 4.1, "Match and attend":
patches are matched by cosine similarity, a softmax of that weighs all patches that are wholly there, and what is
missing becomes the weighted mean of these, by a transposed convolution. That section's "attention propagation" is left
out.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

RATE = 2  # featuremaps are matched on a grid that many times as coarse, at least
MOST = 64 * 64  # places of that grid: weights are of each place for each place
AT_ONCE = 1024  # places that look for patches at a time
PATCH = 3  # places of that grid along each side, by which patches are matched
SHARPNESS = 20.0  # of the softmax, at first


def rate_of(height: int, width: int) -> int:
    """How many times as coarse the grid is: RATE, twice that and so on, until it has at most MOST places."""
    rate = RATE
    while -(-height // rate) * -(-width // rate) > MOST:
        rate *= 2
    return rate


class ContextualAttention(nn.Module):
    """It learns but one number: how sharply the best patch is preferred."""

    def __init__(self) -> None:
        super().__init__()
        self.sharpness = nn.Parameter(torch.tensor(SHARPNESS).log())

    def forward(self, features: Tensor, missing: Tensor) -> Tensor:
        """What is missing put together, the rest as it is. features: (N, C, H, W). missing: (N, 1, H, W), 1 where they
        are guesses, else 0. Where no whole patch is there to copy from, what is missing becomes 0. Shape kept."""
        height, width = features.shape[2:]
        rate = rate_of(height, width)
        edges = (0, -width % rate, 0, -height % rate)
        padded = F.pad(features, edges, mode="replicate")  # (N, C, h rate, w rate)
        unknown = F.pad(missing, edges, value=1.0)  # (N, 1, h rate, w rate)
        rebuilt = self._rebuilt(padded, unknown, rate)[:, :, :height, :width]
        return features + missing * (rebuilt - features)

    def _rebuilt(self, features: Tensor, unknown: Tensor, rate: int) -> Tensor:
        """All of it, from patches that are there. features, unknown: (N, C or 1, h rate, w rate). Shape kept."""
        coarse = F.avg_pool2d(features, rate)  # (N, C, h, w)
        keys = F.normalize(F.unfold(coarse, PATCH, padding=PATCH // 2), dim=1)  # (N, 9 C, P), P = h w
        gaps = F.max_pool2d(F.max_pool2d(unknown, rate), PATCH, 1, PATCH // 2)  # (N, 1, h, w)
        there = gaps.flatten(2) == 0  # (N, 1, P)
        # Twice as wide as the grid's step, so that neighbours overlap; all of such a patch lies in what was matched.
        size, step, margin = 2 * rate, rate, rate // 2
        patches = F.unfold(features, size, padding=margin, stride=step).transpose(1, 2)  # (N, P, 4 rate^2 C)
        parts = []
        for wanted in torch.split(keys, AT_ONCE, 2):  # (N, 9 C, p)
            alike = wanted.transpose(1, 2) @ keys  # (N, p, P), -1..1
            # The lowest finite number, not -inf, of which a softmax makes no number where nothing is there.
            alike = (self.sharpness.exp() * alike).masked_fill(~there, torch.finfo(alike.dtype).min)
            weights = alike.softmax(2) * there  # (N, p, P)
            parts.append(weights @ patches)  # (N, p, 4 rate^2 C)
        rebuilt = torch.cat(parts, 1).transpose(1, 2)  # (N, 4 rate^2 C, P)
        shape = (features.shape[2], features.shape[3])
        # To fold is to convolve, transposed, with the patches as kernels.
        whole = F.fold(rebuilt.to(features.dtype), shape, size, padding=margin, stride=step)  # (N, C, h rate, w rate)
        covers = F.unfold(torch.ones_like(unknown[:1]), size, padding=margin, stride=step)  # (1, 4 rate^2, P)
        return whole / F.fold(covers, shape, size, padding=margin, stride=step)
