"""The record of one concept at one layer: rankings and levels, and the trials of drawing and removing with them.

Drawing and removing are tried apart: a concept may be drawn best with other units than it is removed with.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar, NamedTuple

import numpy as np

from server.lab.dissect.trials.weights import Ranking
from server.lab.dissect.units.samples import Floats
from server.results.brush import Op


class Candidate(NamedTuple):
    """What a concept may be drawn with at some number of units, or removed with: then there is no level.

    level: a base level's name.
    """

    layer: str
    ranking: str
    level: str = ""


@dataclass(frozen=True)
class Drawing:
    """One trial of drawing: which units at which level, and what that did.

    level, multiple: the base level's name, and what it is multiplied by. before, drawn: the concept's share of the
    mask. disturbed: the share of labels outside that changed. strange: how strange the concept looks there, about 1
    where it stands by itself (`likeness`); NaN where it hardly shows. random_drawn: the share with as many random
    units, on some of the pictures. holds: the most of the concept that such a mask has where it stands by itself, see
    `server.lab.dissect.trials.masks.fullest`.
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


@dataclass(frozen=True)
class Removal:
    """One trial of removing: which units were set to zero, and what that did.

    removed: the part of the concept's pixels that is gone, the mask covering where it stood. disturbed: the share of
    labels outside that changed. spoilt: that share when the units are zero everywhere, as without a mask.
    random_removed: the part gone with as many random units, on some of the pictures.
    """

    level: ClassVar[str] = ""
    multiple: ClassVar[float] = 1.0

    layer: str
    ranking: str
    units: int
    pictures: int
    removed: float
    disturbed: float
    spoilt: float
    random_removed: float


Trial = Drawing | Removal


def candidate_of(trial: Trial) -> Candidate:
    """What the trial was of."""
    return Candidate(trial.layer, trial.ranking, trial.level)


@dataclass(frozen=True)
class Record:
    """What was tried for one concept at one layer.

    rankings, levels: by name; levels are (units,) each. parts: (units,), each unit's part of what all draw, NaN where
    that was not measured. bounds: the draw effect of all units, by level: the most a brush of this layer could do.
    leads: what this layer won the last round of. within: what every level is kept between.
    """

    layer: str
    rankings: dict[str, Ranking]
    levels: dict[str, Floats]
    parts: Floats
    bounds: dict[str, float]
    drawings: tuple[Drawing, ...] = ()
    removals: tuple[Removal, ...] = ()
    leads: tuple[Op, ...] = ()
    within: tuple[float, float] | None = None

    def value(self, level: str, multiple: float = 1.0) -> Floats:
        """What drawing with a multiple of that level sets units to, (units,)."""
        value = self.levels[level] * np.float32(multiple)
        return value if self.within is None else value.clip(*self.within)

    def trials(self, op: Op) -> tuple[Trial, ...]:
        """Those of drawing or of removing."""
        return self.drawings if op == "draw" else self.removals

    def candidates(self, op: Op, rankings: Sequence[str]) -> list[Candidate]:
        """These rankings, to draw with at each level, or to remove with."""
        levels = self.levels if op == "draw" else ("",)
        return [Candidate(self.layer, ranking, level) for ranking in rankings for level in levels]

    def with_trial(self, trial: Trial) -> Record:
        """With one more trial."""
        if isinstance(trial, Drawing):
            return replace(self, drawings=(*self.drawings, trial))
        return replace(self, removals=(*self.removals, trial))

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "layer": self.layer,
            "rankings": {name: order.tolist() for name, order in self.rankings.items()},
            "levels": {name: _numbers(level) for name, level in self.levels.items()},
            "parts": [None if math.isnan(part) else part for part in _numbers(self.parts)],
            "bounds": finite(self.bounds),
            "drawings": [finite(asdict(t)) for t in self.drawings],
            "removals": [finite(asdict(t)) for t in self.removals],
            "leads": list(self.leads),
            "within": self.within,
        }

    @staticmethod
    def read(document: Mapping[str, Any]) -> Record:
        """From JSON."""
        return Record(
            document["layer"],
            {name: np.array(order, np.int64) for name, order in document["rankings"].items()},
            {name: np.array(level, np.float32) for name, level in document["levels"].items()},
            np.array([math.nan if part is None else part for part in document["parts"]], np.float32),
            dict(document["bounds"]),
            tuple(Drawing(**_figures(entry)) for entry in document["drawings"]),
            tuple(Removal(**_figures(entry)) for entry in document["removals"]),
            tuple(document["leads"]),
            None if document["within"] is None else tuple(document["within"]),
        )


def finite(document: Mapping[str, Any]) -> dict[str, Any]:
    """JSON knows no NaN: null stands for it. Other numbers keep five decimals."""
    return {k: (None if v != v else round(v, 5)) if isinstance(v, float) else v for k, v in document.items()}


def _figures(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {name: math.nan if value is None else value for name, value in entry.items()}


def _numbers(values: Floats) -> list[float]:
    return [float(f"{v:.7g}") for v in values]
