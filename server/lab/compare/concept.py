"""What a mask is about, where nobody says it: the concept that it fits best."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from server.errors import UsageError
from server.inpainting.ways import Mask
from server.painting.painter import Labels


def concept_of(mask: Mask, labels: Labels, seen: Sequence[str], removable: Collection[str]) -> str:
    """The concept whose pixels agree best with the mask, by intersection over union: of a box around a tree that is
    the tree, though most of the box may be the meadow, which goes on outside.

    mask: (H, W). labels: what each pixel shows, as an index of `seen`, (H, W). removable: the concepts that have a
    brush. Raises UsageError where the mask holds nothing of them.
    """
    agreement = {concept: _iou(mask, labels == i) for i, concept in enumerate(seen) if concept in removable}
    best = max(agreement, key=agreement.__getitem__, default=None)
    if best is None or agreement[best] == 0:
        shown = ", ".join(seen[i] for i in np.unique(labels[mask])) or "nothing"
        raise UsageError(f"the mask covers {shown}, which no brush removes; say with --concept what the brush is to")
    return best


def _iou(a: Mask, b: Mask) -> float:
    either = np.count_nonzero(a | b)
    return np.count_nonzero(a & b) / either if either else 0.0
