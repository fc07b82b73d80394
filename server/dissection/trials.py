"""Trials of brushes: draw with some units, remove with them, and do the same with as many random ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from server.dissection.effect import Outcome, Trial, outcome, top
from server.dissection.passes import Passes

ENOUGH = 0.7
REMOVE = 0.8
LUCK = 0.5
DISTURB = 4.0
FLAT = 0.6
_LEAST_BOUND = 0.03

Ranking = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Measured:
    """One trial: which units at which level, and what drawing with them and removing did.

    before, drawn: the concept's share of the mask. removed: the part of the concept's pixels that is gone.
    disturbed: the share of labels outside that changed, the mean of drawing and removing. detail: how much
    neighbouring pixels of the drawn concept differ, against the concept in samples; NaN where none was drawn.
    random_drawn, random_removed: the same with as many random units.
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
        """What the trial is worth:

            (draw - draw of random units) / (ENOUGH * bound), at most 1
                + REMOVE * (removed - LUCK * removed by random units) - DISTURB * disturbed - FLAT * (detail missing)

        so that drawing, removing, being better than chance, leaving the rest alone and not painting a flat
        patch all count. bound: the most that any trial of the concept drew, at any layer.
        """
        bound = max(bound, _LEAST_BOUND)
        chance = max(0.0, self.random_drawn - self.before)
        missing = 1 - min(1.0, self.detail) if math.isfinite(self.detail) else 1.0
        removed = max(-1.0, self.removed) - LUCK * min(1.0, max(0.0, self.random_removed))
        return (self.gain - chance) / bound + REMOVE * removed - DISTURB * self.disturbed - FLAT * missing


@dataclass(frozen=True)
class Bench:
    """What brushes of one concept at one layer are tried on.

    draw, remove: the pictures. levels: candidate levels by name, (units,) each. detail: the concept's own, in
    samples. chance: a random ranking.
    """

    passes: Passes
    concept: int
    draw: Trial
    remove: Trial
    levels: Mapping[str, Floats]
    detail: float
    chance: Ranking
    _removals: dict[tuple[str, int], Outcome] = field(default_factory=dict)

    @property
    def units(self) -> int:
        """How many units the layer has."""
        return int(self.draw.r.shape[1])

    def drawn(self, alpha: Tensor, level: str) -> Outcome:
        """Draw with the units of `alpha`, (units,)."""
        return outcome(self.passes, self.draw, self.concept, alpha, torch.from_numpy(self.levels[level]))

    def removed(self, name: str, ranking: Ranking, count: int) -> Outcome:
        """Set the ranking's first units to zero where the concept stands. name: the ranking's."""
        key = (name, count)
        if key not in self._removals:
            alpha = top(ranking, count)
            self._removals[key] = outcome(self.passes, self.remove, self.concept, alpha, torch.zeros(self.units))
        return self._removals[key]

    def bounds(self) -> dict[str, float]:
        """The draw effect of every unit at once, by level: the most a brush of this layer could do."""
        return {name: self.drawn(torch.ones(self.units), name).change for name in self.levels}

    def sweep(self, rankings: Mapping[str, Ranking], level: str, counts: Sequence[int]) -> list[Measured]:
        """Measure rankings at one level with several numbers of units, random units beside."""
        trials = []
        for n in dict.fromkeys(min(c, self.units) for c in counts):
            luck = self.drawn(top(self.chance, n), level).after
            luck_removed = self.removed("", self.chance, n).removed
            for name, ranking in rankings.items():
                drawn = self.drawn(top(ranking, n), level)
                removed = self.removed(name, ranking, n)
                trials.append(
                    Measured(
                        self.draw.layer,
                        name,
                        level,
                        n,
                        len(drawn.before),
                        float(drawn.before.mean()),
                        float(drawn.after.mean()),
                        removed.removed,
                        (drawn.disturbed + removed.disturbed) / 2,
                        drawn.detail / self.detail if self.detail > 0 else math.nan,
                        float(luck.mean()),
                        luck_removed,
                    )
                )
        return trials
