"""Files are written whole or not at all, and known by their digests."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from server.files import file_sha256, file_state, write_json, write_text, write_whole


def test_a_file_appears_whole_in_a_folder_that_is_made_for_it(tmp_path: Path) -> None:
    write_text(tmp_path / "a" / "b.txt", "déjà vu\n")
    assert (tmp_path / "a" / "b.txt").read_bytes() == "déjà vu\n".encode()
    write_json(tmp_path / "a" / "c.json", {"é": [1, None]})
    assert json.loads((tmp_path / "a" / "c.json").read_text(encoding="utf-8")) == {"é": [1, None]}
    assert sorted(file.name for file in (tmp_path / "a").iterdir()) == ["b.txt", "c.json"]


def test_what_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_text(path, "precious")

    def half(part: Path) -> None:
        part.write_text("pre")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_whole(path, half)
    with pytest.raises(ValueError, match="float"):
        write_json(path, float("nan"))
    assert path.read_text() == "precious"
    assert list(tmp_path.iterdir()) == [path]


def test_a_digest_is_that_of_the_bytes(tmp_path: Path) -> None:
    write_text(tmp_path / "a", "x" * 100_000)
    assert file_sha256(tmp_path / "a") == hashlib.sha256(b"x" * 100_000).hexdigest()


def test_a_state_is_another_one_whenever_the_file_is(tmp_path: Path) -> None:
    path = tmp_path / "a"
    states = [file_state(path)]
    for text in ("one", "two"):  # written whole, so it is another file even where size and time are the same
        write_text(path, text)
        states.append(file_state(path))
    assert len(set(states)) == 3
    assert file_state(path) == states[-1]
    assert file_state(tmp_path) == file_state(tmp_path / "none")
