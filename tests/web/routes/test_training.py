from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from server.files import ENCODER
from server.lab.encoder.train import CHECKPOINT
from tests.helpers.serving import asgi_client, settings_in
from tests.helpers.tiny import write_model

ADDRESS = "/api/v1/models/village/encoder"


async def until(client: httpx.AsyncClient, job: str, done: int) -> dict[str, Any]:
    """How far the job is, once it is that far or over."""
    while True:
        state: dict[str, Any] = (await client.get(job)).json()
        if state["done"] >= done or state["state"] not in ("waiting", "running"):
            return state
        await asyncio.sleep(0.05)


async def test_an_encoder_is_trained_beside_strokes_and_counts_at_once(tmp_path: Path) -> None:
    write_model(tmp_path)
    async with asgi_client(settings_in(tmp_path, training=True)) as client:
        answer = await client.post(ADDRESS, json={"images": 64})
        assert answer.status_code == 202
        events = (await client.get(f"{answer.headers['location']}/events")).text
        job = (await client.get(answer.headers["location"])).json()
        assert (job["kind"], job["state"], job["done"], job["total"]) == ("encoder", "done", 4, 4), events
        result = (await client.get(job["result"])).json()
        assert result["model"] == "village"
        assert "dB" in result["measured"]
        assert (tmp_path / "models" / "village" / ENCODER).is_file()


def trainings(folder: Path) -> list[str]:
    """The commands of the processes that train there."""
    commands = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended meanwhile
            commands.append(path.read_bytes().decode().replace("\0", " "))
    return [command for command in commands if " encoder " in command and str(folder) in command]


async def test_it_ends_when_it_is_cancelled_and_with_the_server(tmp_path: Path) -> None:
    write_model(tmp_path)
    async with asgi_client(settings_in(tmp_path, training=True)) as client:
        for number in (1, 2):
            begun = await client.post(ADDRESS, json={"images": 1_000_000 - 16 * number})
            state = await until(client, begun.headers["location"], 1)
            assert (state["state"], state["total"]) == ("running", 62_500 - number), state
            assert len(trainings(tmp_path)) == 1
            if number == 1:
                assert (await client.delete(begun.headers["location"])).status_code == 204
                while trainings(tmp_path):
                    await asyncio.sleep(0.05)
    assert not trainings(tmp_path)


async def test_what_the_command_says_is_the_jobs_problem(tmp_path: Path) -> None:
    write_model(tmp_path)
    (tmp_path / "models" / "village" / CHECKPOINT).mkdir()  # where it cannot store what it has
    (tmp_path / "models" / "village" / ENCODER).mkdir()
    async with asgi_client(settings_in(tmp_path, training=True)) as client:
        begun = await client.post(ADDRESS, json={"images": 16})
        await client.get(f"{begun.headers['location']}/events")
        job = (await client.get(begun.headers["location"])).json()
        assert job["state"] == "failed"
        assert job["problem"]["type"].endswith(":training-failed")
        assert ENCODER in job["problem"]["detail"]


@pytest.mark.parametrize(
    ("name", "question", "status", "kind"),
    [
        ("village", {"images": 0}, 422, "invalid-picture"),
        ("village", {"images": "many"}, 422, "invalid-picture"),
        ("village", {"pictures": 16}, 422, "invalid-picture"),
        ("nobody", {}, 404, "unknown-model"),
    ],
)
async def test_what_cannot_be_trained_is_said(
    tmp_path: Path, name: str, question: dict[str, Any], status: int, kind: str
) -> None:
    write_model(tmp_path)
    async with asgi_client(settings_in(tmp_path, training=True)) as client:
        answer = await client.post(f"/api/v1/models/{name}/encoder", json=question)
        assert (answer.status_code, answer.json()["type"]) == (status, f"urn:unitbrush:problem:{kind}")


async def test_a_server_trains_nothing_unless_it_is_told_to(client: httpx.AsyncClient) -> None:
    answer = await client.post(ADDRESS, json={"images": 16})
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:unitbrush:problem:trains-nothing")
    assert "--training" in answer.json()["detail"]
