"""The SQLite file: its versions, its loss, a full disk, and what is peculiar in its damages."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from server.web.sqlite import RESERVE_BYTES, SqliteDatabase
from server.web.store import DamagedPicture, State, StoreError, StoreFull, UnknownPicture
from server.web.tables import TableStore

BASE = '{"model":"village","seed":1}'


def store_in(path: Path) -> TableStore:
    return TableStore(SqliteDatabase(path))


def only(*edits: str) -> Callable[[State], State]:
    """A change to just these edits."""
    return lambda state: State(edits)


BEFORE = """
CREATE TABLE pictures (
    id TEXT PRIMARY KEY, base TEXT NOT NULL, revision INTEGER NOT NULL, position INTEGER NOT NULL,
    created REAL NOT NULL, changed REAL NOT NULL
) STRICT;
CREATE TABLE edits (
    id INTEGER PRIMARY KEY, picture TEXT NOT NULL REFERENCES pictures ON DELETE CASCADE,
    digest BLOB NOT NULL, body TEXT NOT NULL, UNIQUE (picture, digest)
) STRICT;
CREATE TABLE states (
    picture TEXT NOT NULL REFERENCES pictures ON DELETE CASCADE, number INTEGER NOT NULL, edits TEXT NOT NULL,
    PRIMARY KEY (picture, number)
) STRICT;
INSERT INTO pictures VALUES ('old', '{"model":"village","seed":1}', 2, 1, 0, 0);
INSERT INTO edits VALUES (1, 'old', x'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb', 'a');
INSERT INTO states VALUES ('old', 0, '[]'), ('old', 1, '[1]');
PRAGMA user_version=1;
"""


LOOKS = "ALTER TABLE states ADD COLUMN looks TEXT NOT NULL DEFAULT '{}'; PRAGMA user_version=2;"


WRITER = """
import sys
from pathlib import Path
from server.web.sqlite import SqliteDatabase
from server.web.store import State
from server.web.tables import TableStore
store = TableStore(SqliteDatabase(Path(sys.argv[1])))
for number in range(int(sys.argv[3]), 10**9):
    store.change(sys.argv[2], lambda state: State((*state.edits[-50:], str(number))))
    print(number, flush=True)
"""


def test_kill_9_loses_no_acknowledged_change(tmp_path: Path) -> None:
    path = tmp_path / "p.sqlite3"
    picture = store_in(path).create(BASE).id
    acknowledged = -1
    for kill_round in range(5):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), picture, str(acknowledged + 1)], stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        for _ in range(10 + 7 * kill_round):
            acknowledged = int(process.stdout.readline())
        os.kill(process.pid, signal.SIGKILL)
        for line in process.stdout.read().splitlines():
            acknowledged = int(line)
        process.wait()
        process.stdout.close()
        last = int(store_in(path).get(picture).state.edits[-1])
        # The change that the kill fell into may have landed without its acknowledgement.
        assert last in (acknowledged, acknowledged + 1)
        acknowledged = last


@pytest.mark.parametrize("since", ["", LOOKS])
def test_a_file_of_a_version_before_is_brought_up(tmp_path: Path, since: str) -> None:
    db = sqlite3.connect(tmp_path / "old.sqlite3")
    db.executescript(BEFORE + since)
    db.close()
    store = store_in(tmp_path / "old.sqlite3")
    assert store.get("old").state == State(("a",))
    assert store.undo("old").state == State()
    store.change("old", lambda state: State(("b",), '{"clean":true}'))
    assert store.get("old").name == ""
    changed = store.rename("old", "The house")
    store.close()
    assert store_in(tmp_path / "old.sqlite3").get("old") == changed


def test_a_file_of_another_version_or_kind_is_refused_in_one_line(tmp_path: Path) -> None:
    newer = tmp_path / "newer.sqlite3"
    sqlite3.connect(newer).execute("PRAGMA user_version=99").connection.close()
    (tmp_path / "text.sqlite3").write_text("this is no database, and long enough to be seen as none" * 20)
    (tmp_path / "file").write_text("")
    for path in (newer, tmp_path / "text.sqlite3", tmp_path / "file" / "pictures.sqlite3"):
        with pytest.raises(StoreError) as caught:
            store_in(path)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("loss", ["folder", "moved folder", "file", "log", "replaced file"])
def test_once_its_files_are_gone_nothing_is_acknowledged(tmp_path: Path, loss: str) -> None:
    path = tmp_path / "data" / "pictures.sqlite3"
    store = store_in(path)
    picture = store.create(BASE).id
    if loss == "folder":
        shutil.rmtree(path.parent)
    elif loss == "moved folder":
        path.parent.rename(tmp_path / "elsewhere")
    elif loss == "log":
        Path(f"{path}-wal").unlink()
    else:
        path.unlink()
        if loss == "replaced file":
            path.write_bytes(b"")
    for call in (
        lambda: store.create(BASE),
        lambda: store.get(picture),
        lambda: store.change(picture, only("a")),
        lambda: store.undo(picture),
        lambda: store.delete(picture),
    ):
        with pytest.raises(StoreError, match="deleted, moved or replaced"):
            call()


def test_a_loss_during_a_change_is_noticed_before_it_is_acknowledged(tmp_path: Path) -> None:
    store = store_in(tmp_path / "data" / "pictures.sqlite3")
    picture = store.create(BASE).id

    def lose(state: State) -> State:
        shutil.rmtree(tmp_path / "data")
        return State(("a",))

    with pytest.raises(StoreError, match="deleted, moved or replaced"):
        store.change(picture, lose)


def test_a_full_disk_is_told_and_deleting_makes_room(tmp_path: Path) -> None:
    store = store_in(tmp_path / "pictures.sqlite3")
    kept = [store.create(BASE, State(("x" * 50_000,))).id for _ in range(3)]
    (pages,) = store._database.execute("PRAGMA page_count").fetchone()
    store._database.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StoreFull, match="disk is full"):
        store.create(BASE, State(("y" * 50_000,)))
    with pytest.raises(StoreFull, match="disk is full"):
        store.change(kept[0], only("z" * 50_000))
    assert store.get(kept[0]).state.edits == ("x" * 50_000,)
    store.delete(kept[0])
    assert store.create(BASE, State(("y" * 50_000,))).revision == 1


def test_where_even_deleting_finds_no_room_the_reserve_gives_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_in(tmp_path / "pictures.sqlite3")
    picture, reserve = store.create(BASE).id, tmp_path / "pictures.sqlite3-reserve"
    assert reserve.stat().st_size == RESERVE_BYTES
    delete = store._delete

    def full_until_the_reserve_is_given(*args: object) -> None:
        if reserve.exists():
            raise StoreFull("the disk is full")
        delete(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "_delete", full_until_the_reserve_is_given)
    store.delete(picture)
    with pytest.raises(UnknownPicture):
        store.get(picture)
    assert reserve.stat().st_size == RESERVE_BYTES


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE edits SET digest = x'00'",
        "UPDATE pictures SET base = cast(x'ff' AS TEXT)",
        "UPDATE pictures SET created = 9e999",
    ],
)
def test_what_only_a_file_can_hold_is_damaged_too(tmp_path: Path, damage: str) -> None:
    store = store_in(tmp_path / "pictures.sqlite3")
    picture = store.create(BASE, State(("a",))).id
    store._database.execute(damage)
    with pytest.raises(DamagedPicture):
        store.get(picture)
    store.delete(picture)
