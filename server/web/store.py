"""The pictures people keep, in one SQLite file.

A picture is a base (its model and its seed or latent) and a line of states, each its looks (directions and clean) and
the list of its edits; undo and redo move a position along that line, and a new state drops what lay ahead. Edits are
stored once and states name them by number, so a long history of large masks costs no more than the masks.

The file is in WAL mode with `synchronous=FULL`: a call returns when its change is on the disk, so neither a
killed process nor a power cut loses an acknowledged edit. Every change is one immediate transaction:
simultaneous edits of one picture, from several processes too, follow each other.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server.errors import UnitbrushError

SCHEMA = 3
_TABLES = """
CREATE TABLE pictures (
    id TEXT PRIMARY KEY, base TEXT NOT NULL, revision INTEGER NOT NULL, position INTEGER NOT NULL,
    created REAL NOT NULL, changed REAL NOT NULL, name TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE TABLE edits (
    id INTEGER PRIMARY KEY, picture TEXT NOT NULL REFERENCES pictures ON DELETE CASCADE,
    digest BLOB NOT NULL, body TEXT NOT NULL, UNIQUE (picture, digest)
) STRICT;
CREATE TABLE states (
    picture TEXT NOT NULL REFERENCES pictures ON DELETE CASCADE, number INTEGER NOT NULL, edits TEXT NOT NULL,
    looks TEXT NOT NULL DEFAULT '{}', PRIMARY KEY (picture, number)
) STRICT;
"""
# What makes the present schema of an earlier one, by its number; 0 is an empty file.
_NAMED = "ALTER TABLE pictures ADD COLUMN name TEXT NOT NULL DEFAULT ''"
_TO_SCHEMA = {0: _TABLES, 1: f"ALTER TABLE states ADD COLUMN looks TEXT NOT NULL DEFAULT '{{}}'; {_NAMED}", 2: _NAMED}

NO_LOOKS = "{}"
# Of the disk, held back in a file beside the pictures, since deleting one needs some where the disk is full.
RESERVE_BYTES = 4 * 1024 * 1024


class StoreError(UnitbrushError, status=503, slug="store-unavailable", title="The pictures cannot be kept"):
    """The file cannot be used; the message says why and what to do."""


class UnknownPicture(UnitbrushError, LookupError, status=404, slug="unknown-picture", title="There is no such picture"):
    """No picture has that id."""


class NothingToUndo(UnitbrushError, status=409, slug="nothing-to-undo", title="There is nothing to undo or redo"):
    """The picture is at its oldest state (or, when redoing, at its newest)."""


class RevisionMismatch(UnitbrushError, status=412, slug="revision-mismatch", title="The picture has changed meanwhile"):
    """The caller knew another revision than the present one."""


class DamagedPicture(UnitbrushError, status=500, slug="damaged-picture", title="The kept picture is damaged"):
    """What the file holds of the picture is not what was kept; it can be deleted."""


class StoreFull(UnitbrushError, status=507, slug="store-full", title="No more pictures can be kept"):
    """As many pictures as configured, or as the disk holds, are kept already."""


@dataclass(frozen=True)
class State:
    """What can be changed in a picture, and undone. edits: each one's JSON, oldest first. looks: a JSON object, the
    document's other members that can be changed."""

    edits: tuple[str, ...] = ()
    looks: str = NO_LOOKS


@dataclass(frozen=True)
class StoredPicture:
    """A picture as it is now. base: the members of its document that never change, a JSON object. revision: 1
    when created, one more with every change, undo and redo included. position: of its state in the line of states.
    name: what its owner calls it, or nothing. created, changed: seconds since 1970."""

    id: str
    revision: int
    position: int
    base: str
    state: State
    can_undo: bool
    can_redo: bool
    name: str
    created: float
    changed: float


class Store:
    """The open file. Methods may be called from any thread; each waits until its change is on the disk."""

    def __init__(self, path: Path, max_pictures: int = 100_000, max_history: int = 1000) -> None:
        """Open or create the file and its folder. Raises StoreError."""
        self._max_pictures = max_pictures
        self._max_history = max_history
        self._lock = threading.Lock()
        self._reserve = Path(f"{path}-reserve")
        self._opened: dict[Path, tuple[int, int]] = {}
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._db = sqlite3.connect(path, timeout=10.0, isolation_level=None, check_same_thread=False)
            self._prepare(path)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"cannot keep pictures in {path}: {error}; choose another data folder") from error

    def _prepare(self, path: Path) -> None:
        self._db.execute("PRAGMA auto_vacuum=INCREMENTAL")  # of a new file
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("PRAGMA foreign_keys=ON")
        self._db.execute("PRAGMA secure_delete=FAST")  # else a deletion writes as much as it frees
        with self._transaction():
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
            if version in _TO_SCHEMA:
                for statement in _TO_SCHEMA[version].split(";"):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version={SCHEMA}")
        if version not in (SCHEMA, *_TO_SCHEMA):
            self._db.close()
            raise StoreError(f"{path} is of another version (schema {version}); choose another data folder")
        self._opened = {file: _identity(file) for file in (path, Path(f"{path}-wal")) if file.exists()}

    def close(self) -> None:
        """Close the file; nothing is lost without it."""
        with self._lock:
            self._db.close()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """The file for one thread at a time; its errors become StoreError and StoreFull."""
        with self._lock:
            self._check_present()
            try:
                yield
            except sqlite3.Error as error:
                if "full" in str(error):
                    raise StoreFull("the disk is full") from error
                raise StoreError(f"the pictures' file gave an error: {error}") from error

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._locked():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
                self._check_present()
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def _check_present(self) -> None:
        """Raise StoreError where the open files are not those at their paths: what is written to them would be lost."""
        try:
            present = all(_identity(file) == identity for file, identity in self._opened.items())
        except OSError:
            present = False
        if not present:
            raise StoreError("the pictures' file was deleted, moved or replaced meanwhile; start the server anew")

    def _keep_reserve(self) -> None:
        """Hold the reserve back where it is not. Raises StoreFull where the disk has not as much, and StoreError where
        the folder is gone."""
        if self._reserve.exists():
            return
        self._check_present()
        try:
            if shutil.disk_usage(self._reserve.parent).free < RESERVE_BYTES:
                raise StoreFull("the disk is full")
            self._reserve.write_bytes(secrets.token_bytes(RESERVE_BYTES))
        except OSError as error:
            self._reserve.unlink(missing_ok=True)
            raise StoreFull("the disk is full") from error

    def _give_back(self) -> None:
        """Give the disk back what is free in the files, as far as it goes."""
        with suppress(StoreFull), self._locked():
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            self._db.execute("PRAGMA incremental_vacuum(256)").fetchall()
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def create(self, base: str, state: State = State()) -> StoredPicture:
        """Keep a new picture. Raises StoreFull."""
        name, now = secrets.token_urlsafe(12), time.time()
        with self._transaction():
            self._keep_reserve()
            (number,) = self._db.execute("SELECT count(*) FROM pictures").fetchone()
            if number >= self._max_pictures:
                raise StoreFull(f"{self._max_pictures} pictures are kept already; delete one first")
            self._db.execute(
                "INSERT INTO pictures (id, base, revision, position, created, changed) VALUES (?, ?, 1, 0, ?, ?)",
                (name, base, now, now),
            )
            self._put_state(name, 0, state)
            return self._read(name)

    def get(self, picture: str, known: Container[int] | None = None) -> StoredPicture:
        """The picture as it is now. known: revisions, checked when given. Raises UnknownPicture, DamagedPicture,
        RevisionMismatch, StoreError."""
        with self._locked():
            return self._read(picture, known)

    def change(
        self, picture: str, change: Callable[[State], State], known: Container[int] | None = None
    ) -> StoredPicture:
        """Replace the state by `change(state)`, as a new one that can be undone. Nothing changes where it returns the
        same state or raises.

        known: revisions, one of which it must have, checked when given. Raises UnknownPicture, RevisionMismatch,
        DamagedPicture, StoreFull.
        """
        with self._transaction():
            old = self._read(picture, known)
            new = change(old.state)
            if new == old.state:
                return old
            self._keep_reserve()
            dropped = self._db.execute(
                "DELETE FROM states WHERE picture = ? AND (number > ? OR number <= ?)",
                (picture, old.position, old.position + 1 - self._max_history),
            ).rowcount
            self._put_state(picture, old.position + 1, new)
            if dropped:
                self._drop_orphans(picture)
            return self._move(picture, old.position + 1)

    def undo(self, picture: str, known: Container[int] | None = None) -> StoredPicture:
        """Go back one state. Raises UnknownPicture, RevisionMismatch, NothingToUndo."""
        return self._step(picture, -1, known)

    def redo(self, picture: str, known: Container[int] | None = None) -> StoredPicture:
        """Go forward one state. Raises UnknownPicture, RevisionMismatch, NothingToUndo."""
        return self._step(picture, 1, known)

    def rename(self, picture: str, name: str, known: Container[int] | None = None) -> StoredPicture:
        """Give the picture a name, which is no step of its history. Raises UnknownPicture, RevisionMismatch."""
        with self._transaction():
            old = self._read(picture, known)
            if name == old.name:
                return old
            self._db.execute("UPDATE pictures SET name = ? WHERE id = ?", (name, picture))
            return self._move(picture, old.position)

    def delete(self, picture: str, known: Container[int] | None = None) -> None:
        """Forget the picture and its history, damaged or not, on a full disk too. Raises UnknownPicture,
        RevisionMismatch."""
        try:
            self._delete(picture, known)
        except StoreFull:
            self._reserve.unlink(missing_ok=True)
            self._give_back()
            self._delete(picture, known)
            self._give_back()
            with suppress(StoreFull):
                self._keep_reserve()

    def _delete(self, picture: str, known: Container[int] | None) -> None:
        with self._transaction():
            row = self._db.execute("SELECT revision FROM pictures WHERE id = ?", (picture,)).fetchone()
            _check_known(picture, row, known)
            self._db.execute("DELETE FROM pictures WHERE id = ?", (picture,))

    def _step(self, picture: str, by: int, known: Container[int] | None) -> StoredPicture:
        with self._transaction():
            old = self._read(picture, known)
            if not (old.can_undo if by < 0 else old.can_redo):
                raise NothingToUndo("nothing to undo" if by < 0 else "nothing to redo")
            return self._move(picture, old.position + by)

    def _move(self, picture: str, position: int) -> StoredPicture:
        self._db.execute(
            "UPDATE pictures SET position = ?, revision = revision + 1, changed = ? WHERE id = ?",
            (position, time.time(), picture),
        )
        return self._read(picture)

    def _put_state(self, picture: str, number: int, state: State) -> None:
        numbers = []
        for body in state.edits:
            digest = _digest(body)
            self._db.execute(
                "INSERT INTO edits (picture, digest, body) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (picture, digest, body),
            )
            row = self._db.execute(
                "SELECT id FROM edits WHERE picture = ? AND digest = ?", (picture, digest)
            ).fetchone()
            numbers.append(row[0])
        self._db.execute(
            "INSERT INTO states (picture, number, edits, looks) VALUES (?, ?, ?, ?)",
            (picture, number, json.dumps(numbers), state.looks),
        )

    def _drop_orphans(self, picture: str) -> None:
        """Delete the edits that no state names any more."""
        self._db.execute(
            "DELETE FROM edits WHERE picture = :picture AND id NOT IN"
            " (SELECT value FROM states, json_each(states.edits) WHERE states.picture = :picture)",
            {"picture": picture},
        )

    def _read(self, picture: str, known: Container[int] | None = None) -> StoredPicture:
        """The picture as it is now. known: revisions, one of which it must have. Raises UnknownPicture,
        RevisionMismatch, DamagedPicture."""
        row = self._db.execute(
            "SELECT revision, base, position, edits, looks, name, created, changed,"
            " EXISTS (SELECT 1 FROM states WHERE picture = id AND number < position),"
            " EXISTS (SELECT 1 FROM states WHERE picture = id AND number > position)"
            " FROM pictures JOIN states ON picture = id AND number = position WHERE id = ?",
            (picture,),
        ).fetchone()
        _check_known(picture, row, known)
        revision, base, position, numbers, looks, name, created, changed, can_undo, can_redo = row
        query = "SELECT id, digest, body FROM edits WHERE picture = ? AND id IN (SELECT value FROM json_each(?))"
        try:
            order = json.loads(numbers)
            rows = self._db.execute(query, (picture, numbers))
            bodies = {number: body for number, digest, body in rows if digest == _digest(body)}
            edits = tuple(bodies[number] for number in order)
        except (KeyError, TypeError, ValueError) as error:
            raise DamagedPicture("an edit of the picture is lost or damaged; delete the picture") from error
        state = State(edits, looks)
        return StoredPicture(
            picture, revision, position, base, state, bool(can_undo), bool(can_redo), name, created, changed
        )


def _check_known(picture: str, row: tuple[Any, ...] | None, known: Container[int] | None) -> None:
    """row: the picture's, its revision first, None where there is none. Raises UnknownPicture, RevisionMismatch."""
    if row is None:
        raise UnknownPicture(f"no picture {picture!r}")
    if known is not None and row[0] not in known:
        raise RevisionMismatch(f"the picture is at revision {row[0]}, which is not among those named")


def _digest(body: str) -> bytes:
    return hashlib.sha256(body.encode()).digest()


def _identity(file: Path) -> tuple[int, int]:
    """What tells a file from another one that takes its name. Raises OSError."""
    status = file.stat()
    return status.st_dev, status.st_ino
