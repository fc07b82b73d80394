"""The average causal effect of edits: how a concept's share of a mask changes, and what changes outside it.

An edit sets r to r + m a (v - r) at a layer: m the mask's coverage, a a weight in 0..1 for every unit (0 or 1
for a brush's top units), v their levels, or zero to remove. The picture is drawn again and read by the
segmenter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from server.dissection.masks import at_size, beyond
from server.dissection.passes import Passes, batches

BATCH = 24


@dataclass(frozen=True)
class Trial:
    """Pictures prepared for edits at one layer.

    r: (M, units, h, w). coverage: (M, 1, h, w). mask, outside: (M, R, R) bool, in the mask and more than one
    cell away from it. before: (M, R, R) uint8, the unedited labels.
    """

    layer: str
    r: Tensor
    coverage: Tensor
    mask: Tensor
    outside: Tensor
    before: Tensor

    def __len__(self) -> int:
        return len(self.r)

    def pick(self, index: Tensor | slice) -> Trial:
        """Some of its pictures."""
        return Trial(
            self.layer,
            self.r[index],
            self.coverage[index],
            self.mask[index],
            self.outside[index],
            self.before[index],
        )


@dataclass(frozen=True)
class Outcome:
    """What an edit did, one number a picture: the concept's share of the mask before and after, labels kept
    outside.

    steps, shown: the sum of the steps between neighbouring pixels where the mask shows the concept afterwards, in
    halves of the range of a pixel, and the number of those pixels.
    """

    before: npt.NDArray[np.float32]
    after: npt.NDArray[np.float32]
    kept: npt.NDArray[np.float32]
    steps: float
    shown: int

    def __len__(self) -> int:
        return len(self.after)

    def joined(self, other: Outcome) -> Outcome:
        """The same edit on these pictures and on others."""
        return Outcome(
            np.concatenate([self.before, other.before]),
            np.concatenate([self.after, other.after]),
            np.concatenate([self.kept, other.kept]),
            self.steps + other.steps,
            self.shown + other.shown,
        )

    @property
    def detail(self) -> float:
        """The mean step where the mask shows the concept; NaN where it shows none."""
        return self.steps / self.shown if self.shown else float("nan")

    @property
    def change(self) -> float:
        """The mean change of the concept's share of the mask, -1..1."""
        return float((self.after - self.before).mean()) if len(self.after) else 0.0

    @property
    def removed(self) -> float:
        """The part of the concept's pixels in the masks that is gone, at most 1, negative where it grew."""
        total = float(self.before.sum())
        return 1 - float(self.after.sum()) / total if total > 0 else 0.0

    @property
    def disturbed(self) -> float:
        """The mean share of labels outside that changed, 0..1."""
        return 1 - float(self.kept.mean()) if len(self.kept) else 0.0


def prepare(layer: str, r: Tensor, labels: npt.NDArray[np.uint8], cells: npt.NDArray[np.bool_]) -> Trial:
    """Pictures and masks, ready for edits.

    r: (M, units, h, w), the pictures' activations. labels: (M, R, R), theirs. cells: (M, GRID, GRID), their
    masks.
    """
    size = labels.shape[-1]
    return Trial(
        layer,
        r.contiguous(memory_format=torch.channels_last),
        at_size(cells, r.shape[2])[:, None],
        at_size(cells, size).bool(),
        at_size(beyond(cells), size).bool(),
        torch.from_numpy(labels),
    )


def edited(r: Tensor, coverage: Tensor, alpha: Tensor, value: Tensor) -> Tensor:
    """r: (M, units, h, w); coverage: (M, 1, h, w); alpha, value: (units,). Returns the edited r, shape kept."""
    weight = coverage * alpha[None, :, None, None]  # (M, units, h, w)
    return r + (weight * (value[None, :, None, None] - r)).to(r.dtype)


def share(present: Tensor, mask: Tensor, empty: float = 0.0) -> Tensor:
    """The mean of `present` over the mask, a picture at a time; `empty` where the mask is.

    present, mask: (M, R, R). Returns (M,).
    """
    m = mask.float()
    area = m.sum((1, 2))  # (M,)
    return torch.where(area > 0, (present.float() * m).sum((1, 2)) / area.clamp(min=1), empty)


def steps(images: Tensor) -> Tensor:
    """How much each pixel differs from the next one to the right and below: (N, 3, R, R) to (N, R, R)."""
    x = images.float()
    right = (x[..., :, 1:] - x[..., :, :-1]).abs().mean(1)  # (N, R, R - 1)
    below = (x[..., 1:, :] - x[..., :-1, :]).abs().mean(1)  # (N, R - 1, R)
    return (F.pad(right, (0, 1)) + F.pad(below, (0, 0, 0, 1))) / 2


def outcome(passes: Passes, trial: Trial, concept: int, alpha: Tensor, value: Tensor) -> Outcome:
    """Edit, draw, label again and compare. alpha, value: (units,)."""
    after, kept = [], []
    step_sum, step_count = 0.0, 0
    for s in batches(len(trial), BATCH):
        r = edited(trial.r[s], trial.coverage[s], alpha, value).to(passes.device)
        images = passes.images(r, trial.layer)  # (B, 3, R, R)
        labels = passes.labels(images).cpu()  # (B, R, R)
        shown = (labels == concept) & trial.mask[s]  # (B, R, R)
        step_sum += float(steps(images).cpu()[shown].sum())
        step_count += int(shown.sum())
        after.append(share(labels == concept, trial.mask[s]))
        kept.append(share(labels == trial.before[s], trial.outside[s], empty=1.0))
    return Outcome(
        share(trial.before == concept, trial.mask).numpy(),
        torch.cat(after).numpy(),
        torch.cat(kept).numpy(),
        step_sum,
        step_count,
    )


def top(ranking: npt.NDArray[np.int64], count: int) -> Tensor:
    """The weights of an edit with the first `count` units of a ranking: (units,) of zeros and ones."""
    alpha = torch.zeros(len(ranking))
    alpha[torch.from_numpy(ranking[:count].copy())] = 1
    return alpha
