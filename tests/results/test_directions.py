"""Stored directions: read without torch, refused where they are damaged, and what they do to a latent."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from server.errors import DissectionError
from server.results.directions import Direction, Directions, load_directions, move
from tests.helpers.tiny import write_directions


def stored(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / "directions.json").read_text())
    return document


def test_directions_come_back_as_they_were_written(tmp_path: Path) -> None:
    assert load_directions(tmp_path) is None
    write_directions(tmp_path, 3, generator="abc")
    found = load_directions(tmp_path)
    assert found is not None
    assert (found.latent_dim, found.generator, found.names) == (3, "abc", ("season", "night"))
    assert found.get("night") == Direction("night", "Night", "less", "more", (-3.0, 2.0), 0.1, 0.9, (0.0, 1.0, 0.0))
    assert found.get("noon") is None


def test_a_latent_moves_by_the_sum_and_without_amounts_not_by_a_bit(tmp_path: Path) -> None:
    write_directions(tmp_path, 4)
    directions = load_directions(tmp_path)
    assert directions is not None
    z = np.random.RandomState(3).standard_normal(4).astype(np.float32)
    assert move(z, directions, {}).tobytes() == z.tobytes()
    moved = move(z, directions, {"season": 1.5, "night": -0.25})
    assert moved.dtype == np.float32
    assert np.array_equal(moved, (z.astype(float) + np.array([1.5, -0.25, 0, 0])).astype(np.float32))
    assert moved.tobytes() == move(z, directions, {"night": -0.25, "season": 1.5}).tobytes()
    with pytest.raises(KeyError):
        move(z, Directions(4), {"season": 1.0})


@pytest.mark.parametrize(
    "changed",
    [
        {"schema": 2},
        {"latent_dim": 4},
        {"latent_dim": "3"},
        {"directions": {}},
        {"directions": [5]},
    ],
)
def test_a_file_that_fits_nothing_is_refused_in_one_line(tmp_path: Path, changed: dict[str, Any]) -> None:
    write_directions(tmp_path, 3)
    (tmp_path / "directions.json").write_text(json.dumps({**stored(tmp_path), **changed}))
    with pytest.raises(DissectionError, match=r"directions\.json.*unitbrush directions") as caught:
        load_directions(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("name", ""),
        ("name", "night"),
        ("title", 5),
        ("range", [1, 2]),
        ("range", [-1]),
        ("effect", None),
        ("layout_kept", "0.9"),
        ("vector", [0, 1]),
        ("vector", [0, 1, True]),
        ("vector", [0, 1, None]),
    ],
)
def test_a_damaged_direction_is_refused_in_one_line(tmp_path: Path, member: str, value: object) -> None:
    write_directions(tmp_path, 3)
    document = stored(tmp_path)
    document["directions"][0][member] = value
    (tmp_path / "directions.json").write_text(json.dumps(document))
    with pytest.raises(DissectionError, match=r"directions\.json") as caught:
        load_directions(tmp_path)
    assert "\n" not in str(caught.value)


def test_reading_needs_no_torch() -> None:
    names = ("artifacts", "context", "directions", "dissection", "units")
    imports = ", ".join(f"server.results.{name}" for name in names)
    code = f"import sys, {imports}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
