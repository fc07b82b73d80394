from __future__ import annotations

import base64
from typing import Any

import httpx
import pytest

from tests.helpers.serving import renders

EDIT = {"op": "draw", "concept": "tree", "mask": {"rect": [0, 0, 0.5, 1]}, "strength": 1.0}
PICTURE: dict[str, Any] = {"version": 1, "model": "village", "seed": 42, "directions": {"season": 1.0}, "edits": [EDIT]}
CALL = "/api/v1/variations"


async def test_each_is_what_rendering_its_document_gives(client: httpx.AsyncClient) -> None:
    answer = await client.post(CALL, json={"picture": PICTURE, "seeds": [7, 3, 7]})
    assert answer.status_code == 200
    assert answer.json()["media_type"] == "image/png"
    variations = answer.json()["variations"]
    assert [variation["seed"] for variation in variations] == [7, 3, 7]
    for variation in variations:
        assert variation["picture"] == {**PICTURE, "seed": variation["seed"]}
        rendered = await client.post("/api/v1/render", json=variation["picture"])
        assert base64.b64decode(variation["image"]) == rendered.content
    assert variations[0] == variations[2] != variations[1]


async def test_sizes_and_formats_are_those_of_render(client: httpx.AsyncClient) -> None:
    answer = await client.post(f"{CALL}?size=16&format=jpeg", json={"picture": PICTURE, "seeds": [3]})
    rendered = await client.post("/api/v1/render?size=16&format=jpeg", json={**PICTURE, "seed": 3})
    assert answer.json()["media_type"] == "image/jpeg"
    assert base64.b64decode(answer.json()["variations"][0]["image"]) == rendered.content


async def test_a_latent_of_its_own_gives_way_to_the_seed(client: httpx.AsyncClient) -> None:
    picture = {**{name: value for name, value in PICTURE.items() if name != "seed"}, "z": [0.5] * 8}
    answer = await client.post(CALL, json={"picture": picture, "seeds": [3]})
    assert answer.json()["variations"][0]["picture"] == {**PICTURE, "seed": 3}


async def test_what_was_drawn_is_not_drawn_again(client: httpx.AsyncClient) -> None:
    await client.post(CALL, json={"picture": PICTURE, "seeds": [1, 2]})
    drawn = await renders(client)
    await client.post(CALL, json={"picture": PICTURE, "seeds": [2, 1, 3]})
    assert await renders(client) == drawn + 1


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        ({"picture": PICTURE}, 422, "/seeds"),
        ({"picture": PICTURE, "seeds": []}, 422, "/seeds"),
        ({"picture": PICTURE, "seeds": list(range(25))}, 422, "/seeds"),
        ({"picture": PICTURE, "seeds": [1, -1]}, 422, "/seeds/1"),
        ({"picture": PICTURE, "seeds": [2**32]}, 422, "/seeds/0"),
        ({"picture": PICTURE, "seeds": ["1"]}, 422, "/seeds/0"),
        ({"seeds": [1]}, 422, "/picture"),
        (
            {"picture": {**PICTURE, "edits": [{**EDIT, "concept": "dragon"}]}, "seeds": [1]},
            422,
            "/picture/edits/0/concept",
        ),
        (
            {"picture": {**PICTURE, "edits": [{**EDIT, "mask": {"png": "no"}}]}, "seeds": [1]},
            422,
            "/picture/edits/0/mask",
        ),
        ({"picture": {**PICTURE, "model": "castle"}, "seeds": [1]}, 404, None),
    ],
)
async def test_bad_questions_are_problems_that_point_there(
    client: httpx.AsyncClient, body: dict[str, Any], status: int, pointer: str | None
) -> None:
    answer = await client.post(CALL, json=body)
    assert (answer.status_code, answer.json().get("pointer")) == (status, pointer)
