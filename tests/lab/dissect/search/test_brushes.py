from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from server.lab.dissect.search.brushes import choose_brushes
from server.lab.dissect.trials.record import Record
from server.results.brush import OPS, Op
from tests.lab.dissect.search.test_scores import drawing, removal

RANKINGS = {"causal": np.array([1, 0]), "causal removing": np.array([0, 1])}
LEVELS = {"mean": np.array([2.0, 4.0], np.float32)}
ARRAYS = {layer: {"iou": np.full((2, 1), 0.25, np.float32)} for layer in ("layer4", "layer5")}


def tried(layer: str, drawn: float, removed: float, multiple: float = 1.0, leads: tuple[Op, ...] = OPS) -> Record:
    drawings = (replace(drawing(1, d, multiple=m), layer=layer) for d, m in ((drawn - 0.3, 1.0), (drawn, multiple)))
    removals = (replace(removal(1, removed), layer=layer),)
    parts = np.array([0.5, math.nan], np.float32)
    return Record(layer, RANKINGS, LEVELS, parts, {}, tuple(drawings), removals, leads)


def test_a_brush_carries_its_own_level_and_what_it_is_removed_with() -> None:
    (brush,), (record,) = choose_brushes(["tree"], ARRAYS, {0: {"layer4": tried("layer4", 0.9, 0.8, 0.5)}})
    assert [(u.unit, u.level) for u in brush.units] == [(1, 2.0), (0, 1.0)]  # half of the base level
    assert [u.effect for u in brush.units] == [None, 0.5]
    assert brush.ranking == "causal, level mean x0.5"
    assert brush.removing is not None
    assert brush.removing.units == (0, 1)
    assert brush.ranked("remove") == ((0, 1), 1)
    assert record["choice"][0]["multiple"] == 0.5
    assert record["choice"][1]["multiple"] == 1.0
    assert record["remove"]["choice"][0]["removed"] == 0.8


def test_a_concept_may_be_drawn_at_one_layer_and_removed_at_another() -> None:
    records = {
        "layer4": tried("layer4", 0.9, 0.2, leads=("draw",)),
        "layer5": tried("layer5", 0.5, 0.9, leads=("remove",)),
    }
    first, second = choose_brushes(["tree"], ARRAYS, {0: records})[0]
    assert (first.serves("draw"), first.serves("remove")) == (True, False)
    assert (second.serves("draw"), second.serves("remove")) == (False, True)


def test_the_layer_that_won_keeps_its_place_where_all_saw_as_many_pictures() -> None:
    records = {
        "layer4": tried("layer4", 0.88, 0.78),
        "layer5": tried("layer5", 0.9, 0.8, leads=()),
    }
    first, second = choose_brushes(["tree"], ARRAYS, {0: records})[0]
    assert (first.layer, first.serves("draw"), first.serves("remove")) == ("layer4", True, True)
    assert (second.serves("draw"), second.serves("remove")) == (False, False)


def test_where_things_are_decided_the_unit_that_agrees_best_draws() -> None:
    rankings = {
        "unit 0 first": np.array([0, 1, 2]),
        "unit 1 first": np.array([1, 0, 2]),
        "unit 2 first": np.array([2, 0, 1]),
    }
    arrays = {layer: {"iou": np.array([[0.3], [0.6], [0.9]], np.float32)} for layer in ("layer4", "layer5")}

    def drawings(layer: str) -> Record:
        shares = {
            "unit 0 first": 0.8,
            "unit 1 first": 0.75,
            "unit 2 first": 0.2,
        }  # an outline, its thing, another thing
        trials = (replace(drawing(1, share), layer=layer, ranking=name) for name, share in shares.items())
        levels = {"mean": np.full(3, 2.0, np.float32)}
        leads = OPS if layer == "layer4" else ()
        removals = (replace(removal(1, 0.8), layer=layer, ranking="unit 0 first"),)
        return Record(layer, rankings, levels, np.full(3, math.nan, np.float32), {}, tuple(trials), removals, leads)

    records = {layer: drawings(layer) for layer in ("layer4", "layer5")}
    first, exact = choose_brushes(["tree"], arrays, {0: records}, "layer5")[0]
    assert first.units[0].unit == 0
    assert exact.units[0].unit == 1
