"""Long work in steps: a generator, between whose steps others have turns."""

from collections.abc import Generator
from typing import TypeVar

T = TypeVar("T")


def finished(steps: Generator[object, None, T]) -> T:
    """What it returns, all its steps taken."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            value: T = end.value
            return value
