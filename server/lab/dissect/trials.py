"""Trials of brushes: draw with some units, or remove with them, and do the same with as many random ones.

Drawing and removing are tried apart: a concept may be drawn best with other units than it is removed with.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from server.lab.dissect.effect import Outcome, Trial, outcome
from server.lab.dissect.likeness import STRANGEST, Likeness
from server.lab.dissect.passes import Passes
from server.lab.dissect.weights import random_weights, top

LUCK = 0.5
DISTURB = 3.0
STRANGE = 0.25
CROWD = 0.03
SPOIL = 1.5
_LEAST_BOUND = 0.03

Ranking = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Drawing:
    """One trial of drawing: which units at which level, and what that did.

    level, multiple: the base level's name, and what it is multiplied by. before, drawn: the concept's share of the
    mask. disturbed: the share of labels outside that changed. strange: how strange the concept looks there, about 1
    where it stands by itself (`likeness`); NaN where it hardly shows. random_drawn: the share with as
    many random units, on some of the pictures. holds: the most of the concept that such a mask has where it stands by
    itself, see `server.lab.dissect.masks.fullest`.
    """

    layer: str
    ranking: str
    level: str
    multiple: float
    units: int
    pictures: int
    before: float
    drawn: float
    disturbed: float
    strange: float
    random_drawn: float
    holds: float = 1.0

    @property
    def gain(self) -> float:
        """The draw effect."""
        return self.drawn - self.before

    @property
    def natural_gain(self) -> float:
        """The draw effect, up to what the mask has of the concept where it stands by itself."""
        return min(self.drawn, max(self.holds, self.before)) - self.before

    def score(self, bound: float) -> float:
        """What the trial is worth:

            (draw - LUCK * draw of random units) / bound - DISTURB * disturbed - STRANGE * strangeness
            - CROWD * log2(units)

        where draw counts up to what the mask holds of it by itself: what is fuller is a swatch. So drawing more than
        chance and leaving the rest alone count, and of two brushes as strong the one wins whose drawings look like what
        the generator draws by itself, and that has fewer units: many at once say many things. Strangeness counts from 0
        (as strange as natural regions are) to 1 (STRANGEST, or nothing to be seen). bound: the most that any trial of
        the concept drew so, at any layer.
        """
        luck = self.random_drawn - self.before
        beyond = (self.strange - 1) / (STRANGEST - 1) if math.isfinite(self.strange) else 1.0
        drawn = (self.natural_gain - LUCK * max(0.0, luck)) / max(bound, _LEAST_BOUND)
        strangeness, crowd = min(1.0, max(0.0, beyond)), math.log2(self.units)
        return drawn - DISTURB * self.disturbed - STRANGE * strangeness - CROWD * crowd


@dataclass(frozen=True)
class Removal:
    """One trial of removing: which units were set to zero, and what that did.

    removed: the part of the concept's pixels that is gone, the mask covering where it stood. disturbed: the share of
    labels outside that changed. spoilt: that share when the units are zero everywhere, as without a mask.
    random_removed: the part gone with as many random units, on some of the pictures.
    """

    layer: str
    ranking: str
    units: int
    pictures: int
    removed: float
    disturbed: float
    spoilt: float
    random_removed: float

    def score(self) -> float:
        """What the trial is worth:

        removed - LUCK * removed by random units - DISTURB * disturbed - SPOIL * spoilt
        """
        luck = min(1.0, max(0.0, self.random_removed))
        return max(-1.0, self.removed) - LUCK * luck - DISTURB * self.disturbed - SPOIL * self.spoilt


@dataclass(frozen=True)
class Bench:
    """What brushes of one concept at one layer are tried on.

    draw, remove: the pictures. levels: base levels by name, (units,) each. chance: random orders of the living units,
    one a picture, (M, living). likeness: what the concept looks like by itself, None where too few samples show it.
    holds: the most that such masks have of it by itself. An edit tried before goes on where it stopped when more
    pictures are asked for.
    """

    passes: Passes
    concept: int
    draw: Trial
    remove: Trial
    levels: Mapping[str, Floats]
    chance: npt.NDArray[np.int64]
    likeness: Likeness | None
    holds: float = 1.0
    _held: dict[tuple[str, str, float, int], Outcome] = field(default_factory=dict)

    @property
    def units(self) -> int:
        """How many units the layer has."""
        return int(self.draw.r.shape[1])

    def bounds(self, pictures: int) -> dict[str, float]:
        """The draw effect of every unit at once, by level: the most a brush of this layer could do."""
        every = np.arange(self.units)
        return {name: self._drawn("", every, self.units, name, 1.0, pictures).change for name in self.levels}

    def try_drawing(
        self, name: str, ranking: Ranking, level: str, multiple: float, count: int, pictures: int
    ) -> Drawing:
        """Draw with the ranking's first `count` units at the level times `multiple` on `pictures` pictures, or all
        there are, and with as many random units on some of them. name: the ranking's.
        """
        drawn = self._drawn(name, ranking, count, level, multiple, pictures)
        before, value = float(drawn.before.mean()), self._value(level, multiple)
        alpha = random_weights(self.chance[: len(self.draw)], count, self.units)
        luck = self._grown(("random draw", level, multiple, count), self.draw, alpha, value, _some(pictures)).change
        after = float(drawn.after.mean())
        return Drawing(
            self.draw.layer,
            name,
            level,
            multiple,
            count,
            len(drawn),
            before,
            after,
            drawn.disturbed,
            drawn.strange,
            before + luck,
            self.holds,
        )

    def try_removing(self, name: str, ranking: Ranking, count: int, pictures: int) -> Removal:
        """Set the ranking's first `count` units to zero on `pictures` pictures where the concept stands, on some of
        them everywhere, and as many random units on some of them.
        """
        zero, own, some = torch.zeros(self.units), top(ranking, count), _some(pictures)
        removed = self._grown((f"remove {name}", "", 0.0, count), self.remove, own, zero, pictures)
        everywhere = self._grown((f"clear {name}", "", 0.0, count), self.remove.everywhere(), own, zero, some)
        alpha = random_weights(self.chance[: len(self.remove)], count, self.units)
        luck = self._grown(("random remove", "", 0.0, count), self.remove, alpha, zero, some).removed
        return Removal(
            self.remove.layer,
            name,
            count,
            len(removed),
            removed.removed,
            removed.disturbed,
            everywhere.disturbed,
            luck,
        )

    def _value(self, level: str, multiple: float) -> Tensor:
        return torch.from_numpy(self.levels[level] * np.float32(multiple))

    def _drawn(self, name: str, ranking: Ranking, count: int, level: str, multiple: float, pictures: int) -> Outcome:
        key, value = (f"draw {name}", level, multiple, count), self._value(level, multiple)
        return self._grown(key, self.draw, top(ranking, count), value, pictures, self.likeness)

    def _grown(
        self,
        key: tuple[str, str, float, int],
        trial: Trial,
        alpha: Tensor,
        value: Tensor,
        pictures: int,
        likeness: Likeness | None = None,
    ) -> Outcome:
        held = self._held.get(key)
        done, wanted = 0 if held is None else len(held), min(pictures, len(trial))
        if held is None or done < wanted:
            s = slice(done, wanted)
            own = alpha if alpha.ndim == 1 else alpha[s]
            more = outcome(self.passes, trial.pick(s), self.concept, own, value, likeness)
            held = self._held[key] = more if held is None else held.joined(more)
        return held


def _some(pictures: int) -> int:
    """Of so many pictures those that what a brush is compared with is tried on: a third, two at least."""
    return max(2, -(-pictures // 3))
