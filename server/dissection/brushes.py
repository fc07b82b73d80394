"""Which brush paints a concept best: layer, ranking, level and number of units, chosen by measured effect.

At each layer every ranking is tried with every level on a few pictures, then the best pairs with every number of
units on more of them; random units at the same levels run beside. A trial's score is

    draw / bound - RANDOM * (draw of as many random units) / bound + REMOVE * removed
        - DISTURB * (labels changed outside) - FLAT * (detail missing)

with `bound` the most that any trial of the concept drew: so drawing, removing, being better than chance, leaving the
rest alone and not painting a flat patch all count, in the same units for every layer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from server.dissection.causal import eliminate, optimise
from server.dissection.effect import Outcome, Trial, outcome, top
from server.dissection.passes import Passes

RANDOM = 0.5
REMOVE = 0.5
DISTURB = 4.0
FLAT = 0.3
TOLERANCE = 0.03  # of the score: fewer units are worth that much
COUNTS = (1, 2, 4, 8, 16, 20, 32, 64, 128, 256, 512)
_FEW = 12  # pictures of a first try
_FIRST = (20, 64)  # units of a first try

Ranking = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Measured:
    """One trial: which units at which level, and what drawing with them and removing did.

    before, drawn: the concept's share of the mask. removed: the part of the concept's pixels that is gone. disturbed:
    the share of labels outside that changed, the mean of drawing and removing. detail: of the drawn concept, against
    that of the concept in samples. random_drawn, random_removed: the same with as many random units.
    """

    layer: str
    ranking: str
    level: str
    units: int
    pictures: int
    before: float
    drawn: float
    removed: float
    disturbed: float
    detail: float
    random_drawn: float
    random_removed: float

    @property
    def gain(self) -> float:
        """The draw effect."""
        return self.drawn - self.before

    def score(self, bound: float) -> float:
        """The trial's worth. bound: the most that any trial of the concept drew."""
        bound = max(bound, 0.03)
        chance = max(0.0, self.random_drawn - self.before)
        missing = 1 - min(1.0, self.detail) if math.isfinite(self.detail) else 1.0
        return (
            (self.gain - RANDOM * chance) / bound
            + REMOVE * max(-1.0, self.removed)
            - DISTURB * self.disturbed
            - FLAT * missing
        )


@dataclass(frozen=True)
class Tried:
    """All that was measured for one concept at one layer. rankings: by name. parts: (units,), each unit's part of
    the effect of all. bounds: draw effect of all units, by level.
    """

    rankings: dict[str, Ranking]
    parts: Floats
    trials: tuple[Measured, ...]
    bounds: dict[str, float]
    removed_by_all: float


@dataclass(frozen=True)
class Bench:
    """What brushes of one concept at one layer are measured on.

    learn_draw, learn_remove: pictures that rankings are learnt on. draw, remove: others, that trials are measured on.
    levels: candidate levels by name, (units,) each. detail: the concept's own, in samples.
    """

    passes: Passes
    concept: int
    learn_draw: Trial
    learn_remove: Trial
    draw: Trial
    remove: Trial
    levels: dict[str, Floats]
    detail: float

    @property
    def units(self) -> int:
        """How many units the layer has."""
        return int(self.draw.r.shape[1])

    def drawn(self, alpha: Tensor, level: str, few: bool = False) -> Outcome:
        """Draw with the units of `alpha`, (units,)."""
        trial = self.draw.pick(slice(_FEW)) if few else self.draw
        return outcome(self.passes, trial, self.concept, alpha, torch.from_numpy(self.levels[level]))

    def removed(self, alpha: Tensor, few: bool = False) -> Outcome:
        """Set the units of `alpha`, (units,), to zero where the concept stands."""
        trial = self.remove.pick(slice(_FEW)) if few else self.remove
        return outcome(self.passes, trial, self.concept, alpha, torch.zeros(self.units))


def rankings(
    bench: Bench, iou: Floats, contrast: Floats, level: str, steps: int, rng: np.random.Generator
) -> tuple[dict[str, Ranking], Floats]:
    """The candidate rankings by name, and each unit's part of the effect. iou, contrast: (units,)."""
    value = torch.from_numpy(bench.levels[level])
    causal, parts = eliminate(bench.passes, bench.learn_draw, bench.learn_remove, bench.concept, value)
    found = {
        "iou": np.argsort(-iou, kind="stable"),
        "contrast": np.argsort(-contrast, kind="stable"),
        "contrast of either sign": np.argsort(-np.abs(contrast), kind="stable"),
        "causal": causal,
    }
    if steps:
        alpha = optimise(
            bench.passes, bench.learn_draw, bench.learn_remove, bench.concept, value, steps, rng
        )
        found["optimised"] = np.argsort(-alpha.numpy(), kind="stable")
    return found, parts.numpy().astype(np.float32)


def try_all(
    bench: Bench,
    iou: Floats,
    contrast: Floats,
    counts: Sequence[int],
    finalists: int,
    steps: int,
    rng: np.random.Generator,
) -> Tried:
    """Measure the brushes of a concept at a layer.

    counts: numbers of units to try with the `finalists` best pairs of ranking and level. steps: of the optimised
    ranking, 0 for none.
    """
    everything = torch.ones(bench.units)
    bounds = {name: bench.drawn(everything, name).change for name in bench.levels}
    sound = max((n for n in bounds if n != "quantile"), key=lambda n: bounds[n], default=next(iter(bounds)))
    found, parts = rankings(bench, iou, contrast, sound, steps, rng)
    bound = max(*bounds.values(), 0.0)
    chance = rng.permutation(bench.units)
    first = [
        m
        for level in bench.levels
        for m in _sweep(bench, found, level, [n for n in _FIRST if n < bench.units] or [bench.units], chance, True)
    ]
    pairs: dict[tuple[str, str], float] = {}
    for m in first:
        key = (m.ranking, m.level)
        pairs[key] = max(pairs.get(key, -math.inf), m.score(max(bound, *(t.gain for t in first))))
    best = sorted(pairs, key=lambda k: -pairs[k])[:finalists]
    final: list[Measured] = []
    for level in dict.fromkeys(level for _, level in best):
        chosen = {name: found[name] for name, at in best if at == level}
        final += _sweep(bench, chosen, level, [n for n in counts if n < bench.units], chance, False)
    return Tried(found, parts, (*first, *final), bounds, bench.removed(everything).removed)


def _sweep(
    bench: Bench,
    found: dict[str, Ranking],
    level: str,
    counts: Sequence[int],
    chance: Ranking,
    few: bool,
) -> list[Measured]:
    """Measure rankings at one level with several numbers of units, random units beside."""
    out = []
    for n in counts:
        luck = top(chance, n)
        random_draw, random_remove = bench.drawn(luck, level, few), bench.removed(luck, few)
        for name, ranking in found.items():
            alpha = top(ranking, n)
            drawn, removed = bench.drawn(alpha, level, few), bench.removed(alpha, few)
            out.append(
                Measured(
                    bench.draw.layer,
                    name,
                    level,
                    n,
                    len(drawn.before),
                    float(drawn.before.mean()),
                    float(drawn.after.mean()),
                    removed.removed,
                    (drawn.disturbed + removed.disturbed) / 2,
                    drawn.detail / bench.detail if bench.detail > 0 else math.nan,
                    float(random_draw.after.mean()),
                    random_remove.removed,
                )
            )
    return out


def choose(trials: Sequence[Measured], bound: float) -> list[Measured]:
    """Trials best first. The best score wins, but fewer units win over a score less than TOLERANCE better."""
    most = max(t.pictures for t in trials)
    rated = [(t.score(bound), t) for t in trials if t.pictures == most]
    best = max(score for score, _ in rated)
    near = sorted((t for score, t in rated if score >= best - TOLERANCE), key=lambda t: t.units)
    rest = sorted((p for p in rated if p[1] is not near[0]), key=lambda p: -p[0])
    return [near[0], *(t for _, t in rest)]
