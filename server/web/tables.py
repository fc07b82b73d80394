"""The store in three tables, the same in SQLite and PostgreSQL: pictures, their states, and their edits.

Edits are stored once and states name them by number, so a long history of large masks costs no more than the masks.
"""

import hashlib
import json
import secrets
import time
from collections.abc import Callable, Container, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from server.painting.parsing import parse_picture
from server.web.store import (
    UNPAINTED,
    DamagedPicture,
    NothingToUndo,
    RevisionMismatch,
    State,
    StoredPicture,
    StoreFull,
    UnknownPicture,
    joined,
)

LAST_SECOND = 253_402_300_799.0  # since 1970, of the year 9999
# Of the room for more pictures, what is filled before pictures are counted again, which takes long where they are many.
UNCOUNTED = 1 / 16


class Rows(Protocol):
    """What a statement gave. rowcount: how many rows it changed."""

    @property
    def rowcount(self) -> int: ...

    def fetchone(self) -> Any: ...

    def fetchall(self) -> list[Any]: ...


class Database(Protocol):
    """Where the tables are, for one thread at a time. All methods raise StoreError, and StoreFull where the disk is
    full. numbers: SQL for the elements, each a `value`, of the JSON list `states.edits`."""

    numbers: str

    def close(self) -> None:
        """Let go of it."""

    def execute(self, statement: str, values: Sequence[object] = (), /) -> Rows:
        """Run a statement, within `reading` or `transaction`; `?` stands for each of the values."""

    def reading(self) -> AbstractContextManager[None]:
        """The tables as they are, for a statement or two."""

    def transaction(self, picture: str | None = None) -> AbstractContextManager[None]:
        """All or nothing of what is written meanwhile; other changes of that picture, None for all, wait."""

    def keep_room(self) -> None:
        """Have room for a deletion on a disk that gets full. Raises StoreFull where it has none."""

    def room_to_delete(self) -> AbstractContextManager[None]:
        """That room, for a deletion on a full disk."""


class TableStore:
    """Pictures in tables; a `Store`, which says what the methods do. max_pictures: that are kept, of several servers
    together. max_history: of the states of a picture."""

    def __init__(self, database: Database, max_pictures: int = 100_000, max_history: int = 1000) -> None:
        self._database = database
        self._max_pictures, self._max_history = max_pictures, max_history
        self._uncounted = 0  # pictures that may be created before they are counted

    def close(self) -> None:
        self._database.close()

    def create(self, base: str, state: State = UNPAINTED) -> StoredPicture:
        name, now = secrets.token_urlsafe(12), time.time()
        with self._database.transaction():
            self._database.keep_room()
            self._check_number()
            self._database.execute(
                "INSERT INTO pictures (id, base, revision, position, created, changed) VALUES (?, ?, 1, 0, ?, ?)",
                (name, base, now, now),
            )
            self._put_state(name, 0, state)
            return self._read(name)

    def get(self, picture: str, known: Container[int] | None = None) -> StoredPicture:
        with self._database.reading():
            return self._read(picture, known)

    def change(
        self, picture: str, change: Callable[[State], State], known: Container[int] | None = None
    ) -> StoredPicture:
        with self._database.transaction(picture):
            old = self._read(picture, known)
            new = change(old.state)
            if new == old.state:
                return old
            self._database.keep_room()
            dropped = self._database.execute(
                "DELETE FROM states WHERE picture = ? AND (number > ? OR number <= ?)",
                (picture, old.position, old.position + 1 - self._max_history),
            ).rowcount
            self._put_state(picture, old.position + 1, new)
            if dropped:
                self._drop_orphans(picture)
            return self._move(picture, old.position + 1)

    def undo(self, picture: str, known: Container[int] | None = None) -> StoredPicture:
        with self._database.transaction(picture):
            old = self._read(picture, known)
            if not old.can_undo:
                raise NothingToUndo("nothing to undo")
            return self._move(picture, old.position - 1)

    def redo(self, picture: str, known: Container[int] | None = None) -> StoredPicture:
        with self._database.transaction(picture):
            old = self._read(picture, known)
            if not old.can_redo:
                raise NothingToUndo("nothing to redo")
            return self._move(picture, old.position + 1)

    def rename(self, picture: str, name: str, known: Container[int] | None = None) -> StoredPicture:
        with self._database.transaction(picture):
            old = self._read(picture, known)
            if name == old.name:
                return old
            self._database.execute("UPDATE pictures SET name = ? WHERE id = ?", (name, picture))
            return self._move(picture, old.position)

    def delete(self, picture: str, known: Container[int] | None = None) -> None:
        try:
            self._delete(picture, known)
        except StoreFull:
            with self._database.room_to_delete():
                self._delete(picture, known)

    def _delete(self, picture: str, known: Container[int] | None) -> None:
        with self._database.transaction(picture):
            row = self._database.execute("SELECT revision FROM pictures WHERE id = ?", (picture,)).fetchone()
            _check_known(picture, row, known)
            self._database.execute("DELETE FROM pictures WHERE id = ?", (picture,))

    def _check_number(self) -> None:
        """Raise StoreFull where as many pictures are kept as may be."""
        if self._uncounted == 0:
            (number,) = self._database.execute("SELECT count(*) FROM pictures").fetchone()
            room = self._max_pictures - number
            if room <= 0:
                raise StoreFull(f"{self._max_pictures} pictures are kept already; delete one first")
            self._uncounted = max(1, int(room * UNCOUNTED))
        self._uncounted -= 1

    def _move(self, picture: str, position: int) -> StoredPicture:
        self._database.execute(
            "UPDATE pictures SET position = ?, revision = revision + 1, changed = ? WHERE id = ?",
            (position, time.time(), picture),
        )
        return self._read(picture)

    def _put_state(self, picture: str, number: int, state: State) -> None:
        numbers: list[int] = []
        for body in state.edits:
            key = (picture, _digest(body))
            self._database.execute(
                "INSERT INTO edits (picture, digest, body) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (*key, body)
            )
            numbers += self._database.execute("SELECT id FROM edits WHERE picture = ? AND digest = ?", key).fetchone()
        self._database.execute(
            "INSERT INTO states (picture, number, edits, looks) VALUES (?, ?, ?, ?)",
            (picture, number, json.dumps(numbers), state.looks),
        )

    def _drop_orphans(self, picture: str) -> None:
        """Delete the edits that no state names any more."""
        self._database.execute(
            "DELETE FROM edits WHERE picture = ? AND id NOT IN"
            f" (SELECT CAST(value AS BIGINT) FROM states, {self._database.numbers} WHERE states.picture = ?)",
            (picture, picture),
        )

    def _read(self, picture: str, known: Container[int] | None = None) -> StoredPicture:
        row = self._database.execute(
            "SELECT revision, base, position, edits, looks, name, created, changed,"
            " EXISTS (SELECT 1 FROM states WHERE picture = id AND number < position),"
            " EXISTS (SELECT 1 FROM states WHERE picture = id AND number > position)"
            " FROM pictures LEFT JOIN states ON picture = id AND number = position WHERE id = ?",
            (picture,),
        ).fetchone()
        _check_known(picture, row, known)
        revision, base, position, numbers, looks, name, created, changed, can_undo, can_redo = row
        try:
            state = State(self._edits(picture, json.loads(numbers)), looks)
            parse_picture(joined(base, State((), looks)))  # edits have digests
            if not all(0 <= seconds <= LAST_SECOND for seconds in (created, changed)):
                raise ValueError("a time that no calendar has")
        except (KeyError, TypeError, ValueError, RecursionError, AttributeError) as error:
            raise DamagedPicture("a part of the picture is lost or damaged; delete the picture") from error
        return StoredPicture(
            picture, revision, position, base, state, bool(can_undo), bool(can_redo), name, created, changed
        )

    def _edits(self, picture: str, numbers: list[int]) -> tuple[str, ...]:
        """The bodies of the edits of these numbers. Raises what comes of numbers that are none, or of no edits."""
        some = sorted(set(numbers))
        if not all(type(number) is int and 0 <= number < 2**63 for number in some):
            raise ValueError("what should be the number of an edit is none")
        rows = self._database.execute(
            f"SELECT id, digest, body FROM edits WHERE picture = ? AND id IN ({', '.join('?' * len(some)) or 'NULL'})",
            (picture, *some),
        ).fetchall()
        bodies = {number: body for number, digest, body in rows if digest == _digest(body)}
        return tuple(bodies[number] for number in numbers)


def _check_known(picture: str, row: Sequence[object] | None, known: Container[int] | None) -> None:
    """row: the picture's, its revision first, None where there is none. Raises UnknownPicture, RevisionMismatch."""
    if row is None:
        raise UnknownPicture(f"no picture {picture!r}")
    if known is not None and row[0] not in known:
        raise RevisionMismatch(f"the picture is at revision {row[0]}, which is not among those named")


def _digest(body: str) -> bytes:
    return hashlib.sha256(body.encode()).digest()
