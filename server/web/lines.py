"""Turns on the device: who waits, in lines, who gets it next, and generators of which each step is a turn.

The most urgent line that anybody waits in has the next turn. The others do not wait for ever: each has a patience, and
once it has let so many turns of others pass, it is served before them.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from server.painting.batches import Prepared
from server.painting.edits import Check
from server.painting.picture import Picture

T = TypeVar("T")
Piece = TypeVar("Piece")
Result = TypeVar("Result", covariant=True)

# A picture to draw, and whether a draft of it will do.
Wanted = tuple[Picture | Prepared, bool]


class Work(Protocol[Result]):
    """What a turn does in the device's thread."""

    def __call__(self, *, check: Check) -> Result:
        """Do it. check: called between its steps; it raises where nobody waits for the result any more."""


@dataclass(eq=False)
class Turn:
    """A caller's turn: `choose` gives the work once the device is free, `result` gets what came of it.

    counted: whether its time is observed. frame: gives the picture in the place of `choose`, where drafts of several
    callers are drawn at once.
    """

    choose: Callable[[], Work[Any]]
    result: asyncio.Future[Any]
    counted: bool = True
    frame: Callable[[], Wanted] | None = None


@dataclass(eq=False)
class Line:
    """Turns that wait, first come, first served. patience: how many turns of others it lets pass; None for those of
    all. passed: how many it has let pass since it was served, or since somebody began to wait."""

    patience: int | None
    turns: deque[Turn] = field(default_factory=deque)
    passed: int = 0

    @property
    def overdue(self) -> bool:
        """Whether it has let enough turns pass."""
        return self.patience is not None and self.passed >= self.patience


def next_turn(lines: Sequence[Line]) -> Turn | None:
    """Take the next turn out of its line; None where nobody waits. lines: the most urgent first."""
    waiting = [line for line in lines if line.turns]
    if not waiting:
        return None
    served = next((line for line in waiting if line.overdue), waiting[0])
    for line in lines:
        line.passed = line.passed + 1 if line.turns and line is not served else 0
    return served.turns.popleft()


def chosen(turn: Turn, choose: Callable[[], T]) -> T | None:
    """What is chosen now that the turn has come; None where that fails, and then the turn's caller hears why."""
    try:
        return choose()
    except Exception as error:
        turn.result.set_exception(error)
        return None


@dataclass(frozen=True)
class Returned(Generic[T]):
    """What a generator returned at its end."""

    value: T


def take_step(work: Generator[Piece, None, T], check: Check) -> Piece | Returned[T]:
    """The generator's next piece, or what it returned, as a future takes no StopIteration. Raises what `check` does."""
    check()
    try:
        return next(work)
    except StopIteration as end:
        return Returned(end.value)


def same(work: Work[T]) -> Work[T]:
    """The work itself, for a turn whose work is chosen already."""
    return work
