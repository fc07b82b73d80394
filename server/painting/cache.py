"""A cache of arrays bounded by their bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar


class _Sized(Protocol):
    @property
    def nbytes(self) -> int: ...


T = TypeVar("T", bound=_Sized)


class ByteCache(Generic[T]):
    """The values used last, at most `max_bytes` of them. What it hands out is shared: never write to it.

    Safe between threads. Two threads that miss at once both compute the value; the first one's is kept.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, T] = OrderedDict()
        self._bytes = 0

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value of that key, made where it is not kept."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        value = make()
        with self._lock:
            if key not in self._kept and value.nbytes <= self.max_bytes:
                self._kept[key] = value
                self._bytes += value.nbytes
                while self._bytes > self.max_bytes:
                    self._bytes -= self._kept.popitem(last=False)[1].nbytes
        return value

    @property
    def nbytes(self) -> int:
        """The bytes kept now."""
        with self._lock:
            return self._bytes
