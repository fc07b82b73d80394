"""The pictures people keep, in one SQLite file.

A picture is a base (its model and its seed or latent) and a line of states, each its looks (directions and clean) and
the list of its edits; undo and redo move a position along that line, and a new state drops what lay ahead. Edits are
stored once and states name them by number, so a long history of large masks costs no more than the masks.

A call returns when its change is on the disk. Every change is one immediate transaction: simultaneous edits of one
picture, from several processes too, follow each other.
"""

import hashlib
import json
import secrets
import time
from collections.abc import Callable, Container, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from server.errors import UnitbrushError
from server.painting.parsing import parse_picture
from server.web.database import Database, StoreFull

NO_LOOKS = "{}"
LAST_SECOND = 253_402_300_799.0  # since 1970, of the year 9999


class UnknownPicture(UnitbrushError, LookupError, status=404, slug="unknown-picture", title="There is no such picture"):
    """No picture has that id."""


class NothingToUndo(UnitbrushError, status=409, slug="nothing-to-undo", title="There is nothing to undo or redo"):
    """The picture is at its oldest state (or, when redoing, at its newest)."""


class RevisionMismatch(UnitbrushError, status=412, slug="revision-mismatch", title="The picture has changed meanwhile"):
    """The caller knew another revision than the present one."""


class DamagedPicture(UnitbrushError, status=500, slug="damaged-picture", title="The kept picture is damaged"):
    """What the file holds of the picture is not what was kept; it can be deleted."""


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


def joined(base: str, state: State) -> str:
    """The whole document, JSON: the bytes that `/render` takes."""
    looks = f",{state.looks[1:-1]}" if state.looks != NO_LOOKS else ""
    return f'{base[:-1]}{looks},"edits":[{",".join(state.edits)}]}}'


class Store:
    """The pictures in a file. Methods may be called from any thread; each waits until its change is on the disk.

    known: the revisions that a caller knows, one of which the picture must have; None for any. A method that is given
    them raises RevisionMismatch, and UnknownPicture; all but `delete` raise DamagedPicture, and all raise StoreError.
    """

    def __init__(self, path: Path, max_pictures: int = 100_000, max_history: int = 1000) -> None:
        """Open or create the file and its folder. Raises StoreError."""
        self._file = Database(path)
        self._max_pictures, self._max_history = max_pictures, max_history

    def close(self) -> None:
        """Close the file; nothing is lost without it."""
        self._file.close()

    def create(self, base: str, state: State = State()) -> StoredPicture:
        """Keep a new picture. Raises StoreFull."""
        name, now = secrets.token_urlsafe(12), time.time()
        with self._file.transaction():
            self._file.keep_reserve()
            (number,) = self._file.execute("SELECT count(*) FROM pictures").fetchone()
            if number >= self._max_pictures:
                raise StoreFull(f"{self._max_pictures} pictures are kept already; delete one first")
            self._file.execute(
                "INSERT INTO pictures (id, base, revision, position, created, changed) VALUES (?, ?, 1, 0, ?, ?)",
                (name, base, now, now),
            )
            self._put_state(name, 0, state)
            return self._read(name)

    def get(self, picture: str, known: Container[int] | None = None) -> StoredPicture:
        """The picture as it is now."""
        with self._file.locked():
            return self._read(picture, known)

    def change(
        self, picture: str, change: Callable[[State], State], known: Container[int] | None = None
    ) -> StoredPicture:
        """Replace the state by `change(state)`, as a new one that can be undone. Nothing changes where it returns the
        same state or raises. Raises StoreFull."""
        with self._file.transaction():
            old = self._read(picture, known)
            new = change(old.state)
            if new == old.state:
                return old
            self._file.keep_reserve()
            dropped = self._file.execute(
                "DELETE FROM states WHERE picture = ? AND (number > ? OR number <= ?)",
                (picture, old.position, old.position + 1 - self._max_history),
            ).rowcount
            self._put_state(picture, old.position + 1, new)
            if dropped:
                self._drop_orphans(picture)
            return self._move(picture, old.position + 1)

    def undo(self, picture: str, known: Container[int] | None = None) -> StoredPicture:
        """Go back one state. Raises NothingToUndo."""
        with self._file.transaction():
            old = self._read(picture, known)
            if not old.can_undo:
                raise NothingToUndo("nothing to undo")
            return self._move(picture, old.position - 1)

    def redo(self, picture: str, known: Container[int] | None = None) -> StoredPicture:
        """Go forward one state. Raises NothingToUndo."""
        with self._file.transaction():
            old = self._read(picture, known)
            if not old.can_redo:
                raise NothingToUndo("nothing to redo")
            return self._move(picture, old.position + 1)

    def rename(self, picture: str, name: str, known: Container[int] | None = None) -> StoredPicture:
        """Give the picture a name, which is no step of its history."""
        with self._file.transaction():
            old = self._read(picture, known)
            if name == old.name:
                return old
            self._file.execute("UPDATE pictures SET name = ? WHERE id = ?", (name, picture))
            return self._move(picture, old.position)

    def delete(self, picture: str, known: Container[int] | None = None) -> None:
        """Forget the picture and its history, damaged or not, on a full disk too."""
        try:
            self._delete(picture, known)
        except StoreFull:
            self._file.reserve.unlink(missing_ok=True)
            self._file.give_back()
            self._delete(picture, known)
            self._file.give_back()
            with suppress(StoreFull):
                self._file.keep_reserve()

    def _delete(self, picture: str, known: Container[int] | None) -> None:
        with self._file.transaction():
            row = self._file.execute("SELECT revision FROM pictures WHERE id = ?", (picture,)).fetchone()
            _check_known(picture, row, known)
            self._file.execute("DELETE FROM pictures WHERE id = ?", (picture,))

    def _move(self, picture: str, position: int) -> StoredPicture:
        self._file.execute(
            "UPDATE pictures SET position = ?, revision = revision + 1, changed = ? WHERE id = ?",
            (position, time.time(), picture),
        )
        return self._read(picture)

    def _put_state(self, picture: str, number: int, state: State) -> None:
        numbers: list[int] = []
        for body in state.edits:
            key = (picture, _digest(body))
            self._file.execute(
                "INSERT INTO edits (picture, digest, body) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (*key, body)
            )
            numbers += self._file.execute("SELECT id FROM edits WHERE picture = ? AND digest = ?", key).fetchone()
        self._file.execute(
            "INSERT INTO states (picture, number, edits, looks) VALUES (?, ?, ?, ?)",
            (picture, number, json.dumps(numbers), state.looks),
        )

    def _drop_orphans(self, picture: str) -> None:
        """Delete the edits that no state names any more."""
        self._file.execute(
            "DELETE FROM edits WHERE picture = ?1 AND id NOT IN"
            " (SELECT value FROM states, json_each(states.edits) WHERE states.picture = ?1)",
            (picture,),
        )

    def _read(self, picture: str, known: Container[int] | None = None) -> StoredPicture:
        row = self._file.execute(
            "SELECT revision, base, position, edits, looks, name, created, changed,"
            " EXISTS (SELECT 1 FROM states WHERE picture = id AND number < position),"
            " EXISTS (SELECT 1 FROM states WHERE picture = id AND number > position)"
            " FROM pictures LEFT JOIN states ON picture = id AND number = position WHERE id = ?",
            (picture,),
        ).fetchone()
        _check_known(picture, row, known)
        revision, base, position, numbers, looks, name, created, changed, can_undo, can_redo = row
        query = "SELECT id, digest, body FROM edits WHERE picture = ? AND id IN (SELECT value FROM json_each(?))"
        try:
            order = json.loads(numbers)
            rows = self._file.execute(query, (picture, numbers))
            bodies = {number: body for number, digest, body in rows if digest == _digest(body)}
            state = State(tuple(bodies[number] for number in order), looks)
            parse_picture(joined(base, State((), looks)))  # edits have digests
            if not all(0 <= seconds <= LAST_SECOND for seconds in (created, changed)):
                raise ValueError("a time that no calendar has")
        except (KeyError, TypeError, ValueError, RecursionError, AttributeError) as error:
            raise DamagedPicture("a part of the picture is lost or damaged; delete the picture") from error
        return StoredPicture(
            picture, revision, position, base, state, bool(can_undo), bool(can_redo), name, created, changed
        )


def _check_known(picture: str, row: Sequence[object] | None, known: Container[int] | None) -> None:
    """row: the picture's, its revision first, None where there is none. Raises UnknownPicture, RevisionMismatch."""
    if row is None:
        raise UnknownPicture(f"no picture {picture!r}")
    if known is not None and row[0] not in known:
        raise RevisionMismatch(f"the picture is at revision {row[0]}, which is not among those named")


def _digest(body: str) -> bytes:
    return hashlib.sha256(body.encode()).digest()
