from __future__ import annotations

import re
from typing import Any

import httpx


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


async def test_every_example_works(client: httpx.AsyncClient) -> None:
    paths = (await reference(client))["paths"]
    tried = 0
    for path, methods in paths.items():
        for method, call in methods.items():
            for content in call.get("requestBody", {}).get("content", {}).values():
                picture = (await client.post("/api/v1/pictures", json={"seed": 1})).json()["id"]
                answer = await client.request(method, path.format(picture=picture), json=content["example"])
                assert answer.is_success, (path, answer.text)
                tried += 1
    assert tried >= 8
