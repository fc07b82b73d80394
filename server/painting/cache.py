"""The one cache: values used last, bounded by their bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from itertools import islice
from typing import Generic, TypeVar

T = TypeVar("T")

ENTRY_BYTES = 512  # of an entry beside its value: its key, which is to be short, and the bookkeeping


class ByteCache(Generic[T]):
    """At most `max_bytes` of values, forgotten in the order of their last use. size: the bytes of a value.

    What it hands out is shared: never write to it. Safe between threads. hits, misses: how often what was asked for was
    there, and was not.
    """

    def __init__(self, max_bytes: int, size: Callable[[T], int]) -> None:
        self.max_bytes, self._size = max_bytes, size
        self._lock = threading.Lock()
        self._values: OrderedDict[tuple[object, ...], T] = OrderedDict()
        self._bytes = 0
        self.hits = self.misses = 0

    @property
    def nbytes(self) -> int:
        """The bytes of all entries now."""
        return self._bytes

    def get(self, key: tuple[object, ...]) -> T | None:
        """The value of that key, None where there is none. key: short and hashable, a digest in the place of a mask."""
        with self._lock:
            if key not in self._values:
                self.misses += 1
                return None
            self.hits += 1
            self._values.move_to_end(key)
            return self._values[key]

    def put(self, key: tuple[object, ...], value: T) -> T:
        """Keep a value, unless it is larger than the whole cache or its key has one. Returns the one of the key."""
        added = self._size(value) + ENTRY_BYTES
        with self._lock:
            if key in self._values or added > self.max_bytes:
                return self._values.get(key, value)
            self._values[key] = value
            self._bytes += added
            while self._bytes > self.max_bytes:
                self._bytes -= self._size(self._values.popitem(last=False)[1]) + ENTRY_BYTES
        return value

    def newest(self, start: tuple[object, ...], most: int) -> list[tuple[tuple[object, ...], T]]:
        """Of the entries whose keys begin so, those used last, the newest first. They do not count as used now."""
        with self._lock:
            newest = ((key, value) for key, value in reversed(self._values.items()) if key[: len(start)] == start)
            return list(islice(newest, most))

    def forget(self, key: tuple[object, ...] | None) -> None:
        """Drop that entry, if there is one."""
        with self._lock:
            if key is not None and key in self._values:
                self._bytes -= self._size(self._values.pop(key)) + ENTRY_BYTES

    def get_or_make(self, key: tuple[object, ...], make: Callable[[], T]) -> T:
        """The value of that key, made where there is none. Two threads that miss at once both make it."""
        value = self.get(key)
        return self.put(key, make()) if value is None else value
