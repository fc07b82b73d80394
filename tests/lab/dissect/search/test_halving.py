from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from server.lab.dissect.constants import MULTIPLES
from server.lab.dissect.running.plan import Plan
from server.lab.dissect.search.halving import Round, Schedule, halve, play, schedule
from server.lab.dissect.trials.record import Candidate, Record
from server.results.brush import OPS, Op
from tests.lab.dissect.trials.test_experiment import RECORD, experiment

FIRST = Round(4, (1, 2))
RACE = Schedule(
    FIRST,
    Round(12, (1, 2), entrants=3, per_layer=2),
    Round(16, (1,), entrants=1, form=0.05),
    Round(12, (1,), per_layer=1),
)


def tried(layer: str, drawing: Sequence[tuple[str, str]], removing: Sequence[str] = ("own",)) -> Record:
    """A record of rankings and levels that were tried in a first round."""
    record, on = replace(RECORD, layer=layer), {layer: experiment()}
    tried: tuple[tuple[Op, list[Candidate]], ...] = (
        ("draw", [Candidate(layer, *pair) for pair in drawing]),
        ("remove", [Candidate(layer, ranking) for ranking in removing]),
    )
    for op, candidates in tried:
        record = play(op, FIRST, candidates, on, {layer: record})[0][layer]
    return record


EVERY = [(ranking, level) for ranking in ("own", "dead") for level in ("mean", "off")]


def test_the_candidate_that_draws_and_the_one_that_removes_come_first() -> None:
    record = tried("layer1", EVERY, ("own", "dead"))
    for op, winner in (("draw", Candidate("layer1", "own", "mean")), ("remove", Candidate("layer1", "own"))):
        candidates = record.candidates(op, ["dead", "own"])
        raced, entered = play(op, RACE.race, candidates, {"layer1": experiment()}, {"layer1": record})
        assert entered[0] == winner
        assert {t.pictures for t in raced["layer1"].trials(op)} == {4, 12}


def test_the_winner_alone_sees_the_last_pictures() -> None:
    record = tried("layer1", EVERY)
    after = halve("draw", RACE, {"layer1": experiment()}, {"layer1": record})["layer1"]
    assert {(t.ranking, t.level) for t in after.drawings if t.pictures > 12} == {("own", "mean")}
    assert len([t for t in after.drawings if t.pictures == 12]) == 2 * 2  # two candidates with two counts


def test_no_layer_keeps_the_others_from_the_race() -> None:
    records = {"layer1": tried("layer1", EVERY[:3]), "layer2": tried("layer2", [("dead", "mean")])}
    after = halve("draw", RACE, {layer: experiment() for layer in records}, records)
    raced = {layer: {(t.ranking, t.level) for t in after[layer].drawings if t.pictures >= 12} for layer in after}
    assert len(raced["layer1"]) == 2
    assert raced["layer2"] == {("dead", "mean")}


@pytest.mark.parametrize("layers", [("layer1", "layer2"), ("layer2", "layer1")])
def test_of_layers_that_draw_alike_the_earliest_wins(layers: tuple[str, str]) -> None:
    records = {layer: tried(layer, [("own", "mean")]) for layer in layers}
    after = halve("draw", RACE, {layer: experiment() for layer in layers}, records)
    assert [max(t.pictures for t in after[layer].drawings) for layer in layers] == [16, 12]
    assert [after[layer].leads for layer in layers] == [("draw",), ()]


def test_of_a_rare_concept_too_the_layer_that_won_the_last_round_leads() -> None:
    rare = replace(RACE, last=replace(RACE.last, pictures=99), rest=replace(RACE.rest, pictures=99))
    records = {layer: tried(layer, [("own", "mean")]) for layer in ("layer1", "layer2")}
    after = records
    for op in OPS:
        after = halve(op, rare, {layer: experiment() for layer in after}, after)
    assert {max(t.pictures for t in record.trials(op)) for record in after.values() for op in OPS} == {16}
    assert [record.leads for record in after.values()] == [OPS, ()]


def test_a_layer_little_worse_wins_over_a_later_one_by_its_form() -> None:
    later = tried("layer2", [("own", "mean")])
    earlier = tried("layer1", [("own", "mean")])
    for by, pictures in ((0.5, 16), (2.0, 12)):
        form = replace(RACE.last, form=0.05)
        worse = replace(earlier, drawings=tuple(replace(t, drawn=t.drawn - 0.05 * by) for t in earlier.drawings))
        on = {"layer1": experiment(), "layer2": experiment()}
        candidates = [Candidate("layer1", "own", "mean"), Candidate("layer2", "own", "mean")]
        _, (winner,) = play("draw", form, candidates, on, {"layer1": worse, "layer2": later})
        assert winner.layer == ("layer1" if pictures == 16 else "layer2")


def test_levels_are_swept_with_the_best_number_of_units() -> None:
    record, on = tried("layer1", [("own", "mean")]), experiment()
    rules = Round(8, (1, 5), multiples=MULTIPLES)
    after, _ = play("draw", rules, [Candidate("layer1", "own", "mean")], {"layer1": on}, {"layer1": record})
    swept = after["layer1"].drawings[-len(MULTIPLES) :]
    assert [t.multiple for t in swept] == list(MULTIPLES)
    assert {(t.units, t.pictures) for t in swept} == {(1, 8)}
    faint, strong = swept[0], swept[-1]
    assert strong.drawn == pytest.approx(1)
    assert faint.drawn > 0.9  # 0.35 of the level is still above the threshold of 1


def test_numbers_of_units_are_at_most_those_of_the_layer() -> None:
    after = halve(
        "draw", schedule("draw", Plan(counts=(1, 2))), {"layer1": experiment()}, {"layer1": tried("layer1", EVERY)}
    )
    assert {t.units for t in after["layer1"].drawings if t.pictures > 8 and t.multiple == 1} == {1, 2, 5}


def test_at_a_layer_made_to_be_edited_a_unit_alone_is_tried_from_the_first_round_on() -> None:
    record = replace(RECORD, layer="layer1", within=(1.5, 2.5))
    for op in OPS:
        rounds = schedule(op, Plan())
        candidates = record.candidates(op, ["own"])
        for rules, counts in (
            (rounds.first, {1, 2, 4, 5}),
            (rounds.rest, {1, 2, 4, 5}),
            (rounds.last, {1, 2, 3, 4, 5}),
        ):
            after, _ = play(op, rules, candidates, {"layer1": experiment()}, {"layer1": record})
            assert {t.units for t in after["layer1"].trials(op)} == counts
