"""A text as a QR code."""

from __future__ import annotations

import httpx
import pytest


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
