from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from server.errors import DissectionError
from server.results.reading import MAX_BYTES
from server.results.units import NoSuchLayer, load_units


def write_units(folder: Path, leave_out: str = "", units: int = 4, **others: object) -> None:
    arrays: dict[str, object] = {name: np.zeros((units, 2)) for name in ("iou_fixed", "threshold")}
    arrays |= {name: np.zeros(units) for name in ("mean", "deviation", "high")}
    arrays["iou"] = np.array([[0.1, 0.3], [0.2, 0], [0, 0.2], [0.01, 0.01]])
    arrays |= {"strongest": np.zeros((units, 2), np.int64), "regions": np.zeros((units, 2, 8), np.uint8)}
    concepts = others.pop("concepts", ["tree", "door"])
    named = {f"layer4/{name}": array for name, array in {**arrays, **others}.items() if name != leave_out}
    np.savez(folder / "units.npz", concepts=np.array(concepts), **named)  # type: ignore[arg-type]


def test_units_are_ranked_by_a_concept_or_filtered_by_any(tmp_path: Path) -> None:
    write_units(tmp_path)
    table = load_units(tmp_path, "layer4")
    assert len(table) == 4
    assert table.ranked("tree", 0.05) == [1, 0]
    assert table.ranked("door", 0) == [0, 2, 3, 1]
    assert table.ranked(None, 0.15) == [0, 1, 2]
    with pytest.raises(KeyError):
        table.ranked("car", 0)


def test_what_is_missing_or_damaged_is_said(tmp_path: Path) -> None:
    with pytest.raises(DissectionError, match="missing"):
        load_units(tmp_path, "layer4")
    write_units(tmp_path, leave_out="high")
    with pytest.raises(DissectionError, match="layer4/high"):
        load_units(tmp_path, "layer4")
    write_units(tmp_path, units=3)
    with pytest.raises(DissectionError, match="do not fit"):
        load_units(tmp_path, "layer4")
    write_units(tmp_path)
    with pytest.raises(NoSuchLayer, match="layer4, not at 'layer9'"):
        load_units(tmp_path, "layer9")


@pytest.mark.parametrize(
    "others",
    [
        {"mean": np.full(4, np.nan)},
        {"high": np.full(4, "a")},
        {"iou": np.zeros(4)},
        {"iou": np.zeros((4, 3))},
        {"strongest": np.zeros((4, 2))},
        {"strongest": np.full((4, 2), -1)},
        {"strongest": np.zeros((4, 3), np.int64)},
        {"regions": np.zeros((4, 2), np.uint8)},
        {"regions": np.zeros((4, 2, 8), np.int64)},
        {"concepts": [1, 2]},
        {"concepts": "tree"},
        {"concepts": np.zeros(10**6, "U0")},
    ],
)
def test_arrays_of_other_kinds_are_refused(tmp_path: Path, others: dict[str, object]) -> None:
    write_units(tmp_path, **others)
    with pytest.raises(DissectionError, match=r"concepts|high|mean|iou|kind|fit|seed|regions"):
        load_units(tmp_path, "layer4")


def test_an_archive_that_swells_is_refused_unread(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "units.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("layer4/iou.npy", bytes(MAX_BYTES + 1))
    assert (tmp_path / "units.npz").stat().st_size < 2**20
    with pytest.raises(DissectionError, match="unpacks to"):
        load_units(tmp_path, "layer4")
