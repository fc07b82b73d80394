from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from server.errors import DissectionError
from server.results.netdissect import sketched_quantiles
from server.results.unit_quantiles import QUANTILES, Quantiles, load_quantiles
from tests.helpers.tiny import write_units
from tests.results.test_netdissect import write_sketch

STORED = np.linspace(-3, 3, len(QUANTILES)) * np.arange(1, 7)[:, None]  # of six units


def test_stored_quantiles_are_read(tmp_path: Path) -> None:
    write_units(tmp_path, quantiles=STORED.astype(np.float32))
    quantiles = load_quantiles(tmp_path, "layer4")
    assert quantiles is not None
    assert len(quantiles) == 6
    assert (quantiles.at([0.99, 0.0]) == STORED[:, [QUANTILES.index(0.99), 0]].astype(np.float32)).all()
    assert load_quantiles(tmp_path, "layer6") is None


def test_none_may_be_stored(tmp_path: Path) -> None:
    write_units(tmp_path)
    assert load_quantiles(tmp_path, "layer4") is None


@pytest.mark.parametrize("stored", [STORED[:, :5], STORED[0], STORED * np.nan, np.ones(STORED.shape, np.int64)])
def test_other_arrays_are_refused(tmp_path: Path, stored: np.ndarray) -> None:
    write_units(tmp_path, quantiles=stored)
    with pytest.raises(DissectionError, match="quantiles"):
        load_quantiles(tmp_path, "layer4")


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(DissectionError):
        load_quantiles(tmp_path, "layer4")


def test_activations_and_their_quantiles_are_inverse() -> None:
    quantiles = Quantiles(np.array([0.0, 0.5, 1.0]), np.array([[0, 1, 3], [-4, 0, 2]], np.float32))
    assert quantiles.at([0.0, 0.25, 0.5, 0.75, 1.0]).tolist() == [[0, 0.5, 1, 2, 3], [-4, -2, 0, 1, 2]]
    assert quantiles.of(np.array([2, -2], np.float32)).tolist() == [0.75, 0.25]
    maps = np.array([[[-9, 0.5], [3, 9]], [[-2, 0], [2, 1]]], np.float32)  # (units, H, W)
    assert quantiles.of(maps).tolist() == [[[0, 0.25], [1, 1]], [[0.25, 0.5], [1, 0.75]]]


def test_several_quantiles_come_from_one_sketch(tmp_path: Path) -> None:
    samples = np.arange(100.0)[:, None] * [1, -2]
    write_sketch(tmp_path / "quantiles.npz", [samples[:60], samples[60:]])  # the second with twice the weight
    several = sketched_quantiles(tmp_path / "quantiles.npz", [0.0, 0.5, 1.0])
    weights = np.repeat([1, 2], [60, 40])
    for unit, order in ((0, range(100)), (1, range(99, -1, -1))):
        below = np.cumsum([weights[i] for i in order])
        middle = order[int(np.argmax(below >= 70))]
        assert several[unit].tolist() == [samples[i, unit] for i in (order[0], middle, order[-1])]
