"""Which brush paints a concept best: layer, ranking, level and number of units, chosen by measured effect.

First every layer is tried: each ranking with each level on a few pictures. Then the layers that did best get
the costlier candidates, the paper's optimised ranking and a trained level, and their best pairs of ranking
and level are measured with every number of units on more pictures; the other layers' best pair with a few
numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from server.dissection.causal import eliminate, optimise, train_level
from server.dissection.effect import Trial
from server.dissection.levels import Levels
from server.dissection.trials import Bench, Floats, Measured, Ranking

COUNTS = (1, 2, 4, 8, 16, 20, 32, 64, 128)
FIRST_COUNTS = (8, 32)
OTHER_COUNTS = (8, 20, 64)
TOLERANCE = 0.05  # of the score: fewer units are worth that much


@dataclass(frozen=True)
class Tried:
    """What was measured for one concept at one layer.

    rankings, levels: by name. parts: (units,), each unit's part of the effect of all. bounds: the draw effect
    of all units, by level.
    """

    rankings: dict[str, Ranking]
    levels: dict[str, Floats]
    parts: Floats
    bounds: dict[str, float]
    trials: tuple[Measured, ...]

    def best_pairs(self, bound: float) -> list[tuple[str, str]]:
        """Pairs of ranking and level, the one with the best trial first."""
        scores: dict[tuple[str, str], float] = {}
        for t in self.trials:
            key = (t.ranking, t.level)
            scores[key] = max(scores.get(key, -math.inf), t.score(bound))
        return sorted(scores, key=lambda key: -scores[key])

    def gain(self) -> float:
        """The most that any of its trials drew."""
        return max(t.gain for t in self.trials)


def first_look(bench: Bench, learn: tuple[Trial, Trial], levels: Levels, iou: Floats) -> Tried:
    """Try every cheap ranking with every cheap level. learn: other pictures, to draw and to remove. iou:
    (units,).
    """
    bounds = bench.bounds()
    sound = max(("mean", "mean x1.5"), key=lambda name: bounds[name])
    causal, parts = eliminate(bench.passes, *learn, bench.concept, torch.from_numpy(bench.levels[sound]))
    contrast = levels.contrast()[:, bench.concept]
    rankings = {
        "iou": np.argsort(-iou, kind="stable"),
        "contrast": np.argsort(-contrast, kind="stable"),
        "causal": causal,
    }
    trials = [m for level in bench.levels for m in bench.sweep(rankings, level, FIRST_COUNTS)]
    return Tried(rankings, dict(bench.levels), parts.numpy().astype(np.float32), bounds, tuple(trials))


def costly_candidates(
    bench: Bench, learn: tuple[Trial, Trial], levels: Levels, first: Tried, steps: int, rng: np.random.Generator
) -> tuple[dict[str, Ranking], dict[str, Floats]]:
    """The optimised ranking and the trained level, each trained for `steps` steps."""
    start = torch.from_numpy(first.levels[max(("mean", "mean x1.5"), key=lambda name: first.bounds[name])])
    alpha = optimise(bench.passes, *learn, bench.concept, start, steps, rng)
    level = train_level(
        bench.passes,
        learn[0],
        bench.concept,
        first.rankings["causal"],
        start,
        torch.from_numpy(levels.low),
        torch.from_numpy(levels.high),
        2 * steps,
        rng,
    )
    ranking = np.argsort(-alpha.numpy(), kind="stable")
    return {"optimised": ranking}, {"trained": level.numpy().astype(np.float32)}


def closer_look(bench: Bench, tried: Tried, pairs: Sequence[tuple[str, str]], counts: Sequence[int]) -> list[Measured]:
    """Measure pairs of ranking and level with several numbers of units."""
    trials: list[Measured] = []
    for level in dict.fromkeys(level for _, level in pairs):
        rankings = {name: tried.rankings[name] for name, at in pairs if at == level}
        trials += bench.sweep(rankings, level, counts)
    return trials


def choose(trials: Sequence[Measured], bound: float) -> list[Measured]:
    """Trials best first. The best score wins, but fewer units win over a score less than TOLERANCE better.

    A trial's score counts half, those with the next smaller and the next larger number of units a quarter each: what
    only one number of units does well is an accident of the pictures.
    """
    most = max(t.pictures for t in trials)
    rated: list[tuple[float, Measured]] = []
    for pair in dict.fromkeys((t.ranking, t.level) for t in trials):
        row = sorted((t for t in trials if (t.ranking, t.level) == pair and t.pictures == most), key=lambda t: t.units)
        scores = [t.score(bound) for t in row]
        for i, t in enumerate(row):
            below, above = scores[max(0, i - 1)], scores[min(len(row) - 1, i + 1)]
            rated.append(((below + 2 * scores[i] + above) / 4, t))
    best = max(score for score, _ in rated)
    first = min((t for score, t in rated if score >= best - TOLERANCE), key=lambda t: t.units)
    rest = sorted((p for p in rated if p[1] is not first), key=lambda p: -p[0])
    return [first, *(t for _, t in rest)]
