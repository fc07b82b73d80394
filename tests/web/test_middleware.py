from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from starlette.datastructures import Headers
from starlette.types import Message, Receive

from server.web.middleware import BodyTooLarge, limited, pattern


def test_a_pattern_names_parameters_and_never_their_values() -> None:
    scope = {"path": "/api/v1/pictures/xyz/edits/3", "endpoint": None, "path_params": {"picture": "xyz", "index": "3"}}
    assert pattern(scope) == "/api/v1/pictures/{picture}/edits/{index}"
    report = {"path": "/dissect/village/data.js", "endpoint": None, "path_params": {"path": "village/data.js"}}
    assert pattern(report) == "/dissect/{path}"
    assert pattern({**report, "path": "/dissect/", "path_params": {"path": ""}}) == "/dissect/{path}"
    assert pattern({"path": "/healthz", "endpoint": None, "path_params": {}}) == "/healthz"
    assert pattern({"path": "/whatever/people/ask", "path_params": {}}) == "other"


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
