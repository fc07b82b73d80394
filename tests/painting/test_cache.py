"""The cache keeps what was used last, within its bytes."""

from __future__ import annotations

from server.painting.cache import ENTRY_BYTES, ByteCache


def cache_of(entries: int, value_bytes: int = 10) -> ByteCache[bytes]:
    """Room for so many values of so many bytes."""
    return ByteCache(entries * (value_bytes + ENTRY_BYTES), len)


def test_what_is_kept_is_not_made_again() -> None:
    cache = cache_of(2)
    first = cache.get_or_make(("a",), lambda: bytes(10))
    assert cache.get_or_make(("a",), lambda: b"other") is first
    assert cache.get(("a",)) is first
    assert cache.get(("b",)) is None
    assert (cache.hits, cache.misses) == (2, 2)


def test_what_was_used_longest_ago_goes_first() -> None:
    cache = cache_of(3)
    kept = {name: cache.put((name,), bytes(10)) for name in "abc"}
    cache.get(("a",))
    cache.put(("d",), bytes(10))
    assert cache.nbytes == 3 * (10 + ENTRY_BYTES)
    assert cache.get(("a",)) is kept["a"]
    assert cache.get(("c",)) is kept["c"]
    assert cache.get(("b",)) is None


def test_what_is_too_large_is_handed_out_but_not_kept() -> None:
    cache = cache_of(3)
    small = cache.put(("small",), bytes(10))
    large = cache.max_bytes - ENTRY_BYTES + 1
    assert len(cache.get_or_make(("large",), lambda: bytes(large))) == large
    assert cache.nbytes == 10 + ENTRY_BYTES
    assert cache.get(("small",)) is small


def test_the_first_of_two_that_were_made_at_once_stays() -> None:
    cache = cache_of(3)
    first = cache.put(("a",), b"first")
    assert cache.put(("a",), b"second") is first


def test_many_empty_values_are_bounded_too() -> None:
    cache = cache_of(100, 0)
    for i in range(1000):
        cache.put((i,), b"")
    assert sum(cache.get((i,)) is not None for i in range(1000)) == 100


def test_entries_are_found_by_the_start_of_their_keys_the_newest_first() -> None:
    cache = cache_of(4)
    for name in "abcd":
        cache.put(("even" if name in "bd" else "odd", name), name.encode() * 10)
    cache.get(("odd", "a"))
    assert [key[1] for key, _ in cache.newest(("odd",), 5)] == ["a", "c"]
    assert [value for _, value in cache.newest(("even",), 1)] == [b"d" * 10]


def test_an_entry_can_be_dropped() -> None:
    cache = cache_of(2)
    for key in (("a",), ("b",)):
        cache.put(key, bytes(10))
    for gone in (("a",), ("a",), ("c",), None):
        cache.forget(gone)
    assert cache.get(("a",)) is None
    assert cache.nbytes == 10 + ENTRY_BYTES
    cache.put(("d",), bytes(10))
    assert cache.get(("b",)) is not None
