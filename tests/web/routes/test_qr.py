"""A text as a QR code."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import httpx
import pytest
import segno


async def test_a_text_becomes_a_square_with_its_three_finders(client: httpx.AsyncClient) -> None:
    rows = (await client.post("/api/v1/qr", json={"text": "http://127.0.0.1:8000/?seed=7"})).json()["rows"]
    side = len(rows)
    assert side >= 21
    assert all(len(row) == side for row in rows)
    finder = ["1111111", "1000001", "1011101", "1011101", "1011101", "1000001", "1111111"]
    assert [row[:7] for row in rows[:7]] == finder
    assert [row[-7:] for row in rows[:7]] == finder
    assert [row[:7] for row in rows[-7:]] == finder


async def test_other_texts_are_other_codes(client: httpx.AsyncClient) -> None:
    answers = [(await client.post("/api/v1/qr", json={"text": t})).json()["rows"] for t in ("a", "b")]
    assert answers[0] != answers[1]


@pytest.mark.parametrize("text", ["", "x" * 3500, "x" * 5000, 7])
async def test_what_fits_no_code_is_a_problem(client: httpx.AsyncClient, text: object) -> None:
    answer = await client.post("/api/v1/qr", json={"text": text})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


async def test_codes_have_a_thread_of_their_own_and_a_bound(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, threads, go = segno.make_qr, set(), threading.Event()

    def held(*args: Any, **options: Any) -> Any:
        threads.add(threading.current_thread().name)
        assert go.wait(60)
        return make(*args, **options)

    monkeypatch.setattr(segno, "make_qr", held)
    asked = [asyncio.create_task(client.post("/api/v1/qr", json={"text": str(i)})) for i in range(40)]
    refused, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
    assert {(task.result().status_code, task.result().json()["type"]) for task in refused} == {
        (503, "urn:unitbrush:problem:busy")
    }
    assert all(int(task.result().headers["retry-after"]) >= 1 for task in refused)
    # Documents and images do not wait for them.
    assert (await client.post("/api/v1/render", json={"seed": 1})).status_code == 200
    go.set()
    answers = [(await task).status_code for task in asked]
    assert answers.count(200) == 16
    assert set(answers) == {200, 503}
    assert len(threads) == 1


async def test_a_body_that_is_no_text_is_a_problem(client: httpx.AsyncClient) -> None:
    for body, status in ((b"{", 400), (b"[]", 422), (b"[" * 10**6, 422), (b"{}", 422)):
        answer = await client.post("/api/v1/qr", content=body, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
