"""Artifact units: those whose removal makes pictures better, by a stated measure.

A picture is better the surer the segmenter is of what it sees: the measure is the mean entropy of its label
distribution, in nats a pixel, over pictures with the unit set to zero everywhere. An empty picture is clear too, so
nearly all labels have to stay as they were. One backward pass estimates every unit's part of the entropy; the
likeliest are then set to zero for real, and those that lower it in most pictures, and by more than chance, are
artifact units.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from server.dissection.passes import Passes, batches
from server.dissection.samples import featuremaps

_BATCH = 16
_SURE = 3.0  # standard errors: a unit that lowers the entropy by more is no accident
_LEAST = 0.002  # of the entropy: less is not worth a switch
_KEPT = 0.97  # of the labels: a unit that changes more draws something


@dataclass(frozen=True)
class ArtifactUnit:
    """entropy, without: nats a pixel, with the unit and with it at zero. better: share of pictures it is lower in.
    kept: share of labels that stay.
    """

    unit: int
    entropy: float
    without: float
    better: float
    kept: float


def entropies(log_p: Tensor) -> Tensor:
    """The mean entropy a pixel, a picture at a time. log_p: (N, C, R, R), log probabilities. Returns (N,)."""
    return -(log_p.exp() * log_p).sum(1).mean((1, 2))


def find_artifacts(
    passes: Passes, layer: str, seeds: range, candidates: int = 8
) -> tuple[list[ArtifactUnit], dict[str, Any]]:
    """The layer's artifact units, the worst first, and what zeroing all of them together does, as JSON."""
    r = featuremaps(passes, seeds, layer)  # (N, units, h, w)
    part = torch.zeros(r.shape[1])
    for s in batches(len(r), _BATCH):
        at = r[s].float().to(passes.device).requires_grad_()
        (gradient,) = torch.autograd.grad(entropies(passes.scores(at, layer)).sum(), at)
        part += (-gradient * at.detach()).sum((0, 2, 3)).cpu()  # the first-order change when the unit goes to zero
    likely = part.argsort()[:candidates]
    base, labels = _without(passes, r, layer, [])  # (N,), (N, R, R)
    found = []
    for unit in likely.tolist():
        if part[unit] >= 0:
            break
        gone, seen = _without(passes, r, layer, [unit])
        kept = float((seen == labels).float().mean())
        if kept >= _KEPT and _improves(base, gone):
            better = float((gone < base).float().mean())
            found.append(ArtifactUnit(unit, float(base.mean()), float(gone.mean()), better, kept))
    found.sort(key=lambda a: a.without)
    together = _without(passes, r, layer, [a.unit for a in found])[0] if found else base
    return found, {
        "layer": layer,
        "pictures": len(r),
        "measure": "mean entropy of the segmenter's labels, nats a pixel",
        "entropy": round(float(base.mean()), 5),
        "without_all": round(float(together.mean()), 5),
        "units": [{k: round(v, 5) if isinstance(v, float) else v for k, v in asdict(a).items()} for a in found],
    }


def _without(passes: Passes, r: Tensor, layer: str, units: list[int]) -> tuple[Tensor, Tensor]:
    """Every picture's entropy, (N,), and labels, (N, R, R), with some units at zero."""
    entropy, labels = [], []
    with torch.no_grad():
        for s in batches(len(r), _BATCH):
            x = r[s].clone()
            x[:, units] = 0
            log_p = passes.scores(x.to(passes.device, memory_format=torch.channels_last), layer)  # (B, C, R, R)
            entropy.append(entropies(log_p).cpu())
            labels.append(log_p.argmax(1).cpu())
    return torch.cat(entropy), torch.cat(labels)


def _improves(base: Tensor, gone: Tensor) -> bool:
    lower = (base - gone).double().numpy()
    error = lower.std(ddof=1) / np.sqrt(len(lower))
    return bool(lower.mean() > max(_SURE * error, _LEAST * float(base.mean())) and (lower > 0).mean() > 0.5)
