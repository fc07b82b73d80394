from __future__ import annotations

import io
import json
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

from server.painting.imaging import read_document
from tests.helpers.decided import DECISION, SKETCH, write_decided_model
from tests.helpers.serving import asgi_client, settings_in
from tests.helpers.tiny import write_directions, write_model


async def test_models_are_listed_as_the_contract_says(client: httpx.AsyncClient) -> None:
    (model,) = (await client.get("/api/v1/models")).json()["models"]
    assert {
        k: model[k] for k in ("name", "title", "resolution", "size", "latent_dim", "edit_layer", "default", "license")
    } == {
        "name": "village",
        "title": "Village",
        "resolution": 32,
        "size": [32, 32],
        "latent_dim": 8,
        "edit_layer": "layer4",
        "default": True,
        "license": "unknown",
    }
    assert model["layers"][0] == {"name": "layer1", "units": 16, "height": 4, "width": 4}
    assert model["concepts"] == ["tree", "door", "sky"]
    assert model["clean"] is True
    assert model["segmenter"] is True
    assert model["exact_layer"] is None


async def test_models_tell_their_family_source_and_citation(tmp_path: Path) -> None:
    write_model(tmp_path)
    write_model(tmp_path, "abbey")
    card = {"schema": 1, "license": "CC0-1.0", "family": "DCGAN", "source": "made here", "citation": "We, <b>2026</b>"}
    (tmp_path / "models" / "abbey" / "model.json").write_text(json.dumps(card))
    async with asgi_client(settings_in(tmp_path)) as client:
        village, abbey = (await client.get("/api/v1/models")).json()["models"]
        described = (await client.get("/openapi.json")).json()["components"]["schemas"]["Model"]["properties"]
    told = ("family", "resolution", "license", "source", "citation")
    assert [village[key] for key in told] == ["Progressive GAN", 32, "unknown", None, None]
    assert [abbey[key] for key in told] == ["DCGAN", 32, "CC0-1.0", "made here", "We, <b>2026</b>"]
    assert all(described[key]["description"] for key in told)


async def test_concepts_come_with_their_best_layers_ranking(client: httpx.AsyncClient) -> None:
    concepts = (await client.get("/api/v1/models/village/concepts")).json()["concepts"]
    door = concepts[1]
    assert (door["name"], door["layer"], door["recommended_units"]) == ("door", "layer4", 5)
    assert door["units"][0] == {"unit": 1, "iou": 0.2, "effect": 0.1, "level": 2.0}
    assert len(door["units"]) == 12
    assert door["remove"]["layer"] == "layer4"
    assert door["remove"]["units"] == [u["unit"] for u in door["units"]]  # by what it is drawn with, unless told
    assert door["remove"]["recommended_units"] == 5
    assert door["weak"] == []
    assert door["exact"] is None


async def test_a_model_that_decides_tells_its_exact_brushes_beside_the_others(tmp_path: Path) -> None:
    write_decided_model(tmp_path)
    async with asgi_client(settings_in(tmp_path)) as client:
        (model,) = (await client.get("/api/v1/models")).json()["models"]
        concepts = (await client.get("/api/v1/models/village/concepts")).json()["concepts"]
    assert (model["edit_layer"], model["exact_layer"]) == (SKETCH, DECISION)
    assert model["family"] == "decided, then drawn"
    tree, door, sky = concepts
    assert [one["layer"] for one in concepts] == [SKETCH] * 3
    assert (door["exact"]["units"][0], door["exact"]["recommended_units"]) == (
        {"unit": 1, "iou": 0.4, "effect": None, "level": 2.0},
        1,
    )
    assert tree["exact"]["draw_effect"] == 0.97
    assert tree["exact"]["remove"] == {"layer": DECISION, "units": [0, 1, 2, 3, 4], "recommended_units": 1}
    assert sky["exact"] is None


async def test_directions_come_with_their_ranges_and_effects(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/models/village/directions")
    season, night = answer.json()["directions"]
    assert season == {
        "name": "season",
        "title": "Season",
        "low": "less",
        "high": "more",
        "range": [-3, 2],
        "effect": 0.1,
        "layout_kept": 0.9,
    }
    assert night["name"] == "night"
    known = {"If-None-Match": answer.headers["etag"]}
    assert (await client.get("/api/v1/models/village/directions", headers=known)).status_code == 304


async def test_a_model_without_directions_or_artifact_units_says_so(tmp_path: Path) -> None:
    write_model(tmp_path)
    for name in ("directions.json", "artifacts.json"):
        (tmp_path / "dissect_results" / "village" / name).unlink()
    async with asgi_client(settings_in(tmp_path)) as client:
        assert (await client.get("/api/v1/models/village/directions")).json() == {"directions": []}
        assert (await client.get("/api/v1/models")).json()["models"][0]["clean"] is False
        for more, pointer in (({"directions": {"season": 1}}, "/directions/season"), ({"clean": True}, "/clean")):
            answer = await client.post("/api/v1/render", json={"seed": 1, **more})
            assert (answer.status_code, answer.json()["pointer"]) == (422, pointer)


async def test_the_version_follows_the_directions(client: httpx.AsyncClient, tmp_path: Path) -> None:
    write_model(tmp_path)
    write_directions(tmp_path / "dissect_results" / "village", 8, directions=[])
    async with asgi_client(settings_in(tmp_path)) as other:
        versions = [(await c.get("/api/v1/models")).json()["models"][0]["version"] for c in (client, other)]
    assert versions[0] != versions[1]


@pytest.mark.parametrize("path", ["concepts", "directions", "images/1"])
async def test_an_unknown_model_is_404(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(f"/api/v1/models/castle/{path}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert "castle" in answer.json()["detail"]


async def test_an_image_is_an_immutable_png_that_carries_its_document(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/models/village/images/42")
    assert answer.headers["content-type"] == "image/png"
    assert "immutable" in answer.headers["cache-control"]
    assert Image.open(io.BytesIO(answer.content)).size == (32, 32)
    rendered = await client.post("/api/v1/render", content=read_document(answer.content))
    assert rendered.content == answer.content


async def test_the_known_tag_is_answered_with_304(client: httpx.AsyncClient) -> None:
    first = await client.get("/api/v1/models/village/images/42")
    etag = first.headers["etag"]
    assert not etag.startswith("W/")
    again = await client.get("/api/v1/models/village/images/42", headers={"If-None-Match": f'"other", {etag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    assert (
        await client.get("/api/v1/models/village/images/42", headers={"If-None-Match": '"other"'})
    ).status_code == 200


async def test_seed_format_and_size_each_change_the_tag(client: httpx.AsyncClient) -> None:
    paths = ["42", "43", "42?format=webp", "42?format=jpeg", "42?size=8", "42?size=9"]
    tags = [(await client.get(f"/api/v1/models/village/images/{path}")).headers["etag"] for path in paths]
    assert len(set(tags)) == len(paths)


async def test_a_thumbnail_has_the_asked_size(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/models/village/images/42?size=8&format=webp")
    assert Image.open(io.BytesIO(answer.content)).size == (8, 8)


async def test_the_largest_seed_works_and_differs_from_its_neighbour(client: httpx.AsyncClient) -> None:
    images = []
    for seed in (2**32 - 1, 2**32 - 2):
        answer = await client.get(f"/api/v1/models/village/images/{seed}")
        images.append(np.asarray(Image.open(io.BytesIO(answer.content))))
    assert not np.array_equal(*images)


@pytest.mark.parametrize(
    "path", [str(2**32), "-1", "1.5", "tree", "1?size=7", "1?size=100000", "1?size=x", "1?format=gif", "1?format="]
)
async def test_bad_seeds_sizes_and_formats_are_422(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(f"/api/v1/models/village/images/{path}")
    assert answer.status_code == 422
    assert answer.json().keys() >= {"type", "title", "status", "detail"}


async def test_long_answers_are_compressed_and_tagged(client: httpx.AsyncClient) -> None:
    path = "/api/v1/models/village/concepts"
    plain = await client.get(path, headers={"Accept-Encoding": "identity"})
    packed = await client.get(path, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(plain.content) / 3
    assert packed.json() == plain.json()
    for answer in (plain, packed):
        known = {"Accept-Encoding": answer.request.headers["accept-encoding"], "If-None-Match": answer.headers["etag"]}
        assert (await client.get(path, headers=known)).status_code == 304


async def test_the_version_follows_the_weights(client: httpx.AsyncClient, tmp_path: Path) -> None:
    write_model(tmp_path, seed=2)
    versions = [(await client.get("/api/v1/models")).json()["models"][0]["version"] for _ in range(2)]
    async with asgi_client(settings_in(tmp_path)) as other:
        versions.append((await other.get("/api/v1/models")).json()["models"][0]["version"])
    assert versions[0] == versions[1] != versions[2]
