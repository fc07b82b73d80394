"""What an inpainter and its judge are taught by: what was there, which counts less the deeper in the hole it was, and
what the judge makes of it (Yu et al. 2018, section 3)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from server.lab.inpainting.judge import Judge, at_holes
from server.model.inpainter import Inpainter

FADING = 0.99  # a pixel in, what was there counts so much less, as other things could as well be there
DEEPEST = 32  # pixels, from where on it counts the same
JUDGED = 0.02


def faded(missing: Tensor) -> Tensor:
    """How much each missing pixel counts: FADING to the power of its distance from what is known, in steps of the grid
    and its diagonals; 0 where nothing is missing. missing: (N, 1, H, W), 1 or 0. Shape kept."""
    near, counts = 1 - missing, missing.clone()
    for _ in range(DEEPEST):
        near = F.max_pool2d(near, 3, 1, 1)  # what is known, one pixel further in
        counts = counts * (FADING + (1 - FADING) * near)
    return counts


def inpainter_loss(
    inpainter: Inpainter, judge: Judge, images: Tensor, missing: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """The loss, the filled pictures, (N, 3, H, W), for the judge, and how far they are off where something was missing.
    images: (N, 3, H, W), -1..1. missing: (N, 1, H, W)."""
    guess, drawn = (out.float() for out in inpainter(images, missing))
    weight = faded(missing)
    far = (drawn - images).abs()
    loss = ((far + (guess - images).abs()) * weight).sum() / (3 * weight.sum())
    loss = loss - JUDGED * at_holes(judge(drawn, missing).float(), missing)
    off = (far.detach() * missing).sum() / (3 * missing.sum())
    return loss, drawn.detach(), off


def judge_loss(judge: Judge, images: Tensor, filled: Tensor, missing: Tensor) -> Tensor:
    """Hinges: pictures are above 1, filled ones below -1. images, filled: (N, 3, H, W). missing: (N, 1, H, W)."""
    true, false = judge(torch.cat([images, filled]), torch.cat([missing, missing])).float().chunk(2)
    return at_holes(F.relu(1 - true), missing) + at_holes(F.relu(1 + false), missing)
