"""A short run: it learns, goes on where it stopped, and leaves a sheet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from server.lab.village import train as module
from server.lab.village.examples import examples
from server.lab.village.store import Store, open_store
from server.lab.village.train import Measures, Settings, begun, part_weights, step

SETTINGS = Settings(scenes=12, held_out=4, first=12, batch=2, bfloat16=False)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    drawn = open_store(tmp_path_factory.mktemp("scenes"), SETTINGS.scenes)
    drawn.grow(SETTINGS.scenes)
    return drawn


def test_rare_parts_count_more(store: Store) -> None:
    weights = part_weights(store).flatten()
    assert float(weights[0]) < 1 < float(weights.max())


def test_a_run_goes_on_where_it_stopped(store: Store, tmp_path: Path) -> None:
    measures, rng = Measures.of(store), np.random.default_rng(0)
    run = begun(tmp_path, SETTINGS)
    step(run, examples(store, np.array([4, 5]), rng), measures, (0, 8), SETTINGS, rng)
    run.save(tmp_path)
    again = begun(tmp_path, SETTINGS)
    assert (again.seen, again.steps) == (2, 1)
    for ours, theirs in zip(run.averaged.parameters(), again.averaged.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    assert set(run.sums) == {"colour", "coarse", "parts", "trunk"}
    batch = examples(store, np.array([6, 7]), rng)
    for each in (run, again):
        step(each, batch, measures, (4, 4), SETTINGS, np.random.default_rng(1))
    assert run.sums["parts"][-1] == pytest.approx(again.sums["parts"][-1])


def test_a_judge_learns_and_teaches_those_that_decide(store: Store, tmp_path: Path) -> None:
    settings = replace(
        SETTINGS,
        bfloat16=True,
        judged=True,
        free=1,
        colour_weight=0.0,
        coarse_weight=0.0,
        parts_weight=0.0,
        trunk_weight=0.0,
    )
    measures, rng = Measures.of(store), np.random.default_rng(0)
    run = begun(tmp_path, settings)
    before = {name: value.detach().clone() for name, value in run.generator.named_parameters()}
    for _ in range(2):
        step(run, examples(store, np.array([4, 5]), rng, free=1), measures, (0, 8), settings, rng)
    changed = {name.split(".")[0] for name, value in run.generator.named_parameters() if not value.equal(before[name])}
    layers = [layer.name for layer in run.generator.layers]
    first, last = layers.index(run.generator.sketch) + 1, layers.index(run.generator.decision)
    assert changed == set(layers[first : last + 1])
    assert 0 < run.sums["judge"][-1] < run.sums["judge"][0]


def test_training_writes_log_checkpoint_and_sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = replace(SETTINGS, minutes=0.0)
    module.train(tmp_path, small)
    assert (tmp_path / module.CHECKPOINT).exists()
    assert list(tmp_path.glob("sheet_*.png"))
