from __future__ import annotations

from pathlib import Path

from server.files import SEGMENTER
from tests.helpers.serving import asgi_client, settings_in
from tests.helpers.tiny import write_model


async def test_another_segmenter_makes_another_version_of_the_model(tmp_path: Path) -> None:
    write_model(tmp_path)
    versions = set()
    for segmenter in (b"", b"one", b"another"):
        if segmenter:
            (tmp_path / "models" / "village" / SEGMENTER).write_bytes(segmenter)
        async with asgi_client(settings_in(tmp_path)) as client:
            versions.add((await client.get("/api/v1/models")).json()["models"][0]["version"])
    assert len(versions) == 3
