from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import numpy as np
import pytest
import pytest_asyncio

from server.files import write_json
from server.painting.receptivity import GRID
from tests.helpers.serving import asgi_client, grey, renders, settings_in
from tests.helpers.tiny import CONCEPTS, SEEN

PICTURE = {"version": 1, "model": "village", "seed": 3, "edits": []}
DRAWN = {"tree": 0.25, "sky": 0.75}


@pytest_asyncio.fixture
async def measured(installed: Path, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client where drawing doors was measured on trees and on the sky, and drawing trees on nothing."""
    shutil.copytree(installed, tmp_path, dirs_exist_ok=True)
    gains = {before: {"pictures": 8, "before": 0.0, "drawn": drawn} for before, drawn in DRAWN.items()}
    table = {"door": {**gains, "door": None}, "tree": dict.fromkeys(CONCEPTS)}
    path = tmp_path / "dissect_results" / "village" / "context.json"
    write_json(path, {"schema": 1, "concepts": CONCEPTS, "draw": table})
    async with asgi_client(settings_in(tmp_path)) as client:
        yield client


async def test_each_cell_takes_what_was_measured_on_its_ground(measured: httpx.AsyncClient) -> None:
    labels = grey((await measured.post("/api/v1/segment", json=PICTURE)).json()["labels"])
    drawn = await renders(measured)
    answer = (await measured.post("/api/v1/receptivity", json={"picture": PICTURE, "concept": "door"})).json()
    assert (answer["concept"], answer["rows"], answer["columns"], answer["note"]) == ("door", GRID, GRID, None)
    # A cell of this grid is 2x2 pixels of the tiny picture.
    pixels = np.array([{**DRAWN, "door": 1.0}[name] for name in SEEN])[labels]
    expected = pixels.reshape(GRID, 2, GRID, 2).mean((1, 3))
    assert np.allclose(answer["grid"], expected, atol=1e-4)
    assert await renders(measured) == drawn, "the segmentation is kept"


async def test_what_is_not_known_is_null_with_a_note(measured: httpx.AsyncClient, client: httpx.AsyncClient) -> None:
    unmeasured = (await measured.post("/api/v1/receptivity", json={"picture": PICTURE, "concept": "tree"})).json()
    assert unmeasured["grid"] is None
    assert "not measured" in unmeasured["note"]
    answer = (await client.post("/api/v1/receptivity", json={"picture": PICTURE, "concept": "door"})).json()
    assert answer["grid"] is None
    assert "unitbrush dissect village" in answer["note"]


async def test_without_a_segmenter_there_is_a_note(installed: Path, tmp_path: Path) -> None:
    shutil.copytree(installed, tmp_path, dirs_exist_ok=True)
    (tmp_path / "models" / "village" / "segmenter.safetensors").unlink()
    async with asgi_client(settings_in(tmp_path)) as client:
        answer = (await client.post("/api/v1/receptivity", json={"picture": PICTURE, "concept": "door"})).json()
        assert answer["grid"] is None
        assert "segmenter" in answer["note"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"picture": PICTURE}, "/concept"),
        ({"picture": PICTURE, "concept": "dragon"}, "/concept"),
        ({"picture": {"seed": "x"}, "concept": "door"}, "/picture/seed"),
        ({"picture": {"z": [1.0]}, "concept": "door"}, "/picture/z"),
        ({"concept": "door"}, "/picture"),
    ],
)
async def test_bad_input_is_a_problem_with_a_pointer(client: httpx.AsyncClient, body: object, pointer: str) -> None:
    answer = await client.post("/api/v1/receptivity", json=body)
    assert (answer.status_code, answer.json().get("pointer")) == (422, pointer)
