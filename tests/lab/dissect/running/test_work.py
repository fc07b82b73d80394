from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from server.lab.dissect.running.work import Work, read_arrays, write_arrays
from server.lab.dissect.running.workers import Workers


def test_a_finished_stage_is_not_computed_again(tmp_path: Path) -> None:
    work = Work.open(tmp_path / "w", {"seed": 1})
    calls: list[str] = []

    def arrays() -> dict[str, np.ndarray]:  # type: ignore[type-arg]
        calls.append("a")
        return {"x": np.arange(3)}

    def document() -> dict[str, float]:
        calls.append("d")
        return {"y": 0.5}

    for _ in range(2):
        again = Work.open(tmp_path / "w", {"seed": 1})
        assert again.arrays("a", arrays)["x"].tolist() == [0, 1, 2]
        assert again.document("d", document) == {"y": 0.5}
    assert calls == ["a", "d"]
    work.remove()
    assert not (tmp_path / "w").exists()


def test_parts_of_a_stage_are_kept_apart(tmp_path: Path) -> None:
    work, workers = Work.open(tmp_path / "w", {"seed": 1}), Workers(torch.device("cpu"))
    assert work.documents("d", ("x", "y"), lambda name: name * 2, workers) == {"x": "xx", "y": "yy"}
    assert work.documents("d", ("y", "z"), lambda name: name * 3, workers) == {"y": "yy", "z": "zzz"}


def test_work_that_came_to_nothing_leaves_no_folder_that_was_made_for_it(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    Work.open(tmp_path / "there" / "a" / "b" / "w", {"seed": 1}).discard()
    assert list(tmp_path.iterdir()) == [tmp_path / "there"]
    assert list((tmp_path / "there").iterdir()) == []


def test_another_key_throws_the_stages_away(tmp_path: Path) -> None:
    Work.open(tmp_path / "w", {"seed": 1}).document("d", lambda: 1)
    assert Work.open(tmp_path / "w", {"seed": 2}).document("d", lambda: 2) == 2


def test_a_damaged_key_is_another_key(tmp_path: Path) -> None:
    Work.open(tmp_path / "w", {"seed": 1}).document("d", lambda: 1)
    (tmp_path / "w" / "key.json").write_text("{")
    assert Work.open(tmp_path / "w", {"seed": 1}).document("d", lambda: 2) == 2


def test_a_damaged_stage_is_computed_again(tmp_path: Path) -> None:
    work = Work.open(tmp_path / "w", {"seed": 1})
    work.arrays("a", lambda: {"x": np.arange(3)})
    work.document("d", lambda: 1)
    for name in ("a.npz", "d.json"):
        (tmp_path / "w" / name).write_bytes(b"{half")
    assert work.arrays("a", lambda: {"x": np.arange(4)})["x"].tolist() == [0, 1, 2, 3]
    assert work.document("d", lambda: 2) == 2


def test_arrays_of_objects_are_neither_written_nor_read(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"[Oo]bject"):
        write_arrays(tmp_path / "x.npz", {"x": np.array([{}], dtype=object)})
    np.savez(tmp_path / "y.npz", x=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle"):
        read_arrays(tmp_path / "y.npz")
