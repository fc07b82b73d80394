from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from server.files import INPAINTER
from server.inpainting import ways
from server.model.catalog import Catalog
from server.model.inpainter import inpainted, load_inpainter
from server.painting.painter import Painter
from server.painting.parsing import parse_picture
from tests.helpers.serving import asgi_client, settings_in
from tests.helpers.tiny import SEEN, write_inpainter, write_model

REMOVE = {"op": "remove", "concept": "tree", "mask": {"rect": [0.25, 0.5, 0.5, 0.75]}, "strength": 1.0}
DRAW = {"op": "draw", "concept": "door", "mask": {"rect": [0, 0, 0.2, 0.2]}, "strength": 1.0}
PICTURE: dict[str, Any] = {"version": 1, "model": "village", "seed": 3, "edits": [DRAW, REMOVE, DRAW]}


async def compared(client: httpx.AsyncClient, **question: Any) -> Any:
    begun = await client.post("/api/v1/compare", json={"picture": PICTURE, **question})
    assert begun.status_code == 202, begun.text
    assert begun.json()["kind"] == "compare"
    async with client.stream("GET", f"{begun.headers['location']}/events") as events:
        async for _ in events.aiter_lines():
            pass  # they end with the job
    return (await client.get(f"{begun.headers['location']}/result")).json()


async def test_what_the_last_removing_edit_took_is_removed_in_every_way(
    client: httpx.AsyncClient, installed: Path
) -> None:
    answer = await compared(client)
    assert answer == {**await compared(client, edit=1), "removals": answer["removals"]}
    assert answer["edit"] == 1
    assert [removal["way"] for removal in answer["removals"]] == ["brush", "Navier-Stokes", "Telea", "PatchMatch"]
    images = [np.asarray(Image.open(io.BytesIO(base64.b64decode(r["image"])))) for r in answer["removals"]]
    painter = Painter(Catalog(installed / "models", installed / "dissect_results"))
    before, removed = (painter.render(parse_picture({**PICTURE, "edits": PICTURE["edits"][:n]})) for n in (1, 2))
    assert np.array_equal(images[0], removed)
    inside = np.zeros((32, 32), bool)
    inside[16:24, 8:16] = True
    for removal, image in zip(answer["removals"][1:], images[1:], strict=True):
        assert removal["ms"] > 0
        assert np.array_equal(image[~inside], before[~inside])
        assert (image[inside] != before[inside]).any()


async def test_a_model_with_an_inpainter_has_another_way(tmp_path: Path) -> None:
    write_model(tmp_path)
    write_inpainter(tmp_path)
    path = tmp_path / "models" / "village" / INPAINTER
    async with asgi_client(settings_in(tmp_path)) as client:
        removals = (await compared(client))["removals"]
        assert [removal["way"] for removal in removals[3:]] == ["PatchMatch", "Contextual Attention"]
        filled = np.asarray(Image.open(io.BytesIO(base64.b64decode(removals[-1]["image"]))))
        painter = Painter(Catalog(tmp_path / "models", tmp_path / "dissect_results"))
        before = painter.render(parse_picture({**PICTURE, "edits": PICTURE["edits"][:1]}))
        inside = np.zeros((32, 32), bool)
        inside[16:24, 8:16] = True
        assert np.array_equal(filled, inpainted(load_inpainter(path)[0], before, inside))
        # A damaged one, or another generator's, is no reason to compare nothing.
        for spoil in (lambda: path.write_bytes(b"none"), lambda: write_inpainter(tmp_path, generator="of another")):
            spoil()
            assert [r["way"] for r in (await compared(client))["removals"]][-1] == "PatchMatch"


async def test_a_region_that_the_segmenter_sees_is_filled(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = np.zeros((32, 32), np.int64)
    labels[4:8, 6:9] = labels[20:22, 20:22] = SEEN.index("door")
    monkeypatch.setattr(Painter, "labels", lambda self, picture, check: labels)
    edits = [{**REMOVE, "mask": {"concept": "door", "at": [0.2, 0.2]}}]
    answer = await compared(client, picture={**PICTURE, "edits": edits})
    filled = np.asarray(Image.open(io.BytesIO(base64.b64decode(answer["removals"][1]["image"]))))
    unedited = await client.post("/api/v1/render", json={**PICTURE, "edits": []})
    changed = (filled != np.asarray(Image.open(io.BytesIO(unedited.content)))).any(2)
    assert changed.any()
    assert not changed[:4].any()
    assert not changed[8:].any()


@pytest.mark.parametrize(
    ("question", "pointer"),
    [
        ({"picture": {**PICTURE, "edits": [DRAW]}}, "/picture/edits"),
        ({"edit": 0}, "/edit"),
        ({"edit": 3}, "/edit"),
        ({"edit": -1}, "/edit"),
        ({"edit": True}, "/edit"),
        ({"picture": {**PICTURE, "edits": [{**REMOVE, "mask": None}]}}, "/picture/edits/0/mask"),
        (
            {"picture": {**PICTURE, "edits": [{**REMOVE, "mask": {"rect": [0, 0, 1e-9, 1e-9]}}]}},
            "/picture/edits/0/mask",
        ),
        ({"picture": {**PICTURE, "edits": [{**REMOVE, "concept": "dragon"}]}}, "/picture/edits/0/concept"),
    ],
)
async def test_what_cannot_be_compared_is_a_problem(
    client: httpx.AsyncClient, question: dict[str, Any], pointer: str
) -> None:
    answer = await client.post("/api/v1/compare", json={"picture": PICTURE, **question})
    assert (answer.status_code, answer.json()["pointer"]) == (422, pointer)


async def test_without_the_extra_the_answer_says_what_to_install(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ways, "find_spec", lambda name: None)
    answer = await client.post("/api/v1/compare", json={"picture": PICTURE})
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:unitbrush:problem:no-inpainting")
    assert answer.json()["detail"].endswith("pip install 'unitbrush[compare]'")
