"""Rankings by cause: which units, set to their level, bring a concept about, and which, set to zero, take it away.

`attributions` spreads the effect of editing every unit over the units by integrated gradients (Sundararajan et al.,
2017) along the way from the unedited to the edited activations: a few backward passes see all units at once.
`eliminate` ranks by them, leaving the weaker units out round by round. `optimise` is the ranking of Bau et al. (ICLR
2019, section 3.2): a weight in 0..1 for every unit, trained so that inserting adds the concept where it is inserted and
zeroing removes it where it stood, with an L2 penalty.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from server.lab.dissect.constants import (
    CAUSAL_BATCH,
    KEEP,
    LEAST_GAIN,
    LEAST_KEPT,
    LEVEL_PULL,
    LEVEL_RATE,
    TRAINED_COUNTS,
    WEIGHT_PENALTY,
    WEIGHT_RATE,
)
from server.lab.dissect.running.passes import Passes, batches
from server.lab.dissect.trials.effect import MaskedPictures, edited
from server.lab.dissect.trials.weights import Ranking, top

_GOLDEN = 0.6180339887  # its multiples spread evenly over 0..1


def attributions(
    passes: Passes,
    pictures: MaskedPictures,
    concept: int,
    value: Tensor,
    alpha: Tensor,
    removing: bool = False,
    shift: float = 0.5,
) -> Tensor:
    """Each unit's part of the change of the concept's probability in the mask, (units,), by an edit of the units with
    weight `alpha`, (units,), at the levels `value`, (units,). removing: what is taken away counts as positive.

    Every picture is looked at in one point of its way, and the points spread evenly over the pictures: that
    costs one backward pass a picture, and pictures differ more than points. shift: 0..1, moves the points.
    """
    count = len(pictures)
    total = torch.zeros(len(value))
    points = (torch.arange(count) * _GOLDEN + shift) % 1  # (M,)
    for s in batches(count, CAUSAL_BATCH):
        some = pictures.pick(s)
        r = some.a.r.float().to(passes.device)  # (B, units, h, w)
        way = edited(r, some.coverage.to(passes.device), alpha.to(r), value.to(r)) - r  # (B, units, h, w)
        at = (r + points[s, None, None, None].to(r) * way).requires_grad_()
        with passes.ledger.passing("gradients", len(at)):
            p = _probability(passes, some, at, concept).sum()
            (gradient,) = torch.autograd.grad(p, at)
        total += (gradient * way).sum((0, 2, 3)).cpu()
    parts = total / max(1, count)
    return -parts if removing else parts


def eliminate(
    passes: Passes,
    pictures: MaskedPictures,
    concept: int,
    value: Tensor,
    removing: bool = False,
) -> tuple[Ranking, Tensor]:
    """Rank units by leaving the weaker ones out, round by round, with the parts counted anew in each round.

    What a unit brings about depends on which others are edited with it, so a ranking made with all units
    edited is not the best one for twenty. pictures: to draw on, or to remove from, then with value zero. value:
    (units,). Returns the ranking, and the parts with all units edited, as shares of what the helpful ones do, (units,).
    """
    kept = np.arange(len(value))
    left_out: list[int] = []
    shares: Tensor | None = None
    for turn in range(len(value)):
        alpha = torch.zeros_like(value)
        alpha[torch.from_numpy(kept)] = 1
        parts = attributions(passes, pictures, concept, value, alpha, removing, turn * _GOLDEN % 1)  # (units,)
        shares = parts / parts.clamp(min=0).sum().clamp(min=1e-9) if shares is None else shares
        kept = kept[np.argsort(-parts.numpy()[kept], kind="stable")]
        count = max(LEAST_KEPT, int(len(kept) * KEEP))
        if count >= len(kept):
            break
        left_out = [*kept[count:].tolist(), *left_out]
        kept = kept[:count]
    assert shares is not None
    return np.array([*kept, *left_out], np.int64), shares


def train_level(
    passes: Passes,
    pictures: MaskedPictures,
    concept: int,
    ranking: Ranking,
    start: Tensor,
    low: Tensor,
    high: Tensor,
    steps: int,
    rng: np.random.Generator,
) -> Tensor:
    """Levels trained for drawing, each kept within its unit's natural range and pulled towards where it started.

    Every step draws with another number of the ranking's first units, so that the levels suit all of them.
    start, low, high: (units,), the level to begin with and the unit's 0.01 and 0.99 quantile. Returns
    (units,).
    """
    scale = (high - low).clamp(min=1e-6) / 5
    low, high = torch.minimum(low, start), torch.maximum(high, start)
    shift = torch.zeros_like(start).requires_grad_()
    optimiser = torch.optim.Adam([shift], LEVEL_RATE)
    counts = [n for n in TRAINED_COUNTS if n < len(start)] or [len(start)]
    for step in range(steps):
        alpha = top(ranking, counts[step % len(counts)])
        some = pictures.pick(torch.from_numpy(rng.permutation(len(pictures))[:CAUSAL_BATCH]))
        optimiser.zero_grad()
        with passes.ledger.passing("gradients", len(some)):
            gain = _edited_probability(passes, some, alpha, start + shift * scale, concept)
            loss = LEVEL_PULL * (alpha * shift.square()).sum() / alpha.sum() - gain
            loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        with torch.no_grad():
            shift.copy_(torch.minimum(torch.maximum(start + shift * scale, low), high).sub(start).div(scale))
    return (start + shift * scale).detach()


def optimise(
    passes: Passes,
    draw: MaskedPictures,
    remove: MaskedPictures,
    concept: int,
    value: Tensor,
    steps: int,
    rng: np.random.Generator,
) -> Tensor:
    """Train the weight of every unit, from 0.1 on. value: (units,), their levels. Returns (units,) in 0..1.

    Insertion is read in the mask it was made in. Both gains count in units of what all units together can do.
    """
    zero, ones = torch.zeros_like(value), torch.ones_like(value)
    alpha = (0.1 * ones).requires_grad_()
    optimiser = torch.optim.Adam([alpha], WEIGHT_RATE)
    with torch.no_grad(), passes.ledger.passing("segmenter", 4 * CAUSAL_BATCH):
        few = draw.pick(slice(CAUSAL_BATCH))
        inserted = _edited_probability(passes, few, ones, value, concept) - _edited_probability(
            passes, few, zero, value, concept
        )
        few = remove.pick(slice(CAUSAL_BATCH))
        ablated = _edited_probability(passes, few, zero, zero, concept) - _edited_probability(
            passes, few, ones, zero, concept
        )
    gains = float(inserted.clamp(min=LEAST_GAIN)), -float(ablated.clamp(min=LEAST_GAIN))
    for _ in range(steps):
        optimiser.zero_grad()
        (WEIGHT_PENALTY * alpha.square().sum()).backward()  # type: ignore[no-untyped-call]
        for pictures, level, gain in ((draw, value, gains[0]), (remove, zero, gains[1])):
            some = pictures.pick(torch.from_numpy(rng.permutation(len(pictures))[:CAUSAL_BATCH]))
            with passes.ledger.passing("gradients", len(some)):
                part = -_edited_probability(passes, some, alpha, level, concept) / gain
                part.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        with torch.no_grad():
            alpha.clamp_(0, 1)
    return alpha.detach()


def _edited_probability(passes: Passes, pictures: MaskedPictures, alpha: Tensor, value: Tensor, concept: int) -> Tensor:
    """The concept's mean probability in the masks after an edit, a scalar."""
    r = pictures.a.r.float().to(passes.device)  # (M, units, h, w)
    r = edited(r, pictures.coverage.to(r), alpha.to(r), value.to(r))
    return _probability(passes, pictures, r, concept).mean()


def _probability(passes: Passes, pictures: MaskedPictures, r: Tensor, concept: int) -> Tensor:
    """The concept's mean probability in the mask of each picture, (B,), drawn from r: (B, units, h, w)."""
    a = pictures.a.edited(r).to(passes.device, torch.float32)
    p = passes.scores(a, pictures.layer)[:, concept].exp()  # (B, H, W)
    m = pictures.mask.to(p.device).float()
    return (p * m).sum((1, 2)) / m.sum((1, 2)).clamp(min=1)
