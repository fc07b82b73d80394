from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from server.lab.dissect.work import Work, read_arrays, write_arrays, write_json, write_whole


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


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    write_json(path, [1])

    def fail(part: Path) -> None:
        part.write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_whole(path, fail)
    with pytest.raises(ValueError, match="Out of range"):
        write_json(path, float("nan"))
    assert path.read_text() == "[1]\n"
    assert list(tmp_path.iterdir()) == [path]


def test_arrays_of_objects_are_neither_written_nor_read(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"[Oo]bject"):
        write_arrays(tmp_path / "x.npz", {"x": np.array([{}], dtype=object)})
    np.savez(tmp_path / "y.npz", x=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle"):
        read_arrays(tmp_path / "y.npz")
