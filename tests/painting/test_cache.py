"""The cache keeps what was used last, within its bytes."""

from __future__ import annotations

import numpy as np

from server.painting.cache import ByteCache


def made(n: int = 10) -> np.ndarray:
    return np.zeros(n, np.uint8)


def test_what_is_kept_is_not_made_again() -> None:
    cache: ByteCache[np.ndarray] = ByteCache(100)
    first = cache.get("a", made)
    assert cache.get("a", lambda: made(99)) is first


def test_what_was_used_longest_ago_goes_first() -> None:
    cache: ByteCache[np.ndarray] = ByteCache(30)
    kept = {name: cache.get(name, made) for name in "abc"}
    cache.get("a", made)
    cache.get("d", made)
    assert cache.nbytes == 30
    assert cache.get("a", lambda: made(1)) is kept["a"]
    assert cache.get("c", lambda: made(1)) is kept["c"]
    assert cache.get("b", lambda: made(1)) is not kept["b"]


def test_what_is_too_large_is_handed_out_but_not_kept() -> None:
    cache: ByteCache[np.ndarray] = ByteCache(30)
    small = cache.get("small", made)
    assert cache.get("large", lambda: made(31)).nbytes == 31
    assert cache.nbytes == 10
    assert cache.get("small", made) is small
