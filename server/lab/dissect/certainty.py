"""Whether a brush does clearly more than random units, on the same pictures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

RESAMPLES = 2000
CONFIDENCE = 0.99
RATIO = 2.0  # the brush's effect over that of random units, at least
DRAWS = 0.02  # of the mask, at least, more than random units draw
REMOVES = 0.1  # of the concept's pixels, at least, more than random units remove


@dataclass(frozen=True)
class Clear:
    """How an effect compares with that of random units.

    own, random: the effects. low: what the difference exceeds with a confidence of CONFIDENCE, by resampling the
    pictures. least: what it has to be.
    """

    own: float
    random: float
    low: float
    least: float

    @property
    def holds(self) -> bool:
        """The rule: the difference is above 0 with that confidence and at least `least`, and the effect at least RATIO
        times that of random units.
        """
        return self.low > 0 and self.own - self.random >= self.least and self.own >= RATIO * max(0.0, self.random)

    def document(self) -> dict[str, object]:
        """As JSON."""
        numbers = {"own": self.own, "random": self.random, "low": self.low, "least": self.least}
        return {**{name: round(value, 5) for name, value in numbers.items()}, "holds": self.holds}


def compare(
    own: npt.NDArray[np.float32],
    random: npt.NDArray[np.float32],
    whole: npt.NDArray[np.float32],
    least: float,
    rng: np.random.Generator,
) -> Clear:
    """Compare effects on the same pictures, (M,) each: the sum of each over the sum of `whole` (ones for a mean)."""
    total = max(float(whole.sum()), 1e-9)
    picks = rng.integers(len(own), size=(RESAMPLES, len(own)))
    sums = np.maximum(whole[picks].sum(1), 1e-9)
    differences = (own - random)[picks].sum(1) / sums  # (RESAMPLES,)
    low = float(np.quantile(differences, 1 - CONFIDENCE))
    return Clear(float(own.sum()) / total, float(random.sum()) / total, low, least)
