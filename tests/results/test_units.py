from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from server.errors import DissectionError
from server.results.units import NoSuchLayer, load_units

NAMES = ("iou", "iou_fixed", "threshold", "mean", "deviation", "high", "strongest", "regions")


def write_units(folder: Path, leave_out: str = "", units: int = 4) -> None:
    arrays = {f"layer4/{name}": np.zeros((units, 2)) for name in NAMES if name != leave_out}
    arrays["layer4/iou"] = np.array([[0.1, 0.3], [0.2, 0], [0, 0.2], [0.01, 0.01]])
    np.savez(folder / "units.npz", concepts=np.array(["tree", "door"]), **arrays)


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
