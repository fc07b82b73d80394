from __future__ import annotations

from server.services import BytesCache


def test_the_cache_keeps_what_was_used_last_within_its_bytes() -> None:
    cache = BytesCache(10)
    cache.put("a", b"aaaa")
    cache.put("b", b"bbbb")
    assert cache.get("a") == b"aaaa"
    cache.put("c", b"cccc")
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == (b"aaaa", None, b"cccc")


def test_what_is_put_again_counts_once_and_what_is_too_large_not_at_all() -> None:
    cache = BytesCache(10)
    cache.put("a", b"aaaa")
    for _ in range(5):
        cache.put("b", b"bbbbbb")
    assert cache.get("a") == b"aaaa"
    cache.put("c", b"c" * 11)
    assert (cache.get("a"), cache.get("c")) == (b"aaaa", None)
