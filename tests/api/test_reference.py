from __future__ import annotations

import re
from typing import Any

import httpx

from server.api.reference import EDIT, PICTURE


async def reference(client: httpx.AsyncClient) -> dict[str, Any]:
    document: dict[str, Any] = (await client.get("/openapi.json")).json()
    return document


async def test_every_reference_leads_somewhere(client: httpx.AsyncClient) -> None:
    answer = await client.get("/openapi.json")
    known = answer.json()["components"]["schemas"]
    for name in re.findall(r'"#/components/schemas/([^"]+)"', answer.text):
        assert name in known


async def test_bodies_images_and_problems_are_described(client: httpx.AsyncClient) -> None:
    document = await reference(client)
    render = document["paths"]["/api/v1/render"]["post"]
    assert render["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith("/Picture")
    assert set(render["responses"]["200"]["content"]) == {"image/png", "image/jpeg", "image/webp"}
    for methods in (m for path, m in document["paths"].items() if path.startswith("/api/")):
        for call in methods.values():
            assert "application/problem+json" in call["responses"]["4XX"]["content"]
            assert "422" not in call["responses"]


async def test_every_member_of_the_documents_is_explained(client: httpx.AsyncClient) -> None:
    schemas = (await reference(client))["components"]["schemas"]
    for name in ("Picture", "Edit", "Strokes", "Stroke", "Rect", "Png", "Region"):
        assert schemas[name]["description"], name
        for field, schema in schemas[name]["properties"].items():
            assert schema["description"], f"{name}.{field}"


async def test_the_examples_work(client: httpx.AsyncClient) -> None:
    assert (await client.post("/api/v1/render", json=PICTURE)).status_code == 200
    picture = (await client.post("/api/v1/pictures", json=PICTURE)).json()["id"]
    assert (await client.post(f"/api/v1/pictures/{picture}/draw", json=EDIT)).status_code == 200
