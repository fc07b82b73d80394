from __future__ import annotations

from pathlib import Path

import httpx

from server.painting.cache import ByteCache
from server.web.answers import Content
from server.web.static import Files


def contents(most: int) -> ByteCache[Content]:
    return ByteCache(most, lambda content: len(content.plain))


def test_a_file_is_read_once_until_it_changes(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text("one")
    files = Files(tmp_path, contents(2**20))
    first = files.content("a.js")
    assert first is not None
    assert files.content("a.js") is first
    (tmp_path / "a.js").write_text("another")
    changed = files.content("a.js")
    assert changed is not None
    assert changed.plain == b"another"


def test_what_was_read_is_bounded_by_bytes_and_what_is_not_there_takes_none(tmp_path: Path) -> None:
    kept = contents(64 * 1024)
    for number in range(40):
        (tmp_path / f"{number}.bin").write_bytes(bytes(10_000))
    (tmp_path / "huge.bin").write_bytes(bytes(100_000))
    files = Files(tmp_path, kept)
    for number in range(40):
        assert files.content(f"{number}.bin") is not None
        assert kept.nbytes <= kept.max_bytes
    huge = files.content("huge.bin")
    assert huge is not None
    assert len(huge.plain) == 100_000
    taken = kept.nbytes
    for number in range(1000):
        assert files.content(f"nothing/{number}.bin") is None
    assert kept.nbytes == taken <= kept.max_bytes


def test_a_file_without_end_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "hole.bin").open("wb") as file:
        file.truncate(2**40)
    assert Files(tmp_path).content("hole.bin") is None


async def test_names_that_strangers_make_up_are_kept_nowhere(client: httpx.AsyncClient) -> None:
    services = client._transport.app.state.services  # type: ignore[attr-defined]
    for number in range(200):
        assert (await client.get(f"/dissect/model{number}/")).status_code == 404
        assert (await client.get(f"/api/v1/models/model{number}/images/1")).status_code == 404
        assert (await client.post("/api/v1/render", json={"model": f"m{number}", "seed": 1})).status_code == 404
    assert services.versions.keys() <= {"village"}
    assert services.catalog._loaded.keys() <= {"village"}
    assert services.metrics.text().count(b"\nunitbrush_requests_total{") < 10
