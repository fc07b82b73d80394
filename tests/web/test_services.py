from __future__ import annotations

from pathlib import Path

from server.files import SEGMENTER
from server.web.services import BytesCache
from tests.helpers.serving import asgi_client, settings_in, write_model


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


async def test_another_segmenter_makes_another_version_of_the_model(tmp_path: Path) -> None:
    write_model(tmp_path)
    versions = set()
    for segmenter in (b"", b"one", b"another"):
        if segmenter:
            (tmp_path / "models" / "village" / SEGMENTER).write_bytes(segmenter)
        async with asgi_client(settings_in(tmp_path)) as client:
            versions.add((await client.get("/api/v1/models")).json()["models"][0]["version"])
    assert len(versions) == 3
