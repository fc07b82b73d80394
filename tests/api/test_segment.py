from __future__ import annotations

import shutil
from pathlib import Path

import httpx
import numpy as np
import pytest
from serving import CONCEPTS, asgi_client, grey, renders, settings_in

from server.catalog import Catalog
from server.document import parse_picture
from server.painter import Painter

EDIT = {"op": "draw", "concept": "tree", "mask": {"rect": [0, 0, 0.5, 1]}}
PICTURE = {"version": 1, "model": "village", "seed": 3, "edits": [EDIT]}


async def test_labels_are_what_the_segmenter_sees(client: httpx.AsyncClient, tiny: Path) -> None:
    answer = (await client.post("/api/v1/segment", json=PICTURE)).json()
    assert (answer["width"], answer["height"]) == (16, 16)
    assert answer["concepts"] == list(CONCEPTS)
    labels = grey(answer["labels"])
    painter = Painter(Catalog(tiny / "models", tiny / "dissect_results"))
    assert np.array_equal(labels, painter.labels(parse_picture(PICTURE)))
    assert answer["shares"] == {name: pytest.approx(float((labels == c).mean())) for c, name in enumerate(CONCEPTS)}


async def test_the_second_time_the_device_is_not_asked(client: httpx.AsyncClient) -> None:
    first = (await client.post("/api/v1/segment", json=PICTURE)).json()
    drawn = await renders(client)
    assert (await client.post("/api/v1/segment", json=PICTURE)).json() == first
    assert await renders(client) == drawn
    await client.post("/api/v1/segment", json={**PICTURE, "seed": 4})
    assert await renders(client) == drawn + 1


async def test_a_bad_picture_is_a_problem_with_a_pointer(client: httpx.AsyncClient) -> None:
    bad = {**PICTURE, "edits": [{**EDIT, "concept": "dragon"}]}
    answer = await client.post("/api/v1/segment", json=bad)
    assert (answer.status_code, answer.json()["pointer"]) == (422, "/edits/0/concept")
    assert (await client.post("/api/v1/segment", json={"model": "castle", "seed": 1})).status_code == 404


async def test_a_model_without_a_segmenter_says_so(tiny: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny, tmp_path, dirs_exist_ok=True)
    (tmp_path / "models" / "village" / "segmenter.safetensors").unlink()
    async with asgi_client(settings_in(tmp_path)) as client:
        answer = await client.post("/api/v1/segment", json=PICTURE)
        assert (answer.status_code, answer.json()["type"]) == (422, "urn:unitbrush:problem:no-segmenter")
