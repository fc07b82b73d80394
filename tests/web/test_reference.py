from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.helpers.serving import asgi_client, settings_in
from tests.helpers.tiny import write_model, write_translator


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
    for name in ("Picture", "Edit", "Strokes", "Stroke", "Rect", "Png", "Region", "Base"):
        assert schemas[name]["description"], name
        for field, schema in schemas[name]["properties"].items():
            assert schema["description"], f"{name}.{field}"


async def test_every_example_works(tmp_path: Path) -> None:
    write_model(tmp_path)
    write_translator(tmp_path)
    async with asgi_client(settings_in(tmp_path, training=True)) as client:
        assert await _tried_examples(client) >= 8


async def _tried_examples(client: httpx.AsyncClient) -> int:
    paths = (await reference(client))["paths"]
    tried = 0
    for path, methods in paths.items():
        for method, call in methods.items():
            for content in call.get("requestBody", {}).get("content", {}).values():
                picture = (await client.post("/api/v1/pictures", json={"seed": 1})).json()["id"]
                answer = await client.request(
                    method, path.format(picture=picture, model="village"), json=content["example"]
                )
                assert answer.is_success, (path, answer.text)
                tried += 1
    return tried


async def test_what_a_caller_has_to_know_is_said(client: httpx.AsyncClient) -> None:
    document = await reference(client)
    paths = document["paths"]
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    assert "503" in paths["/readyz"]["get"]["responses"]
    for path, methods in paths.items():
        for call in methods.values():
            asked = [{}, {"bearer": []}] if path.startswith(("/api/", "/data/")) or path == "/metrics" else None
            assert call.get("security") == asked, path
    picture = document["components"]["schemas"]["Picture"]
    assert [choice["required"] for choice in picture["oneOf"]] == [["seed"], ["z"], ["w"], ["base"]]
    drawn = paths["/api/v1/pictures/{picture}/draw"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert (drawn["required"], drawn["properties"]["op"]["enum"]) == (["mask"], ["draw"])


async def test_where_a_token_is_configured_the_reference_asks_for_it(installed: Path, tmp_path: Path) -> None:
    async with asgi_client(settings_in(installed, data_dir=tmp_path, token="hunter2")) as client:
        paths = (await reference(client))["paths"]
    assert paths["/api/v1/render"]["post"]["security"] == [{"bearer": []}]
    assert "security" not in paths["/healthz"]["get"]


@pytest.mark.parametrize("body", [{"seed": 1, "z": [0.0] * 8}, {"seed": None}, {"z": None}, {}, {"model": None}])
async def test_a_picture_has_either_a_seed_or_a_latent(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    assert (await client.post("/api/v1/render", json=body)).status_code == 422
    kept = await client.post("/api/v1/pictures", json=body)
    assert kept.status_code == (422 if len(body) == 2 else 201)
