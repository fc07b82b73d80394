"""Which units agree with which concept: IoU of thresholded featuremaps with segmentation.

After Bau et al., "GAN Dissection" (ICLR 2019), section 3.1: a featuremap is upsampled to the picture's pixels and
thresholded; the threshold of a (unit, concept) pair maximises the information quality ratio on one half of the samples,
the IoU is counted on the other. Beside it stands the simple variant, one threshold a unit at its 0.99 quantile.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from server.lab.dissect.constants import ABOVE_CHANCE, BETWEEN, CANDIDATES, FIXED, INTERPRETABLE
from server.lab.dissect.units.lattice import Tally
from server.lab.dissect.units.samples import Floats


@dataclass(frozen=True)
class Agreement:
    """How well units and concepts match.

    iou, threshold: (units, C), the threshold of the best information quality ratio. iou_fixed: (units, C) at
    threshold_fixed: (units,), the unit's 0.99 quantile. iqr: (units, C), the ratio, 0..1. chance: (units, C), the IoU
    of independent maps as large as the two that `iou` compares.
    """

    iou: Floats
    threshold: Floats
    iqr: Floats
    iou_fixed: Floats
    threshold_fixed: Floats
    chance: Floats


def matching(iou: Floats, chance: Floats) -> npt.NDArray[np.bool_]:
    """Which pairs of unit and concept count as a match: IoU of at least INTERPRETABLE and well above chance.

    The published bound was made for hundreds of small concepts; a concept that fills a third of the pictures
    overlaps with anything.
    """
    return (iou >= INTERPRETABLE) & (iou >= ABOVE_CHANCE * chance)


def best_concepts(iou: Floats, chance: Floats) -> npt.NDArray[np.int64]:
    """The concept that each unit agrees with most, (units,): of those it matches where there are any."""
    best: npt.NDArray[np.int64] = np.where(matching(iou, chance), iou, iou / 100).argmax(1)
    return best


def information_quality_ratio(both: Tensor, above: Tensor, present: Tensor, total: int) -> Tensor:
    """Mutual information over joint entropy of two binary maps (Wijaya et al., 2017), 0..1.

    both, above, present: counts of pixels, of shapes that broadcast. Returns their common shape, float64.
    """
    n = float(total)
    both, above, present = both.double() / n, above.double() / n, present.double() / n
    joint = torch.stack([both, above - both, present - both, 1 - above - present + both]).clamp(min=0)
    product = torch.stack([above * present, above * (1 - present), (1 - above) * present, (1 - above) * (1 - present)])
    mutual = (torch.xlogy(joint, joint) - torch.xlogy(joint, product)).sum(0)
    entropy = -torch.xlogy(joint, joint).sum(0)
    return (mutual / entropy.clamp(min=1e-12)).clamp(0, 1)


def _iou(both: Tensor, above: Tensor, present: Tensor) -> Floats:
    union = (above + present - both).double()
    return (both.double() / union.clamp(min=1)).float().numpy()


def candidate_thresholds(quantiles: Tensor) -> Tensor:
    """Quantiles of every unit, and values evenly spread between the first and the last of them.

    The latter matter to featuremaps that know few values. quantiles: (units, Q), the CANDIDATES. Returns (units, T),
    those first.
    """
    way = torch.arange(1, BETWEEN + 1) / (BETWEEN + 1)
    low, high = quantiles[:, :1], quantiles[:, -1:]
    return torch.cat([quantiles, low + way * (high - low)], 1)


def best_thresholds(candidates: Tensor, tally: Tally) -> tuple[Tensor, Tensor]:
    """The threshold of the best information quality ratio of every pair, and that ratio, (units, C) each.

    candidates: (units, T). tally: of `LatticeLabels.every_pair` on the samples to choose on.
    """
    above, inside, present = _tensors(tally)
    iqr = information_quality_ratio(inside, above[..., None], present, tally.total)  # (units, T, C)
    # A threshold that the concept lies below (a suppressed unit) carries information too, but is no match.
    expected = above[..., None].double() * present.double() / tally.total
    iqr = torch.where(inside.double() > expected, iqr, torch.zeros_like(iqr))
    best, at = iqr.max(1)  # (units, C)
    return torch.gather(candidates, 1, at), best


def agreement_of(candidates: Tensor, threshold: Tensor, iqr: Tensor, own: Tally, fixed: Tally) -> Agreement:
    """From counts: own, of `LatticeLabels.own_pairs` at `threshold` on the other half; fixed, of
    `LatticeLabels.every_pair` at the 0.99 quantile alone, on all samples.
    """
    above, inside, present = _tensors(own)
    independent = above.double() * present.double() / own.total  # (units, C)
    all_above, all_inside, all_present = _tensors(fixed)
    at = candidates[:, CANDIDATES.index(FIXED)]  # (units,)
    return Agreement(
        _iou(inside, above, present),
        threshold.numpy(),
        iqr.float().numpy(),
        _iou(all_inside[:, 0], all_above, all_present),
        at.numpy(),
        _iou(independent, above, present),
    )


def _tensors(tally: Tally) -> tuple[Tensor, Tensor, Tensor]:
    return torch.from_numpy(tally.above), torch.from_numpy(tally.inside), torch.from_numpy(tally.present)
