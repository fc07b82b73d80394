"""Which units paint a concept best, and which remove it best: layer, ranking, level and number, by measured effect.

Drawing and removing are sought apart. Pairs of ranking and level race each other, in rounds of fewer on more pictures:

1. every layer: the rankings that cost nothing (IoU, contrast) with every base level (`first_look`);
2. the layer that draws best: the ranking by cause and the optimised one with every level, and a trained level
   (`second_drawing`); the layer that removes best: the ranking by cause (`second_removing`);
3. the best pairs of all layers together (`race`);
4. the leader with all numbers of units, and the number that is best with multiples of the level (`sweep_levels`), of
   which the weakest wins that is within a hair of the best (`server.lab.dissect.choice`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from server.lab.dissect.causal import eliminate, optimise, train_level
from server.lab.dissect.choice import by_number, pairs
from server.lab.dissect.effect import Trial
from server.lab.dissect.levels import Levels
from server.lab.dissect.trials import Bench, Drawing, Floats, Ranking, Removal

COUNTS = (1, 2, 4, 8, 16, 20, 32, 64, 128)  # and all
LOOK_COUNTS = (4, 16, 64)
OTHER_COUNTS = (4, 16, 64)
MULTIPLES = (0.35, 0.5, 0.7, 1.4, 2.0)  # of a level, and 1
OTHER_MULTIPLES = (0.5, 0.7, 1.4)
FORM = 0.05  # of the score: an earlier layer is worth that much

Pair = tuple[str, str]  # of ranking and base level; no level to remove with


@dataclass(frozen=True)
class Tried:
    """What was measured for one concept at one layer.

    rankings, levels: by name. parts: (units,), each unit's part of what all draw, NaN where the layer got no second
    look. bounds: the draw effect of all units, by level.
    """

    rankings: dict[str, Ranking]
    levels: dict[str, Floats]
    parts: Floats
    bounds: dict[str, float]
    drawings: tuple[Drawing, ...]
    removals: tuple[Removal, ...]

    def gain(self) -> float:
        """The most that any of its trials drew, up to what masks hold naturally."""
        return max(t.natural_gain for t in self.drawings)

    def drawing_pairs(self, bound: float) -> list[tuple[float, Pair]]:
        """Pairs of ranking and level to draw with, and their scores, the best first."""
        return pairs([t for t in self.drawings if t.multiple == 1], lambda t: t.score(bound))

    def removing_pairs(self) -> list[tuple[float, Pair]]:
        """The same to remove with."""
        return pairs(self.removals, lambda t: t.score())

    def sound_level(self) -> str:
        """The level at which all units together draw most."""
        return max(self.bounds, key=lambda name: self.bounds[name])

    def with_drawings(self, trials: Sequence[Drawing]) -> Tried:
        """With more trials."""
        return replace(self, drawings=(*self.drawings, *trials))

    def with_removals(self, trials: Sequence[Removal]) -> Tried:
        """With more trials."""
        return replace(self, removals=(*self.removals, *trials))


def draw(bench: Bench, tried: Tried, which: Sequence[Pair], counts: Sequence[int], pictures: int) -> Tried:
    """Draw with pairs of ranking and level and several numbers of units."""
    return tried.with_drawings(
        [
            bench.try_drawing(ranking, tried.rankings[ranking], level, 1.0, n, pictures)
            for ranking, level in which
            for n in dict.fromkeys(min(c, bench.units) for c in counts)
        ]
    )


def remove(bench: Bench, tried: Tried, which: Sequence[Pair], counts: Sequence[int], pictures: int) -> Tried:
    """Remove with rankings and several numbers of units."""
    return tried.with_removals(
        [
            bench.try_removing(ranking, tried.rankings[ranking], n, pictures)
            for ranking, _ in which
            for n in dict.fromkeys(min(c, bench.units) for c in counts)
        ]
    )


def first_look(bench: Bench, levels: Levels, iou: Floats, pictures: int) -> Tried:
    """Try the rankings that cost nothing with every level. iou: (units,)."""
    contrast = levels.contrast()[:, bench.concept]
    rankings = {"iou": np.argsort(-iou, kind="stable"), "contrast": np.argsort(-contrast, kind="stable")}
    nothing = np.full(bench.units, np.nan, np.float32)
    tried = Tried(rankings, dict(bench.levels), nothing, bench.bounds(pictures), (), ())
    which = [(ranking, level) for ranking in rankings for level in bench.levels]
    tried = draw(bench, tried, which, LOOK_COUNTS, pictures)
    return remove(bench, tried, [(ranking, "") for ranking in rankings], LOOK_COUNTS, pictures)


def second_drawing(
    bench: Bench,
    learn: tuple[Trial, Trial],
    levels: Levels,
    first: Tried,
    steps: int,
    pictures: int,
    rng: np.random.Generator,
) -> Tried:
    """Add the ranking by cause of drawing, the paper's optimised one, and a trained level, and draw with them.

    learn: other pictures, to draw and to remove. steps: of the optimised ranking.
    """
    passes, concept = bench.passes, bench.concept
    start = torch.from_numpy(first.levels[first.sound_level()])
    causal, parts = eliminate(passes, learn[0], concept, start)
    alpha = optimise(passes, *learn, concept, start, steps, rng)
    low, high = torch.from_numpy(levels.low), torch.from_numpy(levels.high)
    trained = train_level(passes, learn[0], concept, causal, start, low, high, 2 * steps, rng)
    added = {"causal": causal, "optimised": np.argsort(-alpha.numpy(), kind="stable")}
    tried = replace(
        first,
        rankings={**first.rankings, **added},
        levels={**first.levels, "trained": trained.numpy().astype(np.float32)},
        parts=parts.numpy().astype(np.float32),
    )
    which = [(ranking, level) for ranking in added for level in tried.levels]
    return draw(replace(bench, levels=tried.levels), tried, which, LOOK_COUNTS, pictures)


def second_removing(bench: Bench, learn: Trial, first: Tried, pictures: int) -> Tried:
    """Add the ranking by cause of removing, and remove with it, and with the optimised one where that is known.

    learn: other pictures to remove from.
    """
    causal, _ = eliminate(bench.passes, learn, bench.concept, torch.zeros(bench.units), removing=True)
    tried = replace(first, rankings={**first.rankings, "causal removing": causal})
    which = [(ranking, "") for ranking in ("causal removing", "optimised") if ranking in tried.rankings]
    return remove(bench, tried, which, LOOK_COUNTS, pictures)


def race(
    benches: Mapping[str, Bench], tried: Mapping[str, Tried], most: int, pictures: int
) -> tuple[dict[str, Tried], tuple[str, Pair], tuple[str, Pair]]:
    """Try the `most` best pairs of all these layers on more pictures, to draw (no more than two of a layer, so that
    layers are compared) and to remove.

    Returns what was tried, and the layer and pair that draws best and the one that removes best. Of layers that draw as
    well but for FORM the earliest wins: the more lies behind, the more form a stroke gets.
    """
    after = dict(tried)

    def drawing() -> dict[tuple[str, Pair], float]:
        bound = max(t.gain() for t in after.values())
        return {(layer, pair): score for layer, t in after.items() for score, pair in t.drawing_pairs(bound)}

    def removing() -> dict[tuple[str, Pair], float]:
        return {(layer, pair): score for layer, t in after.items() for score, pair in t.removing_pairs()}

    drawers = _leading(drawing(), most, each=2)
    for layer, pair in drawers:
        after[layer] = draw(benches[layer], after[layer], [pair], LOOK_COUNTS, pictures)
    removers = _leading(removing(), (most + 1) // 2)
    for layer, pair in removers:
        after[layer] = remove(benches[layer], after[layer], [pair], LOOK_COUNTS, pictures)
    scores, order = drawing(), list(benches)
    enough = max(scores[key] for key in drawers) - FORM
    first = min((key for key in drawers if scores[key] >= enough), key=lambda key: (order.index(key[0]), -scores[key]))
    return after, first, max(removers, key=removing().__getitem__)


def _leading(scores: Mapping[tuple[str, Pair], float], most: int, each: int | None = None) -> list[tuple[str, Pair]]:
    """The `most` best, of which no more than `each` are of one layer."""
    found: list[tuple[str, Pair]] = []
    for key in sorted(scores, key=lambda key: -scores[key]):
        if each is None or sum(key[0] == other[0] for other in found) < each:
            found.append(key)
    return found[:most]


def sweep_levels(bench: Bench, tried: Tried, bound: float, multiples: Sequence[float] = MULTIPLES) -> Tried:
    """Draw with multiples of the level of the trial that leads, with its units on as many pictures."""
    lead = by_number([t for t in tried.drawings if t.multiple == 1], lambda t: t.score(bound))[0]
    order = tried.rankings[lead.ranking]
    return tried.with_drawings(
        [bench.try_drawing(lead.ranking, order, lead.level, m, lead.units, lead.pictures) for m in multiples]
    )
