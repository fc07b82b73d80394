from __future__ import annotations

import asyncio
import shutil
import threading
from pathlib import Path

import httpx
import numpy as np
import pytest

from server.model.catalog import Catalog
from server.painting.edits import Check, go_on
from server.painting.painter import Labels, Painter
from server.painting.parsing import parse_picture
from server.painting.picture import Picture
from server.settings import Settings
from tests.helpers.serving import asgi_client, grey, renders, settings_in
from tests.helpers.tiny import SEEN

EDIT = {"op": "draw", "concept": "tree", "mask": {"rect": [0, 0, 0.5, 1]}}
PICTURE = {"version": 1, "model": "village", "seed": 3, "edits": [EDIT]}


async def test_labels_are_what_the_segmenter_sees(client: httpx.AsyncClient, installed: Path) -> None:
    answer = (await client.post("/api/v1/segment", json=PICTURE)).json()
    assert (answer["width"], answer["height"]) == (32, 32)
    assert answer["concepts"] == list(SEEN)
    labels = grey(answer["labels"])
    painter = Painter(Catalog(installed / "models", installed / "dissect_results"))
    assert np.array_equal(labels, painter.labels(parse_picture(PICTURE)))
    assert answer["shares"] == {name: pytest.approx(float((labels == c).mean())) for c, name in enumerate(SEEN)}


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


async def test_a_model_without_a_segmenter_says_so(installed: Path, tmp_path: Path) -> None:
    shutil.copytree(installed, tmp_path, dirs_exist_ok=True)
    (tmp_path / "models" / "village" / "segmenter.safetensors").unlink()
    async with asgi_client(settings_in(tmp_path)) as client:
        answer = await client.post("/api/v1/segment", json=PICTURE)
        assert (answer.status_code, answer.json()["type"]) == (422, "urn:unitbrush:problem:no-segmenter")


class Held(Painter):
    """A painter that sees nothing until it is let."""

    def __init__(self, catalog: Catalog) -> None:
        super().__init__(catalog)
        self.begun = threading.Semaphore(0)
        self.let = threading.Event()
        self.seen: list[int | None] = []

    def labels(self, picture: Picture, check: Check = go_on) -> Labels:
        self.begun.release()
        assert self.let.wait(60)
        self.seen.append(picture.seed)
        return super().labels(picture, check)


async def test_it_waits_in_the_bounded_queue_and_who_goes_is_forgotten(installed: Path, tmp_path: Path) -> None:
    held: list[Held] = []

    def make(catalog: Catalog, _: Settings) -> Painter:
        held.append(Held(catalog))
        return held[0]

    async with asgi_client(settings_in(installed, data_dir=tmp_path, queue_size=2), painter=make) as client:

        def ask(seed: int) -> asyncio.Task[httpx.Response]:
            return asyncio.create_task(client.post("/api/v1/segment", json={"seed": seed}))

        async def until_waiting(count: int) -> None:
            while f"unitbrush_queue_length {count}" not in (await client.get("/metrics")).text:
                await asyncio.sleep(0.01)

        while (await client.get("/readyz")).status_code != 200:
            await asyncio.sleep(0.01)
        tasks = [ask(1)]
        await asyncio.to_thread(held[0].begun.acquire)
        tasks += [ask(2), ask(3)]
        await until_waiting(2)
        refused = await ask(4)
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) >= 1
        tasks[1].cancel()
        await until_waiting(1)
        tasks.append(ask(5))
        await until_waiting(2)
        held[0].let.set()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [a.status_code for a in answers if isinstance(a, httpx.Response)] == [200, 200, 200]
    assert sorted(held[0].seen, key=str) == [1, 3, 5]
