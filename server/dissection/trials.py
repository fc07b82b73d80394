"""Trials of brushes: draw with some units, remove with them, and do the same with as many random ones."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from server.dissection.effect import Outcome, Trial, outcome, top
from server.dissection.passes import Passes

REMOVE = 0.8
LUCK = 0.5
DISTURB = 3.0
FLAT = 0.2
_LEAST_BOUND = 0.03

Ranking = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Measured:
    """One trial: which units at which level, and what drawing with them and removing did.

    before, drawn: the concept's share of the mask. removed: the part of the concept's pixels that is gone.
    disturbed: the share of labels outside that changed, the mean of drawing and removing. detail: how much
    neighbouring pixels of the drawn concept differ, against the concept in samples; NaN where none was drawn.
    random_drawn, random_removed: the same with as many random units; NaN where that was not tried.
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

            (draw - LUCK * draw of random units) / bound + REMOVE * (removed - LUCK * removed by random units)
                - DISTURB * disturbed - FLAT * (detail missing)

        so that drawing, removing, being better than chance and leaving the rest alone all count, and of two brushes
        as strong the one that paints no flat patch wins. bound: the most that any trial of the concept drew, at any
        layer.
        """
        luck = self.random_drawn - self.before if math.isfinite(self.random_drawn) else 0.0
        luck_removed = self.random_removed if math.isfinite(self.random_removed) else 0.0
        missing = 1 - min(1.0, self.detail) if math.isfinite(self.detail) else 1.0
        drawn = (self.gain - LUCK * max(0.0, luck)) / max(bound, _LEAST_BOUND)
        removed = max(-1.0, self.removed) - LUCK * min(1.0, max(0.0, luck_removed))
        return drawn + REMOVE * removed - DISTURB * self.disturbed - FLAT * missing


@dataclass(frozen=True)
class Bench:
    """What brushes of one concept at one layer are tried on.

    draw, remove: the pictures. levels: candidate levels by name, (units,) each. detail: the concept's own, in
    samples. chance: a random ranking. An edit tried before goes on where it stopped when more pictures are asked for.
    """

    passes: Passes
    concept: int
    draw: Trial
    remove: Trial
    levels: Mapping[str, Floats]
    detail: float
    chance: Ranking
    _held: dict[tuple[str, str, int], Outcome] = field(default_factory=dict)

    @property
    def units(self) -> int:
        """How many units the layer has."""
        return int(self.draw.r.shape[1])

    def bounds(self, pictures: int) -> dict[str, float]:
        """The draw effect of every unit at once, by level: the most a brush of this layer could do."""
        every = np.arange(self.units)
        return {name: self._drawn("", every, self.units, name, pictures).change for name in self.levels}

    def measure(self, name: str, ranking: Ranking, level: str, count: int, pictures: int, chance: bool) -> Measured:
        """Draw and remove with the ranking's first `count` units on `pictures` pictures each, or all there are.

        name: the ranking's. chance: also with as many random units, on half the pictures.
        """
        drawn = self._drawn(name, ranking, count, level, pictures)
        removed = self._removed(name, ranking, count, pictures)
        before, luck, luck_removed = float(drawn.before.mean()), math.nan, math.nan
        if chance:
            some = -(-pictures // 2)
            luck = before + self._drawn("random", self.chance, count, level, some).change
            luck_removed = self._removed("random", self.chance, count, some).removed
        return Measured(
            self.draw.layer,
            name,
            level,
            count,
            len(drawn),
            before,
            float(drawn.after.mean()),
            removed.removed,
            (drawn.disturbed + removed.disturbed) / 2,
            drawn.detail / self.detail if self.detail > 0 else math.nan,
            luck,
            luck_removed,
        )

    def _drawn(self, name: str, ranking: Ranking, count: int, level: str, pictures: int) -> Outcome:
        value = torch.from_numpy(self.levels[level])
        return self._grown((name, level, count), self.draw, top(ranking, count), value, pictures)

    def _removed(self, name: str, ranking: Ranking, count: int, pictures: int) -> Outcome:
        """Set the ranking's first units to zero where the concept stands."""
        zero = torch.zeros(self.units)
        return self._grown((name, "", count), self.remove, top(ranking, count), zero, pictures)

    def _grown(self, key: tuple[str, str, int], trial: Trial, alpha: Tensor, value: Tensor, pictures: int) -> Outcome:
        held = self._held.get(key)
        done, wanted = 0 if held is None else len(held), min(pictures, len(trial))
        if held is None or done < wanted:
            more = outcome(self.passes, trial.pick(slice(done, wanted)), self.concept, alpha, value)
            held = self._held[key] = more if held is None else held.joined(more)
        return held
