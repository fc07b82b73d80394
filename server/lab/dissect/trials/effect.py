"""The average causal effect of edits: how a concept's share of a mask changes, and what changes outside it.

An edit sets r to r + m a (v - r) at a layer: m the mask's coverage, a a weight in 0..1 for every unit (0 or 1 for a
brush's top units), v their levels, or zero to remove (Bau et al., ICLR 2019, section 3.2). The picture is drawn again
and read by the segmenter.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from torch import Tensor

from server.lab.dissect.constants import VISIBLE
from server.lab.dissect.running.passes import Passes, batches
from server.lab.dissect.trials.likeness import Likeness
from server.lab.dissect.trials.masks import Masks, at_size, beyond
from server.lab.dissect.units.samples import Floats, Samples, activations
from server.model.generator import Activations
from server.painting.blend import blend

BATCH = 24


@dataclass(frozen=True)
class MaskedPictures:
    """Pictures with a mask each, ready for edits at one layer.

    a: the layer's output, of M pictures. coverage: (M, 1, h, w). mask, outside: (M, H, W) bool, in the mask and more
    than one cell away from it. before: (M, H, W) uint8, the unedited labels.
    """

    layer: str
    a: Activations
    coverage: Tensor
    mask: Tensor
    outside: Tensor
    before: Tensor

    @staticmethod
    def of(passes: Passes, samples: Samples, masks: Masks, layer: str) -> MaskedPictures:
        """The samples that the masks lie on."""
        a = activations(passes, [samples.seeds[i] for i in masks.index], layer)
        height, width = samples.labels.shape[1:]
        return MaskedPictures(
            layer,
            a.edited(a.r.contiguous(memory_format=torch.channels_last)),
            at_size(masks.cells, *a.r.shape[2:])[:, None],
            at_size(masks.cells, height, width).bool(),
            at_size(beyond(masks.cells), height, width).bool(),
            torch.from_numpy(samples.labels[masks.index]),
        )

    def __len__(self) -> int:
        return len(self.a)

    def everywhere(self) -> MaskedPictures:
        """The same pictures, edited over all of their area; what changes is still counted by the masks."""
        return replace(self, coverage=torch.ones_like(self.coverage))

    def pick(self, index: Tensor | slice) -> MaskedPictures:
        """Some of them."""
        tensors = (self.coverage, self.mask, self.outside, self.before)
        return MaskedPictures(self.layer, self.a[index], *(tensor[index] for tensor in tensors))


@dataclass(frozen=True)
class Effect:
    """What an edit did, one number a picture: the concept's share of the mask before and after, labels kept outside,
    and how strange the concept looks there (`server.lab.dissect.trials.likeness`), NaN where it hardly shows.
    """

    before: Floats
    after: Floats
    kept: Floats
    strangeness: Floats

    def __len__(self) -> int:
        return len(self.after)

    def joined(self, other: Effect) -> Effect:
        """That of the same edit on these pictures and on others."""
        return Effect(*(np.concatenate([getattr(self, f.name), getattr(other, f.name)]) for f in fields(self)))

    @property
    def strange(self) -> float:
        """How strange the concept looks in the masks, the mean where it shows; NaN where it shows in none."""
        seen = self.strangeness[~np.isnan(self.strangeness)]
        return float(seen.mean()) if len(seen) else float("nan")

    @property
    def visible(self) -> float:
        """The part of the pictures where the concept gained at least VISIBLE of the mask."""
        return float((self.after - self.before >= VISIBLE).mean()) if len(self) else 0.0

    @property
    def change(self) -> float:
        """The mean change of the concept's share of the mask, -1..1."""
        return float((self.after - self.before).mean()) if len(self) else 0.0

    @property
    def removed(self) -> float:
        """The part of the concept's pixels in the masks that is gone, at most 1, negative where it grew."""
        total = float(self.before.sum())
        return 1 - float(self.after.sum()) / total if total > 0 else 0.0

    @property
    def disturbed(self) -> float:
        """The mean share of labels outside that changed, 0..1."""
        return 1 - float(self.kept.mean()) if len(self) else 0.0


def edited(r: Tensor, coverage: Tensor, alpha: Tensor, value: Tensor) -> Tensor:
    """r: (M, units, h, w); coverage: (M, 1, h, w); alpha: (units,), or (M, units) where pictures are edited each with
    units of its own; value: (units,). Returns the edited r, shape kept.
    """
    a = coverage * alpha.reshape(-1, r.shape[1], 1, 1)  # (M, units, h, w)
    return blend(r.to(a.dtype), a, value[None, :, None, None]).to(r.dtype)


def share(present: Tensor, mask: Tensor, empty: float = 0.0) -> Tensor:
    """The mean of `present` over the mask, a picture at a time; `empty` where the mask is.

    present, mask: (M, H, W). Returns (M,).
    """
    m = mask.float()
    area = m.sum((1, 2))  # (M,)
    return torch.where(area > 0, (present.float() * m).sum((1, 2)) / area.clamp(min=1), empty)


def measure_effect(
    passes: Passes,
    pictures: MaskedPictures,
    concept: int,
    alpha: Tensor,
    value: Tensor,
    likeness: Likeness | None = None,
) -> Effect:
    """Edit, draw, label again and compare. alpha: (units,) or (M, units), see `edited`; value: (units,). likeness:
    what the concept looks like by itself; without it strangeness is NaN.
    """
    after, kept, strangeness = [], [], []
    for s in batches(len(pictures), BATCH):
        some, own = pictures.pick(s), alpha if alpha.ndim == 1 else alpha[s]
        a = some.a.edited(edited(some.a.r, some.coverage, own, value))
        images = passes.images(a, some.layer)  # (B, 3, H, W)
        labels = passes.labels(images).cpu()  # (B, H, W)
        shown = labels == concept  # (B, H, W)
        after.append(share(shown, some.mask))
        kept.append(share(labels == some.before, some.outside, empty=1.0))
        if likeness is None:
            strangeness.append(torch.full((len(labels),), torch.nan))
        else:
            strangeness.append(likeness.strangeness(images.cpu(), shown & some.mask, ~shown & some.outside))
    before = share(pictures.before == concept, pictures.mask)  # (M,)
    return Effect(before.numpy(), *(torch.cat(part).numpy() for part in (after, kept, strangeness)))
