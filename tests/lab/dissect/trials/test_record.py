from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from server.lab.dissect.trials.record import Candidate, Drawing, Record, Removal, finite

DRAWING = Drawing("layer4", "causal", "mean", 1.0, 8, 20, 0.1, 0.9, 0.01, math.nan, 0.1)
REMOVAL = Removal("layer4", "causal removing", 8, 20, 0.8, 0.01, 0.01, 0.0)
RECORD = Record(
    "layer4",
    {"causal": np.array([1, 0]), "causal removing": np.array([0, 1])},
    {"mean": np.array([2.0, 4.0], np.float32), "quantile": np.ones(2, np.float32)},
    np.array([0.5, math.nan], np.float32),
    {"mean": 0.5},
    leads=("draw",),
)


def test_trials_of_drawing_and_of_removing_are_kept_apart() -> None:
    record = RECORD.with_trial(DRAWING).with_trial(REMOVAL)
    assert record.trials("draw") == (DRAWING,)
    assert record.trials("remove") == (REMOVAL,)
    assert RECORD.drawings == ()


def test_rankings_are_drawn_with_at_every_level_and_removed_with_at_none() -> None:
    assert RECORD.candidates("draw", ["causal"]) == [
        Candidate("layer4", "causal", "mean"),
        Candidate("layer4", "causal", "quantile"),
    ]
    assert RECORD.candidates("remove", ["causal removing"]) == [Candidate("layer4", "causal removing")]


def test_a_record_reads_back_the_same() -> None:
    document = RECORD.with_trial(DRAWING).with_trial(REMOVAL).document()
    assert Record.read(document).document() == document
    assert document["parts"] == [0.5, None]
    assert document["drawings"][0]["strange"] is None


def test_numbers_that_are_none_become_null() -> None:
    assert finite({"a": math.nan, "b": 0.1234567, "c": "x", "d": 3}) == {"a": None, "b": 0.12346, "c": "x", "d": 3}


def test_levels_are_kept_within_what_was_taught() -> None:
    assert RECORD.value("mean", 2.0).tolist() == (RECORD.levels["mean"] * 2).tolist()
    taught = replace(RECORD, within=(1.5, 2.5), levels={"taught": np.array([1.0, 2.0, 3.0], np.float32)})
    assert taught.value("taught").tolist() == [1.5, 2.0, 2.5]
    assert taught.value("taught", 0.75).tolist() == [1.5, 1.5, 2.25]
    assert Record.read(taught.document()).within == (1.5, 2.5)
