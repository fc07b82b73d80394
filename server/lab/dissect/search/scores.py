"""Scores: what a trial is worth, and which of several wins. The best score does, but fewer units and a weaker level win
over one a little better.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TypeVar

from server.lab.dissect.constants import (
    CROWD,
    DISTURB,
    HAIR,
    LEAST_BOUND,
    LUCK,
    SPOIL,
    STRANGE,
    STRANGEST,
    TOLERANCE,
)
from server.lab.dissect.trials.record import Candidate, Record, Removal, Trial, candidate_of
from server.results.brush import Op

T = TypeVar("T", bound=Trial)


def score(trial: Trial, bound: float) -> float:
    """What a trial is worth. Of drawing:

        (draw - LUCK * draw of random units) / bound - DISTURB * disturbed - STRANGE * strangeness - CROWD * log2(units)

    where draw counts up to what the mask holds of the concept by itself: what is fuller is a swatch. So drawing more
    than chance and leaving the rest alone count, and of two brushes as strong the one wins whose drawings look like
    what the generator draws by itself, and that has fewer units: many at once say many things. Strangeness counts from
    0 (as strange as natural regions are) to 1 (STRANGEST, or nothing to be seen). bound: see `reach`. Of removing,
    which is counted in parts of the concept already:

        removed - LUCK * removed by random units - DISTURB * disturbed - SPOIL * spoilt
    """
    if isinstance(trial, Removal):
        luck = min(1.0, max(0.0, trial.random_removed))
        return max(-1.0, trial.removed) - LUCK * luck - DISTURB * trial.disturbed - SPOIL * trial.spoilt
    luck = trial.random_drawn - trial.before
    beyond = (trial.strange - 1) / (STRANGEST - 1) if math.isfinite(trial.strange) else 1.0
    drawn = (trial.natural_gain - LUCK * max(0.0, luck)) / max(bound, LEAST_BOUND)
    strangeness, crowd = min(1.0, max(0.0, beyond)), math.log2(trial.units)
    return drawn - DISTURB * trial.disturbed - STRANGE * strangeness - CROWD * crowd


def reach(records: Iterable[Record]) -> float:
    """The most of a concept that any trial drew, up to what masks hold naturally: scores are in parts of that. 0 before
    the first trial.
    """
    return max((t.natural_gain for record in records for t in record.drawings), default=0.0)


def standings(op: Op, records: Iterable[Record], bound: float) -> dict[Candidate, float]:
    """The score of every candidate: that of its best trial among those on the most pictures."""
    return {
        candidate: max(score(t, bound) for t in most_pictures(trials))
        for record in records
        for candidate, trials in _by_candidate(t for t in record.trials(op) if t.multiple == 1).items()
    }


def most_pictures(trials: Sequence[T]) -> list[T]:
    """Those trials that saw the most pictures: only they compete."""
    most = max(t.pictures for t in trials)
    return [t for t in trials if t.pictures == most]


def by_number(trials: Sequence[T], bound: float) -> list[T]:
    """Trials at the base levels best first, where fewer units win over a score less than TOLERANCE better.

    A trial's score counts two thirds, those of the same candidate with the next smaller and the next larger number of
    units a sixth each: what only one number of units does well is an accident of the pictures.
    """
    rated: list[tuple[float, T]] = []
    for row in _by_candidate(most_pictures([t for t in trials if t.multiple == 1])).values():
        row.sort(key=lambda t: t.units)
        scores = [score(t, bound) for t in row]
        for i, t in enumerate(row):
            below, above = scores[max(0, i - 1)], scores[min(len(row) - 1, i + 1)]
            rated.append(((below + 4 * scores[i] + above) / 6, t))
    best = max(rating for rating, _ in rated)
    first = min((t for rating, t in rated if rating >= best - TOLERANCE), key=lambda t: t.units)
    return [first, *(t for _, t in sorted(rated, key=lambda entry: -entry[0]) if t is not first)]


def weakest(trials: Sequence[T], bound: float) -> T:
    """Of trials that differ in the multiple of their level only: the weakest whose score is within HAIR of the best."""
    scores = [score(t, bound) for t in trials]
    best = max(scores)
    return min((t for t, s in zip(trials, scores, strict=True) if s >= best - HAIR), key=lambda t: t.multiple)


def best_first(trials: Sequence[T], bound: float) -> list[T]:
    """Trials best first: the number of units is chosen at the base levels, then the multiple of the level."""
    order = by_number(trials, bound)
    lead = order[0]
    if isinstance(lead, Removal):
        return order
    same = (candidate_of(lead), lead.units, lead.pictures)
    swept = [t for t in trials if (candidate_of(t), t.units, t.pictures) == same]
    first = weakest(swept, bound)
    others = sorted((t for t in swept if t is not first), key=lambda t: -score(t, bound))
    return [first, *others, *order[1:]]


def _by_candidate(trials: Iterable[T]) -> dict[Candidate, list[T]]:
    rows: dict[Candidate, list[T]] = {}
    for t in trials:
        rows.setdefault(candidate_of(t), []).append(t)
    return rows
