"""A short run: it learns, goes on where it stopped, and leaves a sheet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from server.lab.village import train as module
from server.lab.village import trunk
from server.lab.village.examples import examples
from server.lab.village.store import Store, open_store
from server.lab.village.train import Settings, begun, part_weights, step
from server.lab.village.trunk import trunk_of
from server.model.decided import DecidedGenerator

SETTINGS = Settings(scenes=12, held_out=4, first=12, batch=2, bfloat16=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run's folder with a trunk."""
    torch.manual_seed(1)
    torch.save(trunk_of(DecidedGenerator()).state_dict(), tmp_path / trunk.CHECKPOINT)
    return tmp_path


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    drawn = open_store(tmp_path_factory.mktemp("scenes"), SETTINGS.scenes)
    drawn.grow(SETTINGS.scenes)
    return drawn


def test_rare_parts_count_more(store: Store) -> None:
    weights = part_weights(store).flatten()
    assert float(weights[0]) < 1 < float(weights.max())


def test_a_run_goes_on_where_it_stopped(store: Store, folder: Path) -> None:
    counts, rng = part_weights(store), np.random.default_rng(0)
    run = begun(folder, SETTINGS)
    step(run, examples(store, np.array([4, 5]), rng), counts, (0, 8), SETTINGS, rng)
    run.save(folder)
    again = begun(folder, SETTINGS)
    assert (again.seen, again.steps) == (2, 1)
    for ours, theirs in zip(run.averaged.parameters(), again.averaged.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    assert set(run.sums) == {"colour", "coarse", "parts"}
    batch = examples(store, np.array([6, 7]), rng)
    for each in (run, again):
        step(each, batch, counts, (4, 4), SETTINGS, np.random.default_rng(1))
    assert run.sums["parts"][-1] == pytest.approx(again.sums["parts"][-1])


def test_a_judge_learns_and_teaches_those_that_decide(store: Store, folder: Path) -> None:
    settings = replace(
        SETTINGS,
        bfloat16=True,
        judged_from=0,
        free=1,
        colour_weight=0.0,
        coarse_weight=0.0,
        parts_weight=0.0,
    )
    counts, rng = part_weights(store), np.random.default_rng(0)
    run = begun(folder, settings)
    before = {name: value.detach().clone() for name, value in run.generator.named_parameters()}
    for _ in range(2):
        step(run, examples(store, np.array([4, 5]), rng, free=1), counts, (0, 8), settings, rng)
    changed = {name.split(".")[0] for name, value in run.generator.named_parameters() if not value.equal(before[name])}
    layers = [layer.name for layer in run.generator.layers]
    first, last = layers.index(run.generator.sketch) + 1, layers.index(run.generator.decision)
    assert changed == set(layers[first : last + 1])
    assert 0 < run.sums["judge"][-1] < run.sums["judge"][0]


def test_the_judge_plays_from_some_time_on_and_the_rate_falls_at_the_end() -> None:
    settings = Settings(images=1000, judged_from=200, falling=0.25)
    assert [settings.judged(seen) for seen in (0, 199, 200, 900)] == [False, False, True, True]
    assert [settings.share(seen) for seen in (0, 750, 875, 1000)] == [1, 1, 0.5, 0]
    assert replace(settings, falling=0.0).share(999) == 1


def test_training_writes_log_checkpoint_and_sheet(folder: Path) -> None:
    small = replace(SETTINGS, images=0)
    module.train(folder, small)
    assert (folder / module.CHECKPOINT).exists()
    assert list(folder.glob("sheet_*.png"))
