"""Which brush paints a concept best: layer, ranking, level and number of units, chosen by measured effect.

Pairs of ranking and level race each other, in rounds of fewer pairs on more pictures:

1. every layer: the rankings that cost nothing (IoU, contrast) with every level (`first_look`);
2. the layers that did best: the causal and the optimised ranking with every level, and a trained level
   (`second_look`);
3. the best pairs of those layers together (`race`);
4. the two that lead with some numbers of units, random units beside, then the better one with all; the other layers'
   best pair with a few.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from server.dissection.causal import eliminate, optimise, train_level
from server.dissection.effect import Trial
from server.dissection.levels import Levels
from server.dissection.trials import Bench, Floats, Measured, Ranking

COUNTS = (1, 2, 4, 8, 16, 20, 32, 64, 128)  # and all
LOOK_COUNTS = (16, 64)
FINAL_COUNTS = (8, 20, 32, 64, 128)
OTHER_COUNTS = (8, 20, 64)
TOLERANCE = 0.02  # of the score: fewer units are worth that much

Pair = tuple[str, str]  # of ranking and level


@dataclass(frozen=True)
class Tried:
    """What was measured for one concept at one layer.

    rankings, levels: by name. parts: (units,), each unit's part of the effect of all, NaN where the layer got no second
    look. bounds: the draw effect of all units, by level.
    """

    rankings: dict[str, Ranking]
    levels: dict[str, Floats]
    parts: Floats
    bounds: dict[str, float]
    trials: tuple[Measured, ...]

    def best_pairs(self, bound: float) -> list[tuple[float, Pair]]:
        """Pairs of ranking and level with their best trial's score, the best first; of each those trials that saw the
        most pictures.
        """
        most: dict[Pair, int] = {}
        for t in self.trials:
            most[t.ranking, t.level] = max(most.get((t.ranking, t.level), 0), t.pictures)
        scores: dict[Pair, float] = {}
        for t in self.trials:
            key = (t.ranking, t.level)
            if t.pictures == most[key]:
                scores[key] = max(scores.get(key, -math.inf), t.score(bound))
        return sorted(((score, pair) for pair, score in scores.items()), key=lambda found: -found[0])

    def best(self, pair: Pair, bound: float) -> float:
        """The best score of a pair among its trials on the most pictures."""
        return next(score for score, known in self.best_pairs(bound) if known == pair)

    def gain(self) -> float:
        """The most that any of its trials drew."""
        return max(t.gain for t in self.trials)

    def sound_level(self) -> str:
        """The level at which all units together draw most."""
        return max(self.bounds, key=lambda name: self.bounds[name])

    def with_trials(self, trials: Sequence[Measured]) -> Tried:
        """With more trials."""
        return replace(self, trials=(*self.trials, *trials))


def try_pairs(
    bench: Bench, tried: Tried, pairs: Sequence[Pair], counts: Sequence[int], pictures: int, chance: bool = False
) -> list[Measured]:
    """Measure pairs of ranking and level with several numbers of units."""
    return [
        bench.measure(ranking, tried.rankings[ranking], level, n, pictures, chance)
        for ranking, level in pairs
        for n in dict.fromkeys(min(c, bench.units) for c in counts)
    ]


def first_look(bench: Bench, levels: Levels, iou: Floats, pictures: int) -> Tried:
    """Try the rankings that cost nothing with every level. iou: (units,)."""
    contrast = levels.contrast()[:, bench.concept]
    rankings = {"iou": np.argsort(-iou, kind="stable"), "contrast": np.argsort(-contrast, kind="stable")}
    nothing = np.full(bench.units, np.nan, np.float32)
    tried = Tried(rankings, dict(bench.levels), nothing, bench.bounds(pictures), ())
    pairs = [(ranking, level) for ranking in rankings for level in bench.levels]
    return tried.with_trials(try_pairs(bench, tried, pairs, LOOK_COUNTS, pictures))


def second_look(
    bench: Bench,
    learn: tuple[Trial, Trial],
    levels: Levels,
    first: Tried,
    steps: int,
    pictures: int,
    rng: np.random.Generator,
) -> Tried:
    """Add the rankings by cause, the paper's optimised one among them, and a trained level, and try them.

    learn: other pictures, to draw and to remove. steps: of the optimised ranking.
    """
    start = torch.from_numpy(first.levels[first.sound_level()])
    causal, parts = eliminate(bench.passes, *learn, bench.concept, start)
    alpha = optimise(bench.passes, *learn, bench.concept, start, steps, rng)
    low, high = torch.from_numpy(levels.low), torch.from_numpy(levels.high)
    trained = train_level(bench.passes, learn[0], bench.concept, causal, start, low, high, 2 * steps, rng)
    added = {"causal": causal, "optimised": np.argsort(-alpha.numpy(), kind="stable")}
    tried = replace(
        first,
        rankings={**first.rankings, **added},
        levels={**first.levels, "trained": trained.numpy().astype(np.float32)},
        parts=parts.numpy().astype(np.float32),
    )
    bench = replace(bench, levels=tried.levels)
    pairs = [(ranking, level) for ranking in added for level in tried.levels]
    return tried.with_trials(try_pairs(bench, tried, pairs, LOOK_COUNTS, pictures))


def race(
    benches: Mapping[str, Bench], tried: Mapping[str, Tried], most: int, pictures: int
) -> tuple[dict[str, Tried], list[tuple[str, Pair]]]:
    """Try the `most` best pairs of all these layers on more pictures.

    Returns what was tried, and those layers and pairs, the best first.
    """
    bound = max(t.gain() for t in tried.values())
    found = sorted(
        ((score, layer, pair) for layer, t in tried.items() for score, pair in t.best_pairs(bound)),
        key=lambda entry: -entry[0],
    )[:most]
    after = {
        layer: t.with_trials(
            try_pairs(benches[layer], t, [pair for _, at, pair in found if at == layer], LOOK_COUNTS, pictures)
        )
        for layer, t in tried.items()
    }
    bound = max(t.gain() for t in after.values())
    scores = {(layer, pair): score for layer, t in after.items() for score, pair in t.best_pairs(bound)}
    order = sorted(((layer, pair) for _, layer, pair in found), key=lambda key: -scores[key])
    return after, order


def choose(trials: Sequence[Measured], bound: float) -> list[Measured]:
    """Trials best first. The best score wins, but fewer units win over a score less than TOLERANCE better.

    A trial's score counts two thirds, those with the next smaller and the next larger number of units a sixth each:
    what only one number of units does well is an accident of the pictures. Only trials on the most pictures compete.
    """
    most = max(t.pictures for t in trials)
    rated: list[tuple[float, Measured]] = []
    for pair in dict.fromkeys((t.ranking, t.level) for t in trials):
        row = sorted((t for t in trials if (t.ranking, t.level) == pair and t.pictures == most), key=lambda t: t.units)
        scores = [t.score(bound) for t in row]
        for i, t in enumerate(row):
            below, above = scores[max(0, i - 1)], scores[min(len(row) - 1, i + 1)]
            rated.append(((below + 4 * scores[i] + above) / 6, t))
    best = max(score for score, _ in rated)
    first = min((t for score, t in rated if score >= best - TOLERANCE), key=lambda t: t.units)
    rest = sorted((p for p in rated if p[1] is not first), key=lambda p: -p[0])
    return [first, *(t for _, t in rest)]
