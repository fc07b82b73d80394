from __future__ import annotations

from pathlib import Path

import pytest
import torch

from server.lab.dissect.running.costs import Costs
from server.lab.dissect.running.plan import Plan
from server.lab.dissect.running.progress import Progress
from server.lab.dissect.running.work import Work
from server.lab.dissect.running.workers import Workers
from server.lab.dissect.search.search import Search
from server.lab.dissect.units.matching import draw_and_count, match_units
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
    return Search(on, units, LAYERS, PLAN, Work.open(folder, {}), workers, progress)


def test_every_ranking_begins_with_the_unit_that_draws_and_removes(tmp_path: Path) -> None:
    records = search(tmp_path, []).concept(BLUE)
    assert list(records) == list(LAYERS)
    learnt, other = records["layer1"], records["layer2"]  # both hold the same, so the first one leads
    assert set(other.rankings) == {"iou", "contrast"}
    assert set(learnt.rankings) == {"iou", "contrast", "causal", "optimised", "causal removing"}
    assert {name: ranking[0] for name, ranking in learnt.rankings.items()} == dict.fromkeys(learnt.rankings, 1)
    assert learnt.parts.argmax() == 1
    assert "trained" in {t.level for t in learnt.drawings}
    assert {t.ranking for t in learnt.removals} == {"iou", "contrast", "causal removing", "optimised"}
    assert max(t.pictures for t in other.drawings) == PLAN.racing


def test_finished_stages_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    first = search(tmp_path, steps).concept(BLUE)
    assert steps == ["blue: layer1", "blue: layer2", "blue: layer1", "blue: layer1", "blue: numbers and levels"]
    monkeypatch.setattr("server.lab.dissect.search.search.play", None)
    again = search(tmp_path, []).concept(BLUE)
    assert {layer: r.document() for layer, r in again.items()} == {layer: r.document() for layer, r in first.items()}
