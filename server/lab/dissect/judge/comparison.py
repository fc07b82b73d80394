"""Comparison of a brush with random units on the same pictures: whether it clearly does more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from server.lab.dissect.constants import CONFIDENCE, RATIO, RESAMPLES
from server.lab.dissect.units.samples import Floats


@dataclass(frozen=True)
class Comparison:
    """How an effect compares with that of random units.

    own, random: the effects. low: what the difference exceeds with a confidence of CONFIDENCE, by resampling the
    pictures. least: what it has to be.
    """

    own: float
    random: float
    low: float
    least: float

    @property
    def clear(self) -> bool:
        """The rule: the difference is above 0 with that confidence and at least `least`, and the effect at least RATIO
        times that of random units.
        """
        return self.low > 0 and self.own - self.random >= self.least and self.own >= RATIO * max(0.0, self.random)

    def document(self) -> dict[str, object]:
        """As JSON."""
        numbers = {"own": self.own, "random": self.random, "low": self.low, "least": self.least}
        return {**{name: round(value, 5) for name, value in numbers.items()}, "holds": self.clear}


def compare(own: Floats, random: Floats, whole: Floats, least: float, rng: np.random.Generator) -> Comparison:
    """Compare effects on the same pictures, (M,) each: the sum of each over the sum of `whole` (ones for a mean)."""
    total = max(float(whole.sum()), 1e-9)
    picks = rng.integers(len(own), size=(RESAMPLES, len(own)))
    sums = np.maximum(whole[picks].sum(1), 1e-9)
    differences = (own - random)[picks].sum(1) / sums  # (RESAMPLES,)
    low = float(np.quantile(differences, 1 - CONFIDENCE))
    return Comparison(float(own.sum()) / total, float(random.sum()) / total, low, least)
