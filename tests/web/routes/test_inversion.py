from __future__ import annotations

import base64
import io
import json
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from server.inversion.own import SIDE
from server.painting.imaging import read_document
from tests.helpers.own import bomb, file_of, in_base64, photo

OWN = file_of(photo())
CLEAR = photo().convert("RGBA")
CLEAR.putalpha(Image.new("L", CLEAR.size, 0))
TURNED = Image.Exif()
TURNED[274] = 6  # a quarter of a turn
MIDDLE = np.asarray(photo())[:, 10:50]
EDIT = {"op": "draw", "concept": "tree", "mask": {"rect": [0, 0, 0.3, 0.3]}, "strength": 1.0}


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)


async def inverted(client: httpx.AsyncClient, **question: Any) -> dict[str, Any]:
    """The result of a job, waited for."""
    answer = await client.post("/api/v1/invert", json={"image": in_base64(OWN), **question})
    assert answer.status_code == 202
    await client.get(f"{answer.headers['location']}/events")
    result = await client.get(f"{answer.headers['location']}/result")
    assert result.headers["content-type"] == "application/json"
    found: dict[str, Any] = result.json()
    return found


async def test_a_picture_of_ones_own_becomes_a_document(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/invert", json={"image": in_base64(OWN), "model": "village", "steps": 20})
    assert answer.status_code == 202
    address = answer.headers["location"]
    events = (await client.get(f"{address}/events")).text
    job = (await client.get(address)).json()
    assert (job["kind"], job["state"], job["done"], job["total"]) == ("invert", "done", 20, 20)
    assert events.count("data:") > 20
    assert pixels((await client.get(job["preview"])).content).shape == (32, 32, 3)
    result = (await client.get(job["result"])).json()
    picture = result["picture"]
    assert (picture["base"]["layer"], picture["edits"]) == ("layer4", [])
    assert np.asarray(result["grid"]).shape == (32, 32)
    assert result["share"] == pytest.approx(np.mean(result["grid"]), abs=1e-3)
    assert 0 <= result["agreement"] <= 1
    assert pixels(base64.b64decode(result["own"])).shape == (40, 40, 3)
    # The document is one as any other.
    plain = await client.post("/api/v1/render", json=picture)
    assert json.loads(read_document(plain.content)) == picture
    painted = await client.post("/api/v1/render", json={**picture, "edits": [EDIT]})
    assert painted.status_code == 200
    assert painted.content != plain.content
    thumbnail = await client.post("/api/v1/render?size=16&format=webp", json=picture)
    assert pixels(thumbnail.content).shape == (16, 16, 3)


async def test_a_kept_picture_keeps_its_base(client: httpx.AsyncClient) -> None:
    picture = (await inverted(client, steps=2))["picture"]
    kept = (await client.post("/api/v1/pictures", json=picture)).json()
    assert kept["picture"] == picture
    drawn = await client.post(f"/api/v1/pictures/{kept['id']}/draw", json={"concept": "tree", "mask": EDIT["mask"]})
    assert drawn.json()["picture"]["base"] == picture["base"]
    early = {"units": [0], "levels": [1.0], "layer": "layer3", "mask": None}
    refused = await client.post(f"/api/v1/pictures/{kept['id']}/draw", json=early)
    assert (refused.status_code, refused.json()["pointer"]) == (422, "/layer")
    only = {name: picture[name] for name in ("model", "base")}
    assert (await client.post("/api/v1/pictures", json=only)).json()["picture"] == picture
    others = await client.post("/api/v1/variations?size=16", json={"picture": picture, "seeds": [3]})
    assert others.json()["variations"][0]["picture"] == {"version": 1, "model": "village", "seed": 3, "edits": []}
    segments = await client.post("/api/v1/segment", json=picture)
    assert segments.status_code == 200


async def test_own_pixels_stay_where_nothing_was_painted(client: httpx.AsyncClient) -> None:
    picture = {**(await inverted(client, steps=2))["picture"], "edits": [EDIT]}
    painted = pixels((await client.post("/api/v1/render", json=picture)).content)
    question = {"picture": picture, "image": f"data:image/png;base64,{in_base64(OWN)}"}
    answer = await client.post("/api/v1/composite", json=question)
    assert json.loads(read_document(answer.content)) == picture
    whole, own = pixels(answer.content), np.asarray(photo().crop((10, 0, 50, 40)).resize((32, 32), 1)).astype(int)
    assert np.array_equal(whole[20:, 20:], own[20:, 20:])
    assert np.array_equal(whole[:6, :6], painted[:6, :6])
    larger = await client.post("/api/v1/composite?size=64&format=jpeg", json=question)
    assert pixels(larger.content).shape == (64, 64, 3)
    unpainted = await client.post("/api/v1/composite", json={**question, "picture": {**picture, "edits": []}})
    assert np.array_equal(pixels(unpainted.content), own)


@pytest.mark.parametrize(
    ("file", "used"),
    [
        (file_of(photo().convert("CMYK"), "JPEG", quality=95), MIDDLE),
        (file_of(photo(), "JPEG", quality=95, exif=TURNED), np.rot90(MIDDLE, -1)),
        (file_of(photo(), "GIF", save_all=True, append_images=[Image.new("RGB", (60, 40))]), MIDDLE),
        (file_of(CLEAR), np.full_like(MIDDLE, 255)),
    ],
    ids=["CMYK", "turned", "animated", "transparent"],
)
async def test_every_usual_file_is_taken(client: httpx.AsyncClient, file: bytes, used: np.ndarray) -> None:
    result = await inverted(client, image=in_base64(file), steps=0)
    own = pixels(base64.b64decode(result["own"]))
    assert np.abs(own - used).mean() < 8


async def test_a_photograph_of_40_megapixels_is_taken(client: httpx.AsyncClient) -> None:
    file = file_of(Image.new("L", (7700, 5200), 90), "JPEG")
    own = pixels(base64.b64decode((await inverted(client, image=in_base64(file), steps=0))["own"]))
    assert own.shape == (SIDE, SIDE, 3)


@pytest.mark.parametrize(
    ("members", "slug", "words"),
    [
        ({}, "invalid-picture", "image"),
        ({"image": "?"}, "invalid-picture", "not base64"),
        ({"image": "é"}, "invalid-picture", "not base64"),
        ({"image": ""}, "bad-image", "an empty file"),
        ({"image": in_base64(b"%PDF-1.7")}, "bad-image", "a PDF"),
        ({"image": in_base64(OWN[:-40])}, "bad-image", ""),
        ({"image": in_base64(file_of(Image.new("RGB", (1, 1))))}, "bad-image", "1x1"),
        ({"image": in_base64(bomb(8000, 5000))}, "bad-image", "40 million"),
        ({"image": in_base64(bomb(60000, 60000))}, "bad-image", "million"),
        ({"image": in_base64(OWN), "steps": 1001}, "invalid-picture", "steps"),
        ({"image": in_base64(OWN), "more": 1}, "invalid-picture", "more"),
    ],
)
async def test_bad_input_is_a_problem(client: httpx.AsyncClient, members: Any, slug: str, words: str) -> None:
    answer = await client.post("/api/v1/invert", json=members)
    assert (answer.status_code, answer.json()["type"]) == (422, f"urn:unitbrush:problem:{slug}")
    assert words in answer.json()["detail"]


async def test_an_unknown_model_and_a_bad_picture_are_problems(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/invert", json={"image": in_base64(OWN), "model": "none"})
    assert answer.status_code == 404
    bad = {"model": "village", "seed": 1, "edits": [{**EDIT, "concept": "dragon"}]}
    answer = await client.post("/api/v1/composite", json={"picture": bad, "image": in_base64(OWN)})
    assert (answer.status_code, answer.json()["pointer"]) == (422, "/picture/edits/0/concept")


async def test_it_ends_where_it_is_cancelled(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/invert", json={"image": in_base64(OWN), "steps": 1000})
    address = answer.headers["location"]
    assert (await client.delete(address)).status_code == 204
    assert (await client.get(address)).status_code == 404
    assert (await inverted(client, steps=0))["picture"]["edits"] == []
