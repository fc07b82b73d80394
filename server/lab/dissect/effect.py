"""The average causal effect of edits: how a concept's share of a mask changes, and what changes outside it.

An edit sets r to r + m a (v - r) at a layer: m the mask's coverage, a a weight in 0..1 for every unit (0 or 1
for a brush's top units), v their levels, or zero to remove. The picture is drawn again and read by the
segmenter.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from server.lab.dissect.likeness import Likeness
from server.lab.dissect.masks import at_size, beyond
from server.lab.dissect.passes import Passes, batches

BATCH = 24
VISIBLE = 0.05  # of the mask: a gain one sees


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

    def everywhere(self) -> Trial:
        """The same pictures, edited over all of their area; what changes is still counted by the masks."""
        return replace(self, coverage=torch.ones_like(self.coverage))

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
    """What an edit did, one number a picture: the concept's share of the mask before and after, labels kept outside,
    and how strange the concept looks there (`server.lab.dissect.likeness`), NaN where it hardly shows.
    """

    before: npt.NDArray[np.float32]
    after: npt.NDArray[np.float32]
    kept: npt.NDArray[np.float32]
    looks: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.after)

    def joined(self, other: Outcome) -> Outcome:
        """The same edit on these pictures and on others."""
        return Outcome(
            np.concatenate([self.before, other.before]),
            np.concatenate([self.after, other.after]),
            np.concatenate([self.kept, other.kept]),
            np.concatenate([self.looks, other.looks]),
        )

    @property
    def strange(self) -> float:
        """How strange the concept looks in the masks, the mean where it shows; NaN where it shows in none."""
        seen = self.looks[~np.isnan(self.looks)]
        return float(seen.mean()) if len(seen) else float("nan")

    @property
    def visible(self) -> float:
        """The part of the pictures where the concept gained at least VISIBLE of the mask."""
        return float((self.after - self.before >= VISIBLE).mean()) if len(self.after) else 0.0

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

    r: (M, units, h, w), the pictures' activations. labels: (M, R, R), theirs. cells: (M, g, g), their masks.
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
    """r: (M, units, h, w); coverage: (M, 1, h, w); alpha: (units,), or (M, units) where pictures are edited each with
    units of its own; value: (units,). Returns the edited r, shape kept.
    """
    weight = coverage * alpha.reshape(-1, r.shape[1], 1, 1)  # (M, units, h, w)
    return r + (weight * (value[None, :, None, None] - r)).to(r.dtype)


def share(present: Tensor, mask: Tensor, empty: float = 0.0) -> Tensor:
    """The mean of `present` over the mask, a picture at a time; `empty` where the mask is.

    present, mask: (M, R, R). Returns (M,).
    """
    m = mask.float()
    area = m.sum((1, 2))  # (M,)
    return torch.where(area > 0, (present.float() * m).sum((1, 2)) / area.clamp(min=1), empty)


def outcome(
    passes: Passes, trial: Trial, concept: int, alpha: Tensor, value: Tensor, likeness: Likeness | None = None
) -> Outcome:
    """Edit, draw, label again and compare. alpha: (units,) or (M, units), see `edited`; value: (units,). likeness:
    what the concept looks like by itself; without it nothing is known of looks.
    """
    after, kept, looks = [], [], []
    for s in batches(len(trial), BATCH):
        own = alpha if alpha.ndim == 1 else alpha[s]
        r = edited(trial.r[s], trial.coverage[s], own, value).to(passes.device)
        images = passes.images(r, trial.layer)  # (B, 3, R, R)
        labels = passes.labels(images).cpu()  # (B, R, R)
        shown = labels == concept  # (B, R, R)
        after.append(share(shown, trial.mask[s]))
        kept.append(share(labels == trial.before[s], trial.outside[s], empty=1.0))
        if likeness is None:
            looks.append(torch.full((len(labels),), torch.nan))
        else:
            looks.append(likeness.strangeness(images.cpu(), shown & trial.mask[s], ~shown & trial.outside[s]))
    return Outcome(
        share(trial.before == concept, trial.mask).numpy(),
        torch.cat(after).numpy(),
        torch.cat(kept).numpy(),
        torch.cat(looks).numpy(),
    )
