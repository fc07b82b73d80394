"""Rankings by cause: which units, set to their level, bring a concept about, and which, set to zero, take it
away.

`attributions` spreads the effect of editing every unit over the units by integrated gradients (Sundararajan
et al., 2017) along the way from the unedited to the edited activations: a few backward passes see all units
at once. `optimise` is the ranking of Bau et al. (ICLR 2019, section 3.2): a weight in 0..1 for every unit,
trained so that inserting adds the concept where it is inserted and zeroing removes it where it stood, with an
L2 penalty.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from server.lab.dissect.effect import Trial, edited
from server.lab.dissect.passes import Passes, batches

BATCH = 6
_LEAST_GAIN = 0.02  # of probability: a concept that cannot be drawn at all must not drown the penalty
_GOLDEN = 0.6180339887  # its multiples spread evenly over 0..1
_TRAINED_COUNTS = (16, 4, 32, 8, 64)


def _present(passes: Passes, trial: Trial, s: slice, r: Tensor, concept: int) -> Tensor:
    """The mean probability of the concept in the mask, a picture at a time: (B,)."""
    p = passes.scores(r, trial.layer)[:, concept].exp()  # (B, R, R)
    m = trial.mask[s].to(p.device).float()
    return (p * m).sum((1, 2)) / m.sum((1, 2)).clamp(min=1)


def _path(passes: Passes, trial: Trial, concept: int, alpha: Tensor, value: Tensor, shift: float) -> Tensor:
    """Integrated gradients of the concept's probability in the mask along the way to an edit: (units,).

    Every picture is looked at in one point of its way, and the points spread evenly over the pictures: that
    costs one backward pass a picture, and pictures differ more than points. shift: 0..1, moves the points.
    """
    count = len(trial)
    total = torch.zeros(trial.r.shape[1])
    points = (torch.arange(count) * _GOLDEN + shift) % 1  # (M,)
    for s in batches(count, BATCH):
        r = trial.r[s].float().to(passes.device)
        m = trial.coverage[s].to(passes.device)
        way = edited(r, m, alpha.to(r), value.to(r)) - r  # (B, units, h, w)
        at = (r + points[s, None, None, None].to(r) * way).requires_grad_()
        with passes.ledger.passing("gradients", len(at)):
            p = _present(passes, trial, s, at, concept).sum()
            (gradient,) = torch.autograd.grad(p, at)
        total += (gradient * way).sum((0, 2, 3)).cpu()
    return total / max(1, count)


def attributions(
    passes: Passes,
    trial: Trial,
    concept: int,
    value: Tensor,
    alpha: Tensor,
    removing: bool = False,
    shift: float = 0.5,
) -> Tensor:
    """Each unit's part of the change of the concept's probability in the mask, (units,), by an edit of the units with
    weight `alpha`, (units,), at the levels `value`, (units,). removing: what is taken away counts as positive.
    """
    parts = _path(passes, trial, concept, alpha, value, shift)
    return -parts if removing else parts


def eliminate(
    passes: Passes,
    trial: Trial,
    concept: int,
    value: Tensor,
    removing: bool = False,
    keep: float = 0.25,
    least: int = 4,
) -> tuple[npt.NDArray[np.int64], Tensor]:
    """Rank units by leaving the weaker ones out, round by round, with the parts counted anew in each round.

    What a unit brings about depends on which others are edited with it, so a ranking made with all units
    edited is not the best one for twenty. trial: pictures to draw on, or to remove from, then with value zero. value:
    (units,). Returns the ranking, and the parts with all units edited, as shares of what the helpful ones do, (units,).
    """
    alive = np.arange(len(value))
    order: list[int] = []
    every: Tensor | None = None
    for turn in range(len(value)):
        alpha = torch.zeros_like(value)
        alpha[torch.from_numpy(alive)] = 1
        part = attributions(passes, trial, concept, value, alpha, removing, turn * _GOLDEN % 1)  # (units,)
        every = part / part.clamp(min=0).sum().clamp(min=1e-9) if every is None else every
        alive = alive[np.argsort(-part.numpy()[alive], kind="stable")]
        count = max(least, int(len(alive) * keep))
        if count >= len(alive):
            break
        order = [*alive[count:].tolist(), *order]
        alive = alive[:count]
    assert every is not None
    return np.array([*alive, *order], np.int64), every


def train_level(
    passes: Passes,
    draw: Trial,
    concept: int,
    ranking: npt.NDArray[np.int64],
    start: Tensor,
    low: Tensor,
    high: Tensor,
    steps: int,
    rng: np.random.Generator,
    rate: float = 0.3,
    pull: float = 0.002,
) -> Tensor:
    """Levels trained for drawing, each kept within its unit's natural range and pulled towards where it
    started.

    Every step draws with another number of the ranking's first units, so that the levels suit all of them.
    start, low, high: (units,), the level to begin with and the unit's 0.01 and 0.99 quantile. Returns
    (units,).
    """
    scale = (high - low).clamp(min=1e-6) / 5
    low, high = torch.minimum(low, start), torch.maximum(high, start)
    shift = torch.zeros_like(start).requires_grad_()
    optimiser = torch.optim.Adam([shift], rate)
    counts = [n for n in _TRAINED_COUNTS if n < len(start)] or [len(start)]
    for step in range(steps):
        alpha = torch.zeros_like(start)
        alpha[torch.from_numpy(ranking[: counts[step % len(counts)]].copy())] = 1
        some = torch.from_numpy(rng.permutation(len(draw))[:BATCH])
        optimiser.zero_grad()
        with passes.ledger.passing("gradients", len(some)):
            gain = _mean(passes, draw.pick(some), alpha, start + shift * scale, concept)
            loss = pull * (alpha * shift.square()).sum() / alpha.sum() - gain
            loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        with torch.no_grad():
            shift.copy_(torch.minimum(torch.maximum(start + shift * scale, low), high).sub(start).div(scale))
    return (start + shift * scale).detach()


def optimise(
    passes: Passes,
    draw: Trial,
    remove: Trial,
    concept: int,
    value: Tensor,
    steps: int,
    rng: np.random.Generator,
    rate: float = 0.1,
    penalty: float = 0.004,
) -> Tensor:
    """Train the weight of every unit, from 0.1 on. value: (units,), their levels. Returns (units,) in 0..1.

    Insertion is read in the mask it was made in. Both gains count in units of what all units together can do.
    """
    zero, ones = torch.zeros_like(value), torch.ones_like(value)
    alpha = (0.1 * ones).requires_grad_()
    optimiser = torch.optim.Adam([alpha], rate)
    few = slice(BATCH)
    with torch.no_grad(), passes.ledger.passing("segmenter", 4 * BATCH):
        inserted = _mean(passes, draw.pick(few), ones, value, concept) - _mean(
            passes, draw.pick(few), zero, value, concept
        )
        ablated = _mean(passes, remove.pick(few), zero, zero, concept) - _mean(
            passes, remove.pick(few), ones, zero, concept
        )
    scales = float(inserted.clamp(min=_LEAST_GAIN)), -float(ablated.clamp(min=_LEAST_GAIN))
    for _ in range(steps):
        optimiser.zero_grad()
        (penalty * alpha.square().sum()).backward()  # type: ignore[no-untyped-call]
        for trial, level, scale in ((draw, value, scales[0]), (remove, zero, scales[1])):
            some = torch.from_numpy(rng.permutation(len(trial))[:BATCH])
            with passes.ledger.passing("gradients", len(some)):
                part = -_mean(passes, trial.pick(some), alpha, level, concept) / scale
                part.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        with torch.no_grad():
            alpha.clamp_(0, 1)
    return alpha.detach()


def _mean(passes: Passes, trial: Trial, alpha: Tensor, value: Tensor, concept: int) -> Tensor:
    """The concept's mean probability in the masks after an edit, a scalar."""
    r = trial.r.float().to(passes.device)  # (M, units, h, w)
    r = edited(r, trial.coverage.to(r), alpha.to(r), value.to(r))
    return _present(passes, trial, slice(None), r, concept).mean()
