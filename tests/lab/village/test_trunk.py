"""The trunk's training: sketches drawn once, an error that falls, and a checkpoint that a generator takes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from server.lab.village.sketch import CHANNELS
from server.lab.village.trunk import (
    Lessons,
    TrunkSettings,
    load_trunk,
    open_sketches,
    train_trunk,
    trunk_of,
)
from server.model.decided import DecidedGenerator

SETTINGS = TrunkSettings(scenes=12, held_out=4, batch=4, bfloat16=False, steps=1)


@pytest.fixture(scope="module")
def sketches(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    return open_sketches(tmp_path_factory.mktemp("sketches"), SETTINGS.scenes)


def test_sketches_are_drawn_once_and_a_run_that_was_cut_off_draws_the_rest(
    sketches: np.ndarray, tmp_path: Path
) -> None:
    open_sketches(tmp_path, 12)
    (tmp_path / "trunk_sketches.txt").write_text("3")
    kept = np.load(tmp_path / "trunk_sketches.npy", mmap_mode="r+")
    kept[0], kept[5] = 7, 7
    kept.flush()
    again = open_sketches(tmp_path, 12)
    assert again.shape == (12, CHANNELS, 16, 16)
    assert (again[0] == 7).all()
    np.testing.assert_array_equal(again[3:], sketches[3:])
    with pytest.raises(ValueError, match="room for 12"):
        open_sketches(tmp_path, 13)


def test_the_error_is_one_for_a_trunk_that_knows_nothing_but_the_mean() -> None:
    spread = torch.ones(1, CHANNELS, 1, 1)
    generator = DecidedGenerator()
    with torch.no_grad():
        generator.block(generator.sketch).conv.weight.zero_()
    lessons = Lessons(np.ones((2, CHANNELS, 16, 16), np.float16), spread)
    assert float(lessons.error(generator, np.array([0, 1])).detach()) == pytest.approx(1)


def test_a_run_learns_the_trunk_alone_and_the_next_goes_on_from_it(sketches: np.ndarray, tmp_path: Path) -> None:
    before = train_trunk(tmp_path, SETTINGS, sketches)
    first = train_trunk(tmp_path, replace(SETTINGS, steps=24), sketches)
    assert first < 0.8 * before
    generator, other = DecidedGenerator(), DecidedGenerator()
    load_trunk(tmp_path, generator)
    load_trunk(tmp_path, other)
    for ours, theirs in zip(trunk_of(generator).parameters(), trunk_of(other).parameters(), strict=True):
        assert torch.equal(ours, theirs)
    assert train_trunk(tmp_path, replace(SETTINGS, steps=24), sketches) == pytest.approx(first)  # nothing is left to do
    lessons = Lessons.of(sketches, SETTINGS.held_out)
    with torch.no_grad():
        assert float(lessons.error(generator, np.arange(4))) == pytest.approx(first)
    assert "error" in (tmp_path / "log.txt").read_text()
