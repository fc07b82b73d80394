from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from server.web.database import RESERVE_BYTES, StoreError, StoreFull
from server.web.store import DamagedPicture, NothingToUndo, RevisionMismatch, State, Store, UnknownPicture

BASE = '{"model":"village","seed":1}'


def with_edit(edit: str) -> Callable[[State], State]:
    """A change that adds an edit."""
    return lambda state: State((*state.edits, edit), state.looks)


def only(*edits: str) -> Callable[[State], State]:
    """A change to just these edits."""
    return lambda state: State(edits)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "deep" / "pictures.sqlite3", max_pictures=5, max_history=4)


def test_a_picture_comes_back_as_it_was(store: Store) -> None:
    made = store.create(BASE, State(("a", "b", "a")))
    assert store.get(made.id) == made
    assert (made.base, made.state.edits, made.revision) == (BASE, ("a", "b", "a"), 1)


def test_ids_cannot_be_guessed_from_each_other(store: Store) -> None:
    ids = {store.create(BASE).id for _ in range(5)}
    assert len(ids) == 5
    assert min(map(len, ids)) >= 16


def test_undo_and_redo_walk_the_states(store: Store) -> None:
    picture = store.create(BASE).id
    for edit in "abc":
        store.change(picture, with_edit(edit))
    assert [store.undo(picture).state.edits for _ in range(3)] == [("a", "b"), ("a",), ()]
    with pytest.raises(NothingToUndo):
        store.undo(picture)
    assert [store.redo(picture).state.edits for _ in range(2)] == [("a",), ("a", "b")]
    record = store.change(picture, with_edit("d"))
    assert (record.state.edits, record.can_undo, record.can_redo) == (("a", "b", "d"), True, False)
    with pytest.raises(NothingToUndo):
        store.redo(picture)
    assert store.undo(picture).state.edits == ("a", "b")


def test_looks_are_undone_like_edits(store: Store) -> None:
    picture = store.create(BASE, State(("a",), '{"clean":true}')).id
    changed = store.change(picture, lambda state: State(state.edits, '{"directions":{"season":1.0}}'))
    assert (changed.state.edits, changed.state.looks) == (("a",), '{"directions":{"season":1.0}}')
    store.change(picture, with_edit("b"))
    assert store.undo(picture).state == changed.state
    assert store.undo(picture).state == State(("a",), '{"clean":true}')
    assert store.redo(picture).state == changed.state


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


@pytest.mark.parametrize("since", ["", LOOKS])
def test_a_file_of_a_version_before_is_brought_up(tmp_path: Path, since: str) -> None:
    db = sqlite3.connect(tmp_path / "old.sqlite3")
    db.executescript(BEFORE + since)
    db.close()
    store = Store(tmp_path / "old.sqlite3")
    assert store.get("old").state == State(("a",))
    assert store.undo("old").state == State()
    store.change("old", lambda state: State(("b",), '{"clean":true}'))
    assert store.get("old").name == ""
    changed = store.rename("old", "The house")
    store.close()
    assert Store(tmp_path / "old.sqlite3").get("old") == changed


def test_every_change_has_its_own_revision(store: Store) -> None:
    picture = store.create(BASE).id
    revisions = [
        store.change(picture, only("a")).revision,
        store.undo(picture).revision,
        store.redo(picture).revision,
    ]
    assert revisions == [2, 3, 4]


def test_a_change_that_changes_nothing_or_fails_leaves_no_state(store: Store) -> None:
    before = store.create(BASE, State(("a",)))

    def fail(state: State) -> State:
        raise RuntimeError("no")

    assert store.change(before.id, lambda state: state) == before
    with pytest.raises(RuntimeError):
        store.change(before.id, fail)
    assert store.get(before.id) == before
    assert store.change(before.id, only("b")).state.edits == ("b",)


def test_the_oldest_steps_go_first(store: Store) -> None:
    picture = store.create(BASE).id
    for number in range(10):
        store.change(picture, with_edit(str(number)))
    for _ in range(3):
        record = store.undo(picture)
    assert record.can_undo is False
    assert record.state.edits == tuple(map(str, range(7)))


def test_edits_no_state_names_are_forgotten(store: Store, tmp_path: Path) -> None:
    picture = store.create(BASE).id
    for number in range(10):
        store.change(picture, only(f"only {number}"))
    for _ in range(3):
        store.undo(picture)
    store.change(picture, only("new"))
    rows = sqlite3.connect(tmp_path / "deep" / "pictures.sqlite3").execute("SELECT body FROM edits ORDER BY body")
    assert [body for (body,) in rows] == ["new", "only 6"]


def test_the_known_revision_is_checked(store: Store) -> None:
    picture = store.create(BASE).id
    store.change(picture, only("a"), known={1})
    for call in (store.undo, store.redo, store.delete):
        with pytest.raises(RevisionMismatch):
            call(picture, known={1})
    with pytest.raises(RevisionMismatch):
        store.change(picture, only("b"), known={1})
    assert store.get(picture).state.edits == ("a",)


def test_what_is_deleted_is_unknown_and_leaves_nothing(store: Store, tmp_path: Path) -> None:
    picture = store.create(BASE, State(("a",))).id
    store.delete(picture)
    for call in (store.get, store.undo, store.redo, store.delete):
        with pytest.raises(UnknownPicture):
            call(picture)
    db = sqlite3.connect(tmp_path / "deep" / "pictures.sqlite3")
    assert [db.execute(f"SELECT count(*) FROM {t}").fetchone() for t in ("pictures", "edits", "states")] == [(0,)] * 3


def test_only_so_many_pictures_are_kept(store: Store) -> None:
    pictures = [store.create(BASE).id for _ in range(5)]
    with pytest.raises(StoreFull):
        store.create(BASE)
    store.delete(pictures[0])
    store.create(BASE)
    with pytest.raises(StoreFull):
        store.create(BASE)


def test_edits_of_many_threads_and_two_openings_all_land(tmp_path: Path) -> None:
    stores = [Store(tmp_path / "p.sqlite3") for _ in range(2)]
    picture = stores[0].create(BASE).id

    def edit(number: int) -> None:
        stores[number % 2].change(picture, with_edit(str(number)))

    threads = [threading.Thread(target=edit, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(stores[0].get(picture).state.edits, key=int) == list(map(str, range(20)))
    assert stores[1].get(picture).revision == 21


def test_a_file_of_another_version_or_kind_is_refused_in_one_line(tmp_path: Path) -> None:
    newer = tmp_path / "newer.sqlite3"
    sqlite3.connect(newer).execute("PRAGMA user_version=99").connection.close()
    (tmp_path / "text.sqlite3").write_text("this is no database, and long enough to be seen as none" * 20)
    (tmp_path / "file").write_text("")
    for path in (newer, tmp_path / "text.sqlite3", tmp_path / "file" / "pictures.sqlite3"):
        with pytest.raises(StoreError) as caught:
            Store(path)
        assert "\n" not in str(caught.value)


WRITER = """
import sys
from pathlib import Path
from server.web.store import State, Store
store = Store(Path(sys.argv[1]))
for number in range(int(sys.argv[3]), 10**9):
    store.change(sys.argv[2], lambda state: State((*state.edits[-50:], str(number))))
    print(number, flush=True)
"""


def test_a_file_damaged_while_in_use_is_a_problem_and_no_crash(store: Store, tmp_path: Path) -> None:
    made = store.create(BASE)
    with sqlite3.connect(tmp_path / "deep" / "pictures.sqlite3") as other:
        other.execute("DROP TABLE states")
    other.close()
    for call in (lambda: store.get(made.id), lambda: store.undo(made.id), lambda: store.create(BASE)):
        with pytest.raises(StoreError, match="states"):
            call()


def test_kill_9_loses_no_acknowledged_change(tmp_path: Path) -> None:
    path = tmp_path / "p.sqlite3"
    picture = Store(path).create(BASE).id
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
        last = int(Store(path).get(picture).state.edits[-1])
        # The change that the kill fell into may have landed without its acknowledgement.
        assert last in (acknowledged, acknowledged + 1)
        acknowledged = last


def test_one_of_several_known_revisions_is_enough(store: Store) -> None:
    picture = store.create(BASE).id
    assert store.change(picture, only("a"), known={7, 1}).revision == 2
    for known in ({1, 7}, frozenset()):
        with pytest.raises(RevisionMismatch):
            store.undo(picture, known=known)


@pytest.mark.parametrize("loss", ["folder", "moved folder", "file", "log", "replaced file"])
def test_once_its_files_are_gone_nothing_is_acknowledged(tmp_path: Path, loss: str) -> None:
    path = tmp_path / "data" / "pictures.sqlite3"
    store = Store(path)
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
    store = Store(tmp_path / "data" / "pictures.sqlite3")
    picture = store.create(BASE).id

    def lose(state: State) -> State:
        shutil.rmtree(tmp_path / "data")
        return State(("a",))

    with pytest.raises(StoreError, match="deleted, moved or replaced"):
        store.change(picture, lose)


def test_a_full_disk_is_told_and_deleting_makes_room(tmp_path: Path) -> None:
    store = Store(tmp_path / "pictures.sqlite3")
    kept = [store.create(BASE, State(("x" * 50_000,))).id for _ in range(3)]
    (pages,) = store._file.execute("PRAGMA page_count").fetchone()
    store._file.execute(f"PRAGMA max_page_count={pages}")
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
    store = Store(tmp_path / "pictures.sqlite3")
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


DAMAGES = [
    "UPDATE edits SET body = '{}'",
    "UPDATE edits SET digest = x'00'",
    "DELETE FROM edits",
    "UPDATE states SET edits = '['",
    "UPDATE states SET edits = '7'",
    "UPDATE states SET edits = '{\"1\": 1}'",
    "UPDATE states SET edits = '[[1]]'",
    "UPDATE states SET edits = '[99]'",
    "UPDATE states SET edits = printf('%.*c', 100000, '[')",
    "UPDATE pictures SET base = cast(x'ff' AS TEXT)",
    "UPDATE pictures SET position = 99",
    "UPDATE pictures SET created = 9e999",
    "UPDATE pictures SET changed = -1e15",
    "DELETE FROM states",
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_is_told_and_can_be_deleted(store: Store, tmp_path: Path, damage: str) -> None:
    picture = store.create(BASE, State(("a",))).id
    store._file.execute("PRAGMA foreign_keys=OFF")
    store._file.execute(damage)
    for call in (
        lambda: store.get(picture),
        lambda: store.change(picture, only("b")),
        lambda: store.undo(picture),
    ):
        with pytest.raises(DamagedPicture):
            call()
    store.delete(picture)
    with pytest.raises(UnknownPicture):
        store.get(picture)


def test_a_name_has_a_revision_and_can_not_be_undone(store: Store) -> None:
    made = store.create(BASE, State(("a",)))
    assert (made.name, made.created) == ("", made.changed)
    named = store.rename(made.id, "The house", {made.revision})
    assert (named.name, named.revision, named.can_undo, named.state) == ("The house", 2, False, made.state)
    assert named.changed > named.created == made.created
    assert store.rename(made.id, "The house") == named
    with pytest.raises(RevisionMismatch):
        store.rename(made.id, "x", {made.revision})
    with pytest.raises(UnknownPicture):
        store.rename("nowhere", "x")
