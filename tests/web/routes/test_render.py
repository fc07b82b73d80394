from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from server.painting.imaging import read_document

PICTURE: dict[str, Any] = {
    "version": 1,
    "model": "village",
    "seed": 42,
    "edits": [
        {
            "op": "draw",
            "concept": "tree",
            "mask": {"strokes": [{"points": [[0.2, 0.2], [0.3, 0.3]], "radius": 0.2}]},
            "units": 4,
            "strength": 1.0,
        },
        {"op": "remove", "concept": "door", "mask": None},
    ],
}


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)


async def test_the_same_document_gives_the_same_bytes(client: httpx.AsyncClient) -> None:
    answers = [await client.post("/api/v1/render", json=PICTURE) for _ in range(3)]
    assert {a.status_code for a in answers} == {200}
    assert len({a.content for a in answers}) == 1


async def test_edits_change_the_image_and_formats_agree(client: httpx.AsyncClient) -> None:
    plain = await client.post("/api/v1/render", json={**PICTURE, "edits": []})
    png = await client.post("/api/v1/render", json=PICTURE)
    webp = await client.post("/api/v1/render?format=webp", json=PICTURE)
    jpeg = await client.post("/api/v1/render", json=PICTURE, headers={"Accept": "image/jpeg"})
    assert [a.headers["content-type"] for a in (png, webp, jpeg)] == ["image/png", "image/webp", "image/jpeg"]
    assert np.abs(pixels(png.content) - pixels(plain.content)).max() > 0
    assert np.array_equal(pixels(png.content), pixels(webp.content))
    assert np.abs(pixels(png.content) - pixels(jpeg.content)).mean() < 10


async def test_the_model_may_be_left_to_the_default(client: httpx.AsyncClient) -> None:
    short = {key: value for key, value in PICTURE.items() if key not in ("model", "version")}
    answers = [await client.post("/api/v1/render", json=document) for document in (PICTURE, short)]
    assert answers[0].content == answers[1].content


async def test_a_latent_stands_for_its_seed(client: httpx.AsyncClient) -> None:
    z = np.random.RandomState(42).standard_normal(8).astype(np.float32).tolist()
    with_z = await client.post("/api/v1/render", json={"model": "village", "z": z})
    with_seed = await client.post("/api/v1/render", json={"model": "village", "seed": 42})
    assert np.array_equal(pixels(with_z.content), pixels(with_seed.content))


async def test_a_document_larger_than_is_read_inline(client: httpx.AsyncClient) -> None:
    points = [[(i % 100) / 100, 0.25] for i in range(4000)]
    edit = {"op": "draw", "concept": "tree", "mask": {"strokes": [{"points": points, "radius": 0.01}]}}
    answer = await client.post("/api/v1/render", json={"seed": 1, "edits": [edit]})
    assert answer.status_code == 200


BAD_EDIT: dict[str, Any] = {"op": "draw", "concept": "tree", "mask": None}


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ([], ""),
        ({"seed": -1}, "/seed"),
        ({"seed": 2**32}, "/seed"),
        ({"seed": 1.5}, "/seed"),
        ({"seed": "1"}, "/seed"),
        ({"seed": True}, "/seed"),
        ({}, ""),
        ({"seed": 1, "z": [0.0] * 8}, ""),
        ({"z": [0.0] * 7}, "/z"),
        ({"z": ["a"] * 8}, "/z/0"),
        ({"seed": 1, "version": 2}, "/version"),
        ({"seed": 1, "more": 1}, "/more"),
        ({"seed": 1, "edits": {}}, "/edits"),
        ({"seed": 1, "edits": [{**BAD_EDIT, "op": "paint"}]}, "/edits/0/op"),
        ({"seed": 1, "edits": [{**BAD_EDIT, "concept": "dragon"}]}, "/edits/0/concept"),
        ({"seed": 1, "edits": [{**BAD_EDIT, "units": 0}]}, "/edits/0/units"),
        ({"seed": 1, "edits": [{**BAD_EDIT, "units": 13}]}, "/edits/0/units"),
        ({"seed": 1, "edits": [{**BAD_EDIT, "strength": 1.5}]}, "/edits/0/strength"),
        ({"seed": 1, "edits": [{**BAD_EDIT, "layer": "layer99"}]}, "/edits/0/layer"),
        ({"seed": 1, "edits": [{**BAD_EDIT, "layer": "layer1"}]}, "/edits/0/layer"),
        ({"seed": 1, "edits": [{**BAD_EDIT, "mask": {"rect": [0.5, 0, 0.5, 1]}}]}, "/edits/0/mask"),
        ({"seed": 1, "edits": [{**BAD_EDIT, "mask": {"rect": [0, 0, 1]}}]}, "/edits/0/mask/rect"),
        ({"seed": 1, "edits": [{**BAD_EDIT, "mask": {"png": "no base64"}}]}, "/edits/0/mask"),
        ({"seed": 1, "edits": [{**BAD_EDIT, "mask": {}}]}, "/edits/0/mask"),
        ({"seed": 1, "edits": [{**BAD_EDIT, "mask": {"strokes": []}}]}, "/edits/0/mask/strokes"),
        (
            {"seed": 1, "edits": [{**BAD_EDIT, "mask": {"strokes": [{"points": [[0, 2]], "radius": 0.1}]}}]},
            "/edits/0/mask/strokes/0/points/0/1",
        ),
    ],
)
async def test_what_is_no_picture_is_422_with_a_pointer(
    client: httpx.AsyncClient, document: object, pointer: str
) -> None:
    answer = await client.post("/api/v1/render", json=document)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == 422
    assert problem["pointer"] == pointer
    assert "Traceback" not in answer.text


async def test_an_unknown_model_is_404(client: httpx.AsyncClient) -> None:
    assert (await client.post("/api/v1/render", json={"model": "castle", "seed": 1})).status_code == 404


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff\xfe", b'{"seed": NaN}', b'{"seed": 1,}', b"[" * 100_000, b'{"seed": 1e999}']
)
async def test_what_is_no_json_is_a_problem(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/api/v1/render", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.json().keys() >= {"type", "title", "status", "detail"}


async def test_another_media_type_is_415(client: httpx.AsyncClient) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "image/png"):
        answer = await client.post("/api/v1/render", content=json.dumps(PICTURE), headers={"Content-Type": kind})
        assert answer.status_code == 415
        assert answer.json()["status"] == 415


async def test_json_with_a_charset_or_a_suffix_is_json(client: httpx.AsyncClient) -> None:
    for kind in ("application/json; charset=utf-8", "application/vnd.unitbrush+json"):
        answer = await client.post("/api/v1/render", content=json.dumps(PICTURE), headers={"Content-Type": kind})
        assert answer.status_code == 200


async def test_a_body_over_the_limit_is_413_declared_or_not(client: httpx.AsyncClient) -> None:
    large = b" " * (8 * 2**20 + 1)

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(large), 2**20):
            yield large[start : start + 2**20]

    declared = await client.post("/api/v1/render", content=large, headers={"Content-Type": "application/json"})
    chunked = await client.post("/api/v1/render", content=pieces(), headers={"Content-Type": "application/json"})
    assert "content-length" not in chunked.request.headers
    for answer in (declared, chunked):
        assert answer.status_code == 413
        assert answer.json()["title"] == "The body is too large"


async def test_a_body_of_exactly_the_limit_is_read(client: httpx.AsyncClient) -> None:
    document = json.dumps(PICTURE).encode()
    padded = document + b" " * (8 * 2**20 - len(document))
    answer = await client.post("/api/v1/render", content=padded, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200


async def test_directions_and_clean_change_picture_tag_and_document(client: httpx.AsyncClient) -> None:
    looks: list[dict[str, Any]] = [
        {},
        {"directions": {"season": 1}},
        {"directions": {"season": -1}},
        {"clean": True},
        {"directions": {"season": 1}, "clean": True},
    ]
    answers = [await client.post("/api/v1/render", json={**PICTURE, **more}) for more in looks]
    assert len({a.headers["etag"] for a in answers}) == len({a.content for a in answers}) == len(looks)
    for answer, more in zip(answers, looks, strict=True):
        document = read_document(answer.content)
        assert {k: v for k, v in json.loads(document).items() if k in ("directions", "clean")} == more
        again = await client.post("/api/v1/render", content=document)
        assert again.content == answer.content
    for same in ({"directions": {}}, {"directions": {"season": 0}}, {"clean": False}):
        answer = await client.post("/api/v1/render", json={**PICTURE, **same})
        assert (answer.content, answer.headers["etag"]) == (answers[0].content, answers[0].headers["etag"])


@pytest.mark.parametrize(
    ("more", "kind", "pointer"),
    [
        ({"directions": {"spring": 1}}, "unknown-direction", "/directions/spring"),
        ({"directions": {"season": 2.5}}, "invalid-picture", "/directions/season"),
        ({"directions": {"season": "1"}}, "invalid-picture", "/directions/season"),
        ({"clean": 1}, "invalid-picture", "/clean"),
    ],
)
async def test_bad_directions_are_422(client: httpx.AsyncClient, more: dict[str, Any], kind: str, pointer: str) -> None:
    answer = await client.post("/api/v1/render", json={**PICTURE, **more})
    problem = answer.json()
    assert (answer.status_code, problem["type"], problem["pointer"]) == (422, f"urn:unitbrush:problem:{kind}", pointer)
