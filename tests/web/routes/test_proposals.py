from __future__ import annotations

import asyncio
import shutil
import threading
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from server.model.catalog import Catalog
from server.model.pixels import Pixels
from server.painting import proposals
from server.painting.edits import Check, go_on
from server.painting.painter import Painter
from server.painting.picture import Picture
from server.settings import Settings
from tests.helpers.serving import asgi_client, grey, renders, settings_in

PICTURE: dict[str, Any] = {
    "version": 1,
    "model": "village",
    "seed": 3,
    "edits": [{"op": "draw", "concept": "tree", "mask": {"rect": [0, 0, 0.5, 1]}, "strength": 1.0}],
}


class Halves(Painter):
    """Draws the left half black and the right half white."""

    def render(self, picture: Picture, draft: bool = False, check: Check = go_on) -> Pixels:
        pixels = np.zeros((32, 32, 3), np.uint8)
        pixels[:, 16:] = 255
        return pixels


def halves(catalog: Catalog, settings: Settings) -> Painter:
    return Halves(catalog)


async def test_a_model_without_a_segmenter_has_proposals_too(installed: Path, tmp_path: Path) -> None:
    shutil.copytree(installed, tmp_path, dirs_exist_ok=True)
    (tmp_path / "models" / "village" / "segmenter.safetensors").unlink()
    async with asgi_client(settings_in(tmp_path), painter=halves) as client:
        (model,) = (await client.get("/api/v1/models")).json()["models"]
        assert model["segmenter"] is False
        answer = (await client.post("/api/v1/proposals", json=PICTURE)).json()
    assert (answer["width"], answer["height"]) == (32, 32)
    labels, parents, prominence = grey(answer["labels"]), answer["parents"], answer["prominence"]
    assert labels.shape == (32, 32)
    assert parents[-1] == -1
    assert len(parents) == len(prominence) == 511
    left, right = (part for part, parent in enumerate(parents) if parent == 510)

    def top(leaf: int) -> int:
        while parents[leaf] != 510:
            leaf = parents[leaf]
        return leaf

    halves_of = np.vectorize(top)(labels)
    assert {tuple(half) for half in (halves_of[:, :16].ravel(), halves_of[:, 16:].ravel())} == {
        (left,) * 512,
        (right,) * 512,
    }
    assert min(prominence[left], prominence[right]) > 100


async def test_the_second_time_the_device_is_not_asked(client: httpx.AsyncClient) -> None:
    first = (await client.post("/api/v1/proposals", json=PICTURE)).json()
    drawn = await renders(client)
    assert (await client.post("/api/v1/proposals", json=PICTURE)).json() == first
    assert await renders(client) == drawn
    other = (await client.post("/api/v1/proposals", json={**PICTURE, "seed": 4})).json()
    assert other != first
    assert await renders(client) > drawn


async def test_a_bad_picture_is_a_problem_with_a_pointer(client: httpx.AsyncClient) -> None:
    edits = [{**PICTURE["edits"][0], "concept": "dragon"}]
    answer = await client.post("/api/v1/proposals", json={**PICTURE, "edits": edits})
    assert (answer.status_code, answer.json()["pointer"]) == (422, "/edits/0/concept")
    assert (await client.post("/api/v1/proposals", json={"model": "castle", "seed": 1})).status_code == 404


async def test_whoever_comes_meanwhile_goes_first(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[object] = []
    begun, go_ahead = threading.Semaphore(0), threading.Semaphore(0)
    propose = proposals.propose

    class Waiting(Halves):
        def render(self, picture: Picture, draft: bool = False, check: Check = go_on) -> Pixels:
            if picture.seed in (3, 8, 9):
                order.append(picture.seed)
                begun.release()
                assert go_ahead.acquire(timeout=60)
            return super().render(picture, draft, check)

    def noted(pixels: Pixels, check: Check) -> proposals.Proposals:
        order.append("proposals")
        return propose(pixels, check)

    monkeypatch.setattr(proposals, "propose", noted)
    settings = settings_in(installed, data_dir=tmp_path)
    async with asgi_client(settings, painter=lambda catalog, settings: Waiting(catalog)) as client:

        async def until_waiting(count: int) -> None:
            while f"unitbrush_queue_length {count}" not in (await client.get("/metrics")).text:
                await asyncio.sleep(0.01)

        await renders(client)
        tasks = [asyncio.create_task(client.post("/api/v1/proposals", json=PICTURE))]
        await asyncio.to_thread(begun.acquire)
        tasks.append(asyncio.create_task(client.post("/api/v1/render", json={**PICTURE, "seed": 8})))
        await until_waiting(1)
        go_ahead.release()  # scene 3 is drawn, its regions wait; scene 8 is being drawn
        await asyncio.to_thread(begun.acquire)
        await until_waiting(1)
        tasks.append(asyncio.create_task(client.post("/api/v1/render", json={**PICTURE, "seed": 9})))
        await until_waiting(2)
        go_ahead.release(2)
        assert [(await task).status_code for task in tasks] == [200, 200, 200]
    assert order == [3, 8, 9, "proposals"]
