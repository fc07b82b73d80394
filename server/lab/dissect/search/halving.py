"""Successive halving of candidates: rounds of fewer of them, on more pictures (Jamieson and Talwalkar, AISTATS 2016).

A candidate is a layer, a ranking and a base level; a trial of it adds a number of units and a multiple of the level.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from server.lab.dissect.constants import (
    EARLY_COUNTS,
    FORM,
    LAYER_ENTRANTS,
    MULTIPLES,
    REST_COUNTS,
    REST_MULTIPLES,
    TAUGHT_COUNTS,
    TAUGHT_MORE,
    TAUGHT_MULTIPLES,
)
from server.lab.dissect.running.plan import Plan
from server.lab.dissect.search.scores import by_number, reach, standings
from server.lab.dissect.trials.experiment import Experiment
from server.lab.dissect.trials.record import Candidate, Record, candidate_of
from server.results.brush import Op

EVERY = sys.maxsize  # as many as a layer has

Records = Mapping[str, Record]  # by layer, in the order the layers run


@dataclass(frozen=True)
class Round:
    """How candidates are tried in one round.

    pictures: that each is tried on. counts: numbers of units; taught: these at a layer that the generator was made to
    be edited at. entrants: how many candidates enter, the best so far, None for all; per_layer: of these of one layer.
    form: of candidates whose scores lie no farther below the best those of the earliest layer come first. multiples: of
    the level, tried at last with the units that lead.
    """

    pictures: int
    counts: tuple[int, ...]
    entrants: int | None = None
    per_layer: int | None = None
    form: float = 0.0
    multiples: tuple[float, ...] = ()
    taught: tuple[int, ...] = TAUGHT_COUNTS


@dataclass(frozen=True)
class Schedule:
    """The rounds. first: every candidate. race: the best of all layers. last: the one that won. rest: the best of each
    of the other layers, which have brushes as well.
    """

    first: Round
    race: Round
    last: Round
    rest: Round


def schedule(op: Op, plan: Plan) -> Schedule:
    """The rounds of drawing, or of removing: that knows no levels, so half as many candidates will do."""
    every = (*plan.counts, EVERY)
    taught = (*sorted({*plan.counts, *TAUGHT_MORE}), EVERY)
    if op == "remove":
        return Schedule(
            Round(plan.few, EARLY_COUNTS),
            Round(plan.racing, EARLY_COUNTS, entrants=(plan.rivals + 1) // 2),
            Round(plan.measuring, every, entrants=1, taught=taught),
            Round(plan.racing, REST_COUNTS, per_layer=1),
        )
    return Schedule(
        Round(plan.few, EARLY_COUNTS),
        Round(plan.racing, EARLY_COUNTS, entrants=plan.rivals, per_layer=LAYER_ENTRANTS),
        Round(plan.measuring, every, entrants=1, form=FORM, multiples=MULTIPLES, taught=taught),
        Round(plan.racing, REST_COUNTS, per_layer=1, multiples=REST_MULTIPLES),
    )


def play(
    op: Op, rules: Round, candidates: Sequence[Candidate], experiments: Mapping[str, Experiment], records: Records
) -> tuple[dict[str, Record], list[Candidate]]:
    """One round. Returns the records with its trials added, and the candidates that entered, the best so far first."""
    bound = reach(records.values())
    entered = _enter(rules, candidates, standings(op, records.values(), bound), list(records))
    after = dict(records)
    for candidate in entered:
        layer, experiment = candidate.layer, experiments[candidate.layer]
        counts = rules.counts if after[layer].within is None else rules.taught
        for count in dict.fromkeys(min(n, experiment.units) for n in counts):
            trial = experiment.measure(op, after[layer], candidate, count, rules.pictures)
            after[layer] = after[layer].with_trial(trial)
    if rules.multiples:
        for layer in dict.fromkeys(candidate.layer for candidate in entered):
            multiples = rules.multiples if after[layer].within is None else TAUGHT_MULTIPLES
            after[layer] = _sweep(multiples, experiments[layer], after[layer], bound)
    return after, entered


def halve(op: Op, rounds: Schedule, experiments: Mapping[str, Experiment], records: Records) -> dict[str, Record]:
    """The rounds after the first one: the race between all layers, the last round of its winner, and the rest. The
    winner's layer leads: of a rare concept there are no more pictures for the last round that would tell it apart.
    """
    candidates = list(standings(op, records.values(), reach(records.values())))
    raced, racers = play(op, rounds.race, candidates, experiments, records)
    # Both of these go on from the race, so that their scores are parts of the same bound.
    last, (winner,) = play(op, rounds.last, racers, experiments, raced)
    others = [candidate for candidate in candidates if candidate.layer != winner.layer]
    rest, _ = play(op, rounds.rest, others, experiments, raced)
    won = last[winner.layer]
    return {**rest, winner.layer: replace(won, leads=(*won.leads, op))}


def _enter(
    rules: Round, candidates: Sequence[Candidate], scores: Mapping[Candidate, float], layers: Sequence[str]
) -> list[Candidate]:
    """The candidates of a round, the best first; untried ones, which have no scores, in their order."""
    worth = {candidate: scores.get(candidate, 0.0) for candidate in candidates}
    ranked = sorted(candidates, key=lambda c: -worth[c])
    near = [c for c in ranked if worth[c] >= worth[ranked[0]] - rules.form]
    ranked = [*sorted(near, key=lambda c: layers.index(c.layer)), *ranked[len(near) :]]
    entered: list[Candidate] = []
    for candidate in ranked:
        if rules.per_layer is None or sum(candidate.layer == c.layer for c in entered) < rules.per_layer:
            entered.append(candidate)
    return entered[: rules.entrants]


def _sweep(multiples: Sequence[float], experiment: Experiment, record: Record, bound: float) -> Record:
    """Draw with multiples of the level of the trial that leads, with its units on as many pictures."""
    lead = by_number(record.drawings, bound)[0]
    for multiple in multiples:
        trial = experiment.measure("draw", record, candidate_of(lead), lead.units, lead.pictures, multiple)
        record = record.with_trial(trial)
    return record
