from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.datastructures import Headers
from starlette.types import Message, Receive

from server.app import create_app
from server.web.middleware import BodyTooLarge, limited
from tests.helpers.serving import settings_in


async def test_a_pattern_is_the_routes_own_whatever_is_asked_for(client: httpx.AsyncClient) -> None:
    """Also where a value is the name of another part of the path, or none at all."""
    asked = [f"/dissect/{name}/{file}" for name in ("", "dissect", "a", "b", "é") for file in ("", "x.js", "y/z")]
    asked += [f"/api/v1/models/{name}/concepts" for name in ("models", "concepts", "api", "v1", "{model}", "a", "b")]
    asked += [f"/api/v1/pictures/{name}/image" for name in ("pictures", "image", "1", "2")]
    for path in (*asked, *(f"/whatever/{number}" for number in range(9)), "/healthz"):
        await client.get(path)
    for path in ("/api/v1/render", "/api/v1/models/models/render", "/docs", "/openapi.json"):
        await client.get(path)
    for method in ("BREW", "PROPFIND", "get", "x" * 99):
        await client.request(method, "/api/v1/models/models/concepts")
    text = (await client.get("/metrics")).text
    assert set(re.findall('route="([^"]*)"', text)) == {
        "/dissect/{path}",
        "/api/v1/models/{model}/concepts",
        "/api/v1/pictures/{picture}/image",
        "/healthz",
        "/api/v1/render",
        "/docs",
        "/openapi.json",
        "other",
    }
    assert set(re.findall('method="([^"]*)"', text)) == {"GET", "other"}


async def test_behind_a_prefix_a_pattern_is_the_same(installed: Path, tmp_path: Path) -> None:
    app = create_app(settings_in(installed, data_dir=tmp_path))
    transport = httpx.ASGITransport(app, root_path="/studio")
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport) as client:
        await client.get("http://localhost/studio/api/v1/pictures/studio")
        text = (await client.get("http://localhost/studio/metrics")).text
    assert 'route="/api/v1/pictures/{picture}"' in text


def pieces(*sizes: int) -> tuple[Receive, list[int]]:
    """A request body in pieces, and a list that grows with those that were read."""
    read: list[int] = []

    async def messages() -> AsyncIterator[Message]:
        for i, size in enumerate(sizes):
            read.append(size)
            yield {"type": "http.request", "body": b"x" * size, "more_body": i + 1 < len(sizes)}

    stream = messages()
    return lambda: anext(stream), read


async def test_a_body_within_the_limit_passes_through() -> None:
    receive, _ = pieces(4, 6)
    receive = await limited(receive, Headers(), 10)
    assert [len((await receive())["body"]) for _ in range(2)] == [4, 6]


async def test_a_longer_one_is_refused_after_it_was_drained() -> None:
    receive, read = pieces(6, 6, 6, 6)
    receive = await limited(receive, Headers(), 10)
    await receive()
    with pytest.raises(BodyTooLarge):
        await receive()
    assert read == [6, 6, 6, 6]


async def test_a_declared_length_is_refused_before_any_call_reads_it() -> None:
    receive, read = pieces(6, 6)
    with pytest.raises(BodyTooLarge):
        await limited(receive, Headers({"content-length": "12"}), 10)
    assert read == [6, 6]
    receive, read = pieces(6, 6)
    with pytest.raises(BodyTooLarge):
        await limited(receive, Headers({"content-length": "12", "expect": "100-continue"}), 10)
    assert read == []
    await limited(receive, Headers({"content-length": "12"}), 12)
