"""Work that is done ahead of time: while a step trains, the examples of the next ones are made."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def ahead(make: Callable[[], T], depth: int = 2) -> Generator[T, None, None]:
    """What `make` gives, call after call, without end; made in one thread of its own, `depth` calls ahead.

    `make` is never run twice at once, so a random generator that it alone uses gives the same as without a thread. What
    it raises is raised where its outcome would have come. The thread ends when the generator is closed.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as thread:
        coming: deque[Future[T]] = deque(thread.submit(make) for _ in range(depth))
        try:
            while True:
                coming.append(thread.submit(make))
                yield coming.popleft().result()
        finally:
            for made in coming:
                made.cancel()
