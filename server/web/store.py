"""What keeps pictures: the calls that routes make of it, and what they give and raise.

A picture is a base (its model and its seed or latent) and a line of states, each its looks (directions and clean) and
the list of its edits; undo and redo move a position along that line, and a new state drops what lay ahead.

A call returns when its change is on a disk. Simultaneous changes of one picture, from several servers too, follow each
other. `tables` keeps pictures so, in an SQLite file or in a PostgreSQL database.
"""

from collections.abc import Callable, Container
from dataclasses import dataclass
from typing import Protocol

from server.errors import UnitbrushError

NO_LOOKS = "{}"


class StoreError(UnitbrushError, status=503, slug="store-unavailable", title="The pictures cannot be kept"):
    """The file or the database cannot be used; the message says why and what to do."""


class StoreFull(UnitbrushError, status=507, slug="store-full", title="No more pictures can be kept"):
    """As many pictures as configured, or as the disk holds, are kept already."""


class UnknownPicture(UnitbrushError, LookupError, status=404, slug="unknown-picture", title="There is no such picture"):
    """No picture has that id."""


class NothingToUndo(UnitbrushError, status=409, slug="nothing-to-undo", title="There is nothing to undo or redo"):
    """The picture is at its oldest state (or, when redoing, at its newest)."""


class RevisionMismatch(UnitbrushError, status=412, slug="revision-mismatch", title="The picture has changed meanwhile"):
    """The caller knew another revision than the present one."""


class DamagedPicture(UnitbrushError, status=500, slug="damaged-picture", title="The kept picture is damaged"):
    """What is stored of the picture is not what was kept; it can be deleted."""


@dataclass(frozen=True)
class State:
    """What can be changed in a picture, and undone. edits: each one's JSON, oldest first. looks: a JSON object, the
    document's other members that can be changed."""

    edits: tuple[str, ...] = ()
    looks: str = NO_LOOKS


UNPAINTED = State()


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


class Store(Protocol):
    """The pictures. Methods may be called from any thread; each waits until its change is on a disk.

    known: the revisions that a caller knows, one of which the picture must have; None for any. A method that is given
    them raises RevisionMismatch, and UnknownPicture; all but `delete` raise DamagedPicture, and all raise StoreError.
    """

    def close(self) -> None:
        """Let go of the file or the database; nothing is lost without it."""

    def create(self, base: str, state: State = UNPAINTED) -> StoredPicture:
        """Keep a new picture. Raises StoreFull."""

    def get(self, picture: str, known: Container[int] | None = None) -> StoredPicture:
        """The picture as it is now."""

    def change(
        self, picture: str, change: Callable[[State], State], known: Container[int] | None = None
    ) -> StoredPicture:
        """Replace the state by `change(state)`, as a new one that can be undone. Nothing changes where it returns the
        same state or raises. Raises StoreFull."""

    def undo(self, picture: str, known: Container[int] | None = None) -> StoredPicture:
        """Go back one state. Raises NothingToUndo."""

    def redo(self, picture: str, known: Container[int] | None = None) -> StoredPicture:
        """Go forward one state. Raises NothingToUndo."""

    def rename(self, picture: str, name: str, known: Container[int] | None = None) -> StoredPicture:
        """Give the picture a name, which is no step of its history."""

    def delete(self, picture: str, known: Container[int] | None = None) -> None:
        """Forget the picture and its history, damaged or not, on a full disk too."""


def joined(base: str, state: State) -> str:
    """The whole document, JSON: the bytes that `/render` takes."""
    looks = f",{state.looks[1:-1]}" if state.looks != NO_LOOKS else ""
    return f'{base[:-1]}{looks},"edits":[{",".join(state.edits)}]}}'
