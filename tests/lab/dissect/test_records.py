from __future__ import annotations

import math

import numpy as np
from dissection.test_choice import drawing, removal

from server.lab.dissect.brushes import Tried
from server.lab.dissect.records import assemble, finite, read_tried, tried_document

RANKINGS = {"causal": np.array([1, 0]), "causal removing": np.array([0, 1])}
LEVELS = {"mean": np.array([2.0, 4.0], np.float32)}
ARRAYS = {layer: {"iou": np.full((2, 1), 0.25, np.float32)} for layer in ("layer4", "layer5")}


def tried(drawn: float, removed: float, multiple: float = 1.0) -> Tried:
    trials = (drawing(1, drawn - 0.3), drawing(1, drawn, multiple=multiple))
    return Tried(RANKINGS, LEVELS, np.array([0.5, math.nan], np.float32), {}, trials, (removal(1, removed),))


def test_a_brush_carries_its_own_level_and_what_it_is_removed_with() -> None:
    (brush,), (record,) = assemble(["tree"], ARRAYS, {"layer4": {"tree": tried(0.9, 0.8, 0.5)}})
    assert [(u.unit, u.level) for u in brush.units] == [(1, 2.0), (0, 1.0)]  # half of the base level
    assert brush.ranking == "causal, level mean x0.5"
    assert brush.removing is not None
    assert brush.removing.units == (0, 1)
    assert brush.ranked("remove") == ((0, 1), 1)
    assert record["choice"][0]["multiple"] == 0.5
    assert record["choice"][1]["multiple"] == 1.0
    assert record["remove"]["choice"][0]["removed"] == 0.8


def test_a_concept_may_be_drawn_at_one_layer_and_removed_at_another() -> None:
    trials = {"layer4": {"tree": tried(0.9, 0.2)}, "layer5": {"tree": tried(0.5, 0.9)}}
    first, second = assemble(["tree"], ARRAYS, trials)[0]
    assert (first.serves("draw"), first.serves("remove")) == (True, False)
    assert (second.serves("draw"), second.serves("remove")) == (False, True)


def test_what_was_tried_reads_back_the_same() -> None:
    document = tried_document(tried(0.9, 0.8))
    assert tried_document(read_tried(document)) == document
    assert document["parts"] == [0.5, None]


def test_numbers_that_are_none_become_null() -> None:
    assert finite({"a": math.nan, "b": 0.1234567, "c": "x", "d": 3}) == {"a": None, "b": 0.12346, "c": "x", "d": 3}
