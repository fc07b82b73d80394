from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest_asyncio
from fastapi import FastAPI

from server.app import create_app
from server.errors import PictureError
from server.web.jobs import Jobs, Progress, Result, Steps
from tests.helpers.serving import settings_in


@pytest_asyncio.fixture
async def app(installed: Path, tmp_path: Path) -> AsyncIterator[FastAPI]:
    app = create_app(settings_in(installed, data_dir=tmp_path / "data"))
    async with app.router.lifespan_context(app):
        yield app


@pytest_asyncio.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


def jobs_of(app: FastAPI) -> Jobs:
    jobs: Jobs = app.state.services.jobs
    return jobs


def steps() -> Steps:
    yield Progress(1, 2, b"a jpeg")
    yield Progress(2, 2)
    return Result(b"a png", "image/png")


def failing() -> Steps:
    yield Progress(1, 2)
    raise PictureError("no such thing")


async def test_events_tell_of_a_job_until_its_result(client: httpx.AsyncClient, app: FastAPI) -> None:
    address = f"/api/v1/jobs/{jobs_of(app).start('count', steps()).id}"
    answer = await client.get(f"{address}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [json.loads(event.removeprefix("data: ")) for event in answer.text.split("\n\n") if event]
    states = [event["state"] for event in events]
    assert states == sorted(states, key=["waiting", "running", "done"].index)
    assert states.count("done") == 1
    assert {event["kind"] for event in events} == {"count"}
    last = events[-1]
    assert (await client.get(address)).json() == last
    assert (last["done"], last["total"], last["seconds_left"], last["problem"]) == (2, 2, None, None)
    preview, result = await client.get(last["preview"]), await client.get(last["result"])
    assert (preview.content, preview.headers["content-type"]) == (b"a jpeg", "image/jpeg")
    assert (result.content, result.headers["content-type"]) == (b"a png", "image/png")


async def test_a_failed_job_has_its_problem_and_no_result(client: httpx.AsyncClient, app: FastAPI) -> None:
    address = f"/api/v1/jobs/{jobs_of(app).start('fail', failing()).id}"
    await client.get(f"{address}/events")
    job = (await client.get(address)).json()
    assert (job["state"], job["result"], job["preview"]) == ("failed", None, None)
    assert (job["problem"]["status"], job["problem"]["detail"]) == (422, "no such thing")
    answer = await client.get(f"{address}/result")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:unitbrush:problem:unfinished-job")
    assert (await client.get(f"{address}/preview")).status_code == 404


async def test_a_cancelled_job_is_gone(client: httpx.AsyncClient, app: FastAPI) -> None:
    address = f"/api/v1/jobs/{jobs_of(app).start('count', steps()).id}"
    assert (await client.delete(address)).status_code == 204
    for path in (address, f"{address}/events", f"{address}/result", f"{address}/preview"):
        answer = await client.get(path)
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:unitbrush:problem:unknown-job")
    assert (await client.delete(address)).status_code == 404
