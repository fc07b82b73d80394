"""Jobs of servers that share a database: each answers for those of the others."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI

from server.app import create_app
from server.errors import PictureError
from server.web import job_states
from server.web.job_states import JobStates, JobTable, state_of
from server.web.jobs import Job, Progress, Result, Steps, UnknownJob
from tests.helpers.serving import settings_in

pytest.importorskip("psycopg")


@pytest.fixture(autouse=True)
def _sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_states, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(job_states, "ALIVE_SECONDS", 0.05)


@pytest_asyncio.fixture
async def apps(installed: Path, tmp_path: Path, postgres_address: str) -> AsyncIterator[tuple[FastAPI, FastAPI]]:
    """Two servers with one database."""
    async with AsyncExitStack() as stack:
        apps = [create_app(settings_in(installed, data_dir=tmp_path, database=postgres_address)) for _ in range(2)]
        for app in apps:
            await stack.enter_async_context(app.router.lifespan_context(app))
        yield apps[0], apps[1]


def client_of(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost/api/v1/jobs")


def states_of(app: FastAPI) -> JobStates:
    states: JobStates = app.state.services.job_states
    return states


def steps() -> Steps:
    yield Progress(1, 2, b"a jpeg")
    yield Progress(2, 2)
    return Result(b"a png", "image/png")


def endless() -> Steps:
    while True:
        yield Progress(1, 2)


async def end_of(app: FastAPI, id: str) -> None:
    """Wait until the server that does a job has dropped it."""
    with suppress(UnknownJob):
        while app.state.services.jobs.get(id):
            await asyncio.sleep(0.01)


async def test_another_server_tells_of_a_job_at_once_and_of_its_end(apps: tuple[FastAPI, FastAPI]) -> None:
    job = await states_of(apps[0]).start("count", steps())
    async with client_of(apps[1]) as client:
        assert (await client.get(job.id)).json()["kind"] == "count"
        events = (await client.get(f"{job.id}/events")).text.split("\n\n")
        last = json.loads(events[-2].removeprefix("data: "))
        assert (last["state"], last["done"], last["total"], last["problem"]) == ("done", 2, 2, None)
        assert last == (await client.get(job.id)).json()
        assert (await client.get(f"{job.id}/preview")).content == b"a jpeg"
        result = await client.get(f"{job.id}/result")
        assert (result.content, result.headers["content-type"]) == (b"a png", "image/png")
        assert (await client.get("nothing")).status_code == 404


async def test_why_a_job_failed_is_told_everywhere(apps: tuple[FastAPI, FastAPI]) -> None:
    def failing() -> Steps:
        yield Progress(1, 2)
        raise PictureError("no such thing", "/picture")

    job = await states_of(apps[0]).start("count", failing())
    seen = [state async for state in states_of(apps[1]).follow(job.id)]
    assert (seen[-1].state, seen[-1].problem) == ("failed", PictureError("no such thing", "/picture").problem())


async def test_a_job_is_cancelled_from_anywhere(apps: tuple[FastAPI, FastAPI]) -> None:
    for by in apps:
        job = await states_of(apps[0]).start("count", endless())
        async with client_of(by) as client:
            assert (await client.delete(job.id)).status_code == 204
            assert (await client.delete(job.id)).status_code == 404
        await end_of(apps[0], job.id)
        for app in apps:
            async with client_of(app) as client:
                assert (await client.get(job.id)).status_code == 404


async def test_a_job_is_cancelled_while_another_is_written(
    apps: tuple[FastAPI, FastAPI], monkeypatch: pytest.MonkeyPatch
) -> None:
    states = states_of(apps[0])
    in_store = states._in_store
    first, second = [await states.start("count", endless()) for _ in range(2)]
    cancelled = asyncio.Event()

    async def cancelling(method: Callable[..., Any], *arguments: object) -> Any:
        came = await in_store(method, *arguments)
        if method.__name__ == "update" and not cancelled.is_set():
            cancelled.set()
            await states.cancel(second.id)
        return came

    monkeypatch.setattr(states, "_in_store", cancelling)
    async with asyncio.timeout(30):
        await cancelled.wait()
        await states_of(apps[1]).cancel(first.id)
        await end_of(apps[0], first.id)  # so what writes still does


async def test_whoever_follows_a_job_elsewhere_sees_it_cancelled(apps: tuple[FastAPI, FastAPI]) -> None:
    job = await states_of(apps[0]).start("count", endless())
    seen = []
    async for state in states_of(apps[1]).follow(job.id):
        if not seen:
            await states_of(apps[0]).cancel(job.id)
        seen.append(state.state)
    assert seen[-1] == "cancelled"


async def test_jobs_of_a_server_that_stops_are_told_as_cancelled(apps: tuple[FastAPI, FastAPI]) -> None:
    services = apps[0].state.services
    job = await services.job_states.start("count", endless())
    await services.jobs.__aexit__()
    await services.job_states.__aexit__()
    assert (await states_of(apps[1]).get(job.id)).state == "cancelled"


@pytest.fixture
def table(postgres_address: str) -> Iterator[JobTable]:
    from server.web.postgres import PostgresDatabase

    database = PostgresDatabase(postgres_address)
    yield JobTable(database)
    database.close()


def test_jobs_of_a_server_that_is_lost_have_failed_and_are_forgotten(
    table: JobTable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lost, new = (state_of(Job(id, "count", "running", 1, 2), settings_in(tmp_path)) for id in ("lost", "new"))
    table.add(lost)
    assert table.get("lost") == lost
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + job_states.LOST_SECONDS + 1)
    told = table.get("lost")
    assert told is not None
    assert told.problem is not None
    assert (told.state, told.problem["detail"]) == ("failed", "the server that did this is gone")
    monkeypatch.setattr(time, "time", lambda: now + job_states.KEPT_SECONDS + 1)
    table.add(new)
    assert table.get("lost") is None
    assert not table.update(lost)
