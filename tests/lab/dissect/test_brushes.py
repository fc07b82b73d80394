from __future__ import annotations

import numpy as np
import pytest
from dissection.test_trials import LEVELS, RANKING, bench

from server.lab.dissect.brushes import (
    MULTIPLES,
    Tried,
    draw,
    first_look,
    race,
    remove,
    second_drawing,
    second_removing,
    sweep_levels,
)
from server.lab.dissect.field import Field
from server.lab.dissect.levels import Levels
from server.lab.dissect.samples import draw_samples, featuremaps
from tests.helpers.handmade import BLUE, CONCEPTS, passes

NOTHING = np.zeros(5, np.float32)


def start() -> Tried:
    rankings = {"own": RANKING, "dead": RANKING[::-1].copy()}
    return Tried(rankings, LEVELS, NOTHING, bench().bounds(4), (), ())


def test_the_race_puts_the_pair_that_draws_and_the_one_that_removes_first() -> None:
    on, tried = bench(), start()
    tried = draw(on, tried, [(ranking, level) for ranking in tried.rankings for level in LEVELS], (1, 2), 4)
    tried = remove(on, tried, [("own", ""), ("dead", "")], (1, 2), 4)
    after, drawer, remover = race({"layer1": on}, {"layer1": tried}, 3, 12)
    assert drawer == ("layer1", ("own", "mean"))
    assert remover == ("layer1", ("own", ""))
    assert {t.pictures for t in after["layer1"].drawings} == {4, 12}
    assert {t.pictures for t in after["layer1"].removals} == {4, 12}
    assert tried.sound_level() == "mean"


def test_no_layer_keeps_the_others_from_the_race() -> None:
    on = bench()
    strong = draw(on, start(), [("own", "mean"), ("own", "off"), ("dead", "mean")], (1, 2), 4)
    weak = draw(on, start(), [("dead", "mean")], (1, 2), 4)
    strong, weak = (remove(on, tried, [("own", "")], (1, 2), 4) for tried in (strong, weak))
    after, _, _ = race({"layer1": on, "layer2": on}, {"layer1": strong, "layer2": weak}, 3, 12)
    raced = {name: {(t.ranking, t.level) for t in after[name].drawings if t.pictures == 12} for name in after}
    assert len(raced["layer1"]) == 2
    assert raced["layer2"] == {("dead", "mean")}


def test_of_layers_that_draw_alike_the_earliest_wins() -> None:
    on, tried = bench(), draw(bench(), start(), [("own", "mean")], (1, 2), 4)
    tried = remove(on, tried, [("own", "")], (1, 2), 4)
    for names in (("layer1", "layer2"), ("layer2", "layer1")):
        _, drawer, _ = race(dict.fromkeys(names, on), dict.fromkeys(names, tried), 3, 12)
        assert drawer == (names[0], ("own", "mean"))


def test_levels_are_swept_with_the_best_number_of_units() -> None:
    tried = draw(bench(), start(), [("own", "mean")], (1, 5), 8)
    swept = sweep_levels(bench(), tried, 0.9).drawings[2:]
    assert [t.multiple for t in swept] == list(MULTIPLES)
    assert {t.units for t in swept} == {1}
    faint, strong = swept[0], swept[-1]
    assert strong.drawn == pytest.approx(1)
    assert faint.drawn > 0.9  # 0.35 of the level is still above the threshold of 1


def test_both_looks_find_the_unit_that_draws_and_removes() -> None:
    p = passes()
    samples = draw_samples(p, 120, 0)
    field = Field(p, samples, 8, 16, 0)
    r = featuremaps(p, samples.seeds, "layer1").numpy()
    flat = r.transpose(1, 0, 2, 3).reshape(5, -1)
    low, high = np.quantile(flat, (0.01, 0.99), axis=1).astype(np.float32)
    present = np.repeat(high[:, None], len(CONCEPTS), 1)
    levels = Levels(present, flat.mean(1), flat.std(1), high, low)
    on = field.bench(BLUE, "layer1", levels.choices(BLUE), levels.deviation, 16)
    first = first_look(on, levels, np.array([0, 0.9, 0, 0, 0], np.float32), 6)
    assert set(first.rankings) == {"iou", "contrast"}
    assert first.rankings["iou"][0] == 1
    learn = field.learn(BLUE, "layer1")
    drawn = second_drawing(on, learn, levels, first, 8, 6, np.random.default_rng(0))
    assert drawn.rankings["causal"][0] == drawn.rankings["optimised"][0] == 1
    assert drawn.parts.argmax() == 1
    assert "trained" in {t.level for t in drawn.drawings}
    removed = second_removing(on, learn[1], drawn, 6)
    assert removed.rankings["causal removing"][0] == 1
    assert {t.ranking for t in removed.removals} == {"iou", "contrast", "causal removing", "optimised"}
    assert {t.ranking for t in second_removing(on, learn[1], first, 6).removals} == {
        "iou",
        "contrast",
        "causal removing",
    }
