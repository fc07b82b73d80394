"""The choice among trials: the best score wins, but fewer units and a weaker level win over a score a hair better."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from server.lab.dissect.trials import Drawing, Removal

TOLERANCE = 0.02  # of the score: fewer units are worth that much
HAIR = 0.03  # of the score: a weaker level is worth that much

T = TypeVar("T", Drawing, Removal)


def most_pictures(trials: Sequence[T]) -> list[T]:
    """Those trials that saw the most pictures: only they compete."""
    most = max(t.pictures for t in trials)
    return [t for t in trials if t.pictures == most]


def by_number(trials: Sequence[T], score: Callable[[T], float]) -> list[T]:
    """Trials best first, where fewer units win over a score less than TOLERANCE better.

    A trial's score counts two thirds, those of the same ranking and level with the next smaller and the next larger
    number of units a sixth each: what only one number of units does well is an accident of the pictures.
    """
    rated: list[tuple[float, T]] = []
    for row in _by_pair(most_pictures(trials)).values():
        row.sort(key=lambda t: t.units)
        scores = [score(t) for t in row]
        for i, t in enumerate(row):
            below, above = scores[max(0, i - 1)], scores[min(len(row) - 1, i + 1)]
            rated.append(((below + 4 * scores[i] + above) / 6, t))
    best = max(rating for rating, _ in rated)
    first = min((t for rating, t in rated if rating >= best - TOLERANCE), key=lambda t: t.units)
    order: list[T] = [first]
    order += [t for _, t in sorted(rated, key=lambda entry: -entry[0]) if t is not first]
    return order


def weakest(trials: Sequence[Drawing], bound: float) -> Drawing:
    """Of trials that differ in the multiple of their level only: the weakest whose score is within HAIR of the best."""
    scores = [t.score(bound) for t in trials]
    best = max(scores)
    return min((t for t, score in zip(trials, scores, strict=True) if score >= best - HAIR), key=lambda t: t.multiple)


def choose_drawing(trials: Sequence[Drawing], bound: float) -> list[Drawing]:
    """Trials best first: the number of units is chosen at the base levels, then the multiple of the level.

    bound: see `Drawing.score`.
    """
    usual = [t for t in trials if t.multiple == 1]
    order = by_number(usual, lambda t: t.score(bound))
    lead = order[0]
    swept = [
        t
        for t in trials
        if (t.ranking, t.level, t.units, t.pictures) == (lead.ranking, lead.level, lead.units, lead.pictures)
    ]
    first = weakest(swept, bound)
    others = sorted((t for t in swept if t is not first), key=lambda t: -t.score(bound))
    return [first, *others, *order[1:]]


def choose_removing(trials: Sequence[Removal]) -> list[Removal]:
    """Trials best first."""
    return by_number(trials, lambda t: t.score())


def pairs(trials: Sequence[T], score: Callable[[T], float]) -> list[tuple[float, tuple[str, str]]]:
    """Pairs of ranking and base level (empty for removing) with the best score among their trials on the most
    pictures, the best first.
    """
    best = [(max(score(t) for t in most_pictures(own)), pair) for pair, own in _by_pair(trials).items()]
    return sorted(best, key=lambda entry: -entry[0])


def _by_pair(trials: Sequence[T]) -> dict[tuple[str, str], list[T]]:
    found: dict[tuple[str, str], list[T]] = {}
    for t in trials:
        found.setdefault((t.ranking, t.level if isinstance(t, Drawing) else ""), []).append(t)
    return found
