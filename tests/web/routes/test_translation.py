from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import pytest_asyncio
from PIL import Image

from server.files import GENERATOR, TRANSLATOR, file_sha256
from server.model import translator as translators
from server.model.translator import load_translator, translated
from server.painting.imaging import read_document
from tests.helpers.serving import asgi_client, renders, settings_in
from tests.helpers.tiny import write_model, write_translator

EDIT = {"op": "draw", "concept": "tree", "mask": {"rect": [0, 0, 0.5, 1]}, "strength": 1.0}
PICTURE: dict[str, Any] = {"version": 1, "model": "village", "seed": 42, "edits": [EDIT]}
QUESTION: dict[str, Any] = {"picture": PICTURE, "to": "winter"}
PATH = "/api/v1/translate"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_model(tmp_path)
    write_translator(tmp_path)
    return tmp_path


@pytest_asyncio.fixture
async def translating(folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with asgi_client(settings_in(folder)) as client:
        yield client


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


async def seasons(client: httpx.AsyncClient) -> list[list[str]]:
    return [model["translations"] for model in (await client.get("/api/v1/models")).json()["models"]]


async def test_a_picture_in_another_season_carries_its_document(translating: httpx.AsyncClient, folder: Path) -> None:
    assert await seasons(translating) == [["summer", "winter"]]
    plain = await translating.post("/api/v1/render", json=PICTURE)
    asked = [{}, {"style": 3}, {"style": 2**32 - 1}, {"to": "summer"}]
    answers = [await translating.post(PATH, json={**QUESTION, **more}) for more in asked]
    for answer in answers:
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
        assert json.loads(read_document(answer.content)) == PICTURE
    assert len({answer.content for answer in [plain, *answers]}) == 5
    translator, _ = load_translator(folder / "models" / "village" / TRANSLATOR)
    assert np.array_equal(pixels(answers[1].content), translated(translator, pixels(plain.content), "winter", 3))


async def test_formats_and_sizes_are_those_of_images(translating: httpx.AsyncClient) -> None:
    for query, accept, form, side in [
        ("?format=jpeg", "*/*", "JPEG", 32),
        ("?format=webp", "image/png", "WEBP", 32),
        ("?size=16", "image/jpeg", "JPEG", 16),
    ]:
        answer = await translating.post(f"{PATH}{query}", json=QUESTION, headers={"Accept": accept})
        image = Image.open(io.BytesIO(answer.content))
        assert (image.format, image.size) == (form, (side, side))


async def test_the_second_time_nothing_is_drawn_and_no_file_is_read(
    translating: httpx.AsyncClient, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await translating.post(PATH, json=QUESTION)
    worked, read = await renders(translating), []

    def reading(path: Path) -> Any:
        read.append(path.name)
        return load_translator(path)

    monkeypatch.setattr(translators, "load_translator", reading)
    assert (await translating.post(PATH, json=QUESTION)).content == first.content
    assert await renders(translating) == worked
    await translating.post(PATH, json={**QUESTION, "style": 1})
    await seasons(translating)
    assert read == []
    # One that was trained anew is taken up, and what the old one painted is not passed off as its own.
    write_translator(folder, seed=2)
    assert (await translating.post(PATH, json=QUESTION)).content != first.content
    assert read == [TRANSLATOR]


@pytest.mark.parametrize(
    ("more", "slug", "pointer"),
    [
        ({"to": "spring"}, "unknown-season", "/to"),
        ({"to": "<b>Winter</b>\n"}, "unknown-season", "/to"),
        ({"to": ""}, "invalid-picture", "/to"),
        ({"to": ["winter"]}, "invalid-picture", "/to"),
        ({"style": -1}, "invalid-picture", "/style"),
        ({"style": 2**32}, "invalid-picture", "/style"),
        ({"style": 1.5}, "invalid-picture", "/style"),
        ({"style": True}, "invalid-picture", "/style"),
        ({"strength": 1}, "invalid-picture", "/strength"),
        ({"picture": {**PICTURE, "edits": [{**EDIT, "concept": "dragon"}]}}, None, "/picture/edits/0/concept"),
        ({"picture": {**PICTURE, "edits": [{**EDIT, "mask": {"png": "?"}}]}}, None, "/picture/edits/0/mask"),
    ],
)
async def test_bad_questions_are_problems(
    translating: httpx.AsyncClient, more: dict[str, Any], slug: str | None, pointer: str
) -> None:
    answer = await translating.post(PATH, json={**QUESTION, **more})
    assert (answer.status_code, answer.json()["pointer"]) == (422, pointer)
    if slug is not None:
        assert answer.json()["type"] == f"urn:unitbrush:problem:{slug}"
    if slug == "unknown-season":
        assert "summer and winter" in answer.json()["detail"]


async def test_a_model_without_a_translator_of_its_own_says_what_trains_one(tmp_path: Path) -> None:
    write_model(tmp_path)
    async with asgi_client(settings_in(tmp_path)) as client:
        for generator in (None, "of another"):
            if generator is not None:
                write_translator(tmp_path, generator=generator)
            assert await seasons(client) == [[]]
            answer = await client.post(PATH, json=QUESTION)
            assert (answer.status_code, answer.json()["type"]) == (409, "urn:unitbrush:problem:no-translator")
            assert "unitbrush translator village" in answer.json()["detail"]
        write_translator(tmp_path, generator=file_sha256(tmp_path / "models" / "village" / GENERATOR))
        assert await seasons(client) == [["summer", "winter"]]


async def test_a_damaged_translator_is_a_problem_and_no_reason_to_list_no_models(folder: Path) -> None:
    write_model(folder, "abbey")
    write_translator(folder, "abbey")
    (folder / "models" / "village" / TRANSLATOR).write_bytes(b"none")
    async with asgi_client(settings_in(folder)) as client:
        assert await seasons(client) == [[], ["summer", "winter"]]
        answer = await client.post(PATH, json=QUESTION)
        assert (answer.status_code, answer.json()["type"]) == (500, "urn:unitbrush:problem:unreadable-weights")
        assert TRANSLATOR in answer.json()["detail"]
        assert str(folder) not in answer.text
