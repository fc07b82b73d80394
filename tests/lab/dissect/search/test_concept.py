from __future__ import annotations

from pathlib import Path

import pytest
import torch

from server.lab.dissect.running.costs import Costs
from server.lab.dissect.running.plan import Plan
from server.lab.dissect.running.progress import Progress
from server.lab.dissect.running.work import Work
from server.lab.dissect.running.workers import Workers
from server.lab.dissect.search.concept import Search
from server.lab.dissect.units.matching import draw_and_count, match_units
from server.results.brush import OPS
from tests.helpers.handmade import BLUE, experiments

LAYERS = ("layer1", "layer2")
PLAN = Plan(learning=8, measuring=16, few=6, counts=(1, 2), training=8)


def search(folder: Path, steps: list[str]) -> Search:
    """A search on the handmade generator; `steps` is told what begins."""
    on, workers = experiments(PLAN.learning, PLAN.measuring), Workers(torch.device("cpu"))
    drawn = draw_and_count(on.passes, range(120), LAYERS, workers)
    quantiles = {layer: drawn[f"{layer}/quantiles"] for layer in LAYERS}
    units = match_units(on.passes, on.samples, LAYERS, quantiles, workers)
    progress = Progress(lambda step, done, total: steps.append(step), Costs([on.passes.ledger]), 5)
    return Search(on, units, LAYERS, None, PLAN, Work.open(folder, {}), workers, progress)


def test_every_ranking_begins_with_the_unit_that_draws_and_removes(tmp_path: Path) -> None:
    records = search(tmp_path, []).records(BLUE)
    assert list(records) == list(LAYERS)
    for record in records.values():
        assert {name: ranking[0] for name, ranking in record.rankings.items()} == dict.fromkeys(record.rankings, 1)
    (drawn,) = (record for record in records.values() if "causal" in record.rankings)
    assert set(drawn.rankings) >= {"iou", "contrast", "causal", "optimised"}
    assert drawn.parts.argmax() == 1
    assert "trained" in {t.level for t in drawn.drawings}
    (removed,) = (record for record in records.values() if "causal removing" in record.rankings)
    assert "causal removing" in {t.ranking for t in removed.removals}
    assert {t.ranking for t in removed.removals} == set(removed.rankings) - {"causal"}


def test_one_layer_is_tried_on_the_last_pictures(tmp_path: Path) -> None:
    records = search(tmp_path, []).records(BLUE).values()
    for op in OPS:
        pictures = sorted(max(t.pictures for t in record.trials(op)) for record in records)
        assert pictures[0] == PLAN.racing < pictures[1] <= PLAN.measuring


def test_finished_stages_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    first = search(tmp_path, steps).records(BLUE)
    assert steps[:2] == ["blue: layer1", "blue: layer2"]
    assert steps[4:] == ["blue: numbers and levels"]
    monkeypatch.setattr("server.lab.dissect.search.concept.play", None)
    again = search(tmp_path, []).records(BLUE)
    assert {layer: r.document() for layer, r in again.items()} == {layer: r.document() for layer, r in first.items()}
