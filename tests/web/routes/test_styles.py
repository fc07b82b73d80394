from __future__ import annotations

import base64
import io
import json
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from server.painting.imaging import read_document
from server.styles import fast, features, slow
from server.styles.drawn import STYLES, draw_style
from tests.helpers.serving import renders
from tests.helpers.styles import load_tiny_features

EDIT = {"op": "draw", "concept": "tree", "mask": {"rect": [0, 0, 0.5, 1]}, "strength": 1.0}
PICTURE: dict[str, Any] = {"version": 1, "model": "village", "seed": 42, "edits": [EDIT]}


def file_of(image: Image.Image) -> str:
    file = io.BytesIO()
    image.save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)


async def test_the_styles_are_listed_with_their_images(client: httpx.AsyncClient) -> None:
    listed = (await client.get("/api/v1/styles")).json()
    assert (listed["fast"], listed["slow"]) == (None, None)
    assert [style["name"] for style in listed["styles"]] == [*STYLES, *map(str, range(1, 27))]
    for style in listed["styles"]:
        assert style["slow"] == (style["image"] is not None)
    image = await client.get(listed["styles"][0]["image"])
    assert np.array_equal(pixels(image.content), draw_style("waves"))
    assert (await client.get("/api/v1/styles/nothing/image")).status_code == 404


async def test_a_picture_in_a_style_carries_its_document(client: httpx.AsyncClient) -> None:
    plain = await client.post("/api/v1/render?size=64", json=PICTURE)
    own = file_of(Image.fromarray(draw_style("glass")))
    questions = [{"style": "waves"}, {"style": "3"}, {"image": own}, {"image": f"data:image/png;base64,{own}"}]
    answers = [await client.post("/api/v1/style?size=64", json={"picture": PICTURE, **q}) for q in questions]
    for answer in answers:
        assert json.loads(read_document(answer.content)) == PICTURE
        assert pixels(answer.content).shape == (64, 64, 3)
        assert np.abs(pixels(answer.content) - pixels(plain.content)).mean() > 5
    assert answers[2].content == answers[3].content
    assert len({answer.content for answer in answers}) == 3
    jpeg = await client.post("/api/v1/style?size=64&format=jpeg", json={"picture": PICTURE, "style": "waves"})
    assert jpeg.headers["content-type"] == "image/jpeg"


async def test_the_second_time_the_device_is_not_asked(client: httpx.AsyncClient) -> None:
    question = {"picture": PICTURE, "style": "5", "strength": 0.5}
    first = await client.post("/api/v1/style?size=64", json=question)
    worked = await renders(client)
    assert (await client.post("/api/v1/style?size=64", json=question)).content == first.content
    assert await renders(client) == worked
    other = await client.post("/api/v1/style?size=64", json={**question, "strength": 0.6})
    assert other.content != first.content


async def test_slowly_it_is_a_job(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slow, "load_features", load_tiny_features)
    answer = await client.post("/api/v1/style/slow", json={"picture": PICTURE, "style": "ink", "steps": 10})
    assert answer.status_code == 202
    address = answer.headers["location"]
    assert address == f"/api/v1/jobs/{answer.json()['id']}"
    await client.get(f"{address}/events")
    job = (await client.get(address)).json()
    assert (job["state"], job["done"], job["total"]) == ("done", 10, 10)
    assert pixels((await client.get(job["preview"])).content).shape == (256, 256, 3)
    result = await client.get(job["result"])
    assert json.loads(read_document(result.content)) == PICTURE


@pytest.mark.parametrize(
    ("call", "more", "slug", "pointer"),
    [
        ("style", {}, "invalid-picture", ""),
        ("style", {"style": "waves", "image": "x"}, "invalid-picture", ""),
        ("style", {"style": "27"}, "unknown-style", "/style"),
        ("style", {"style": "marble"}, "unknown-style", "/style"),
        ("style", {"style": "waves", "strength": 2}, "invalid-picture", "/strength"),
        ("style", {"image": "?"}, "invalid-picture", "/image"),
        ("style", {"image": base64.b64encode(b"%PDF-1.7").decode()}, "bad-image", None),
        ("style", {"image": file_of(Image.new("RGB", (1, 1)))}, "bad-image", None),
        ("style/slow", {"style": "3"}, "unknown-style", "/style"),
        ("style/slow", {"style": "waves", "steps": 9}, "invalid-picture", "/steps"),
    ],
)
async def test_bad_questions_are_problems(
    client: httpx.AsyncClient, call: str, more: dict[str, Any], slug: str, pointer: str | None
) -> None:
    answer = await client.post(f"/api/v1/{call}", json={"picture": PICTURE, **more})
    assert (answer.status_code, answer.json()["type"]) == (422, f"urn:unitbrush:problem:{slug}")
    assert answer.json().get("pointer") == pointer


async def test_a_bad_picture_points_into_it(client: httpx.AsyncClient) -> None:
    bad = {**PICTURE, "edits": [{**EDIT, "concept": "dragon"}]}
    for call in ("style", "style/slow"):
        answer = await client.post(f"/api/v1/{call}", json={"picture": bad, "style": "waves"})
        assert (answer.status_code, answer.json()["pointer"]) == (422, "/picture/edits/0/concept")


async def test_without_the_extra_the_answer_says_what_to_install(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (fast, features):
        monkeypatch.setattr(module, "find_spec", lambda name: None)
    listed = (await client.get("/api/v1/styles")).json()
    for call, told in (("style", listed["fast"]), ("style/slow", listed["slow"])):
        answer = await client.post(f"/api/v1/{call}", json={"picture": PICTURE, "style": "waves"})
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:unitbrush:problem:no-styles")
        assert answer.json()["detail"] == told
        assert "pip install 'unitbrush[style]'" in told
