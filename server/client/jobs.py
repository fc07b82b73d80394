"""Long work of the server, waited for: its progress told, its result fetched; ended where nobody waits any more."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

from server.client import calls
from server.client.answers import Job
from server.client.calls import Call
from server.client.errors import UnitbrushProblem
from server.client.exchange import AsyncConnection, Connection

T = TypeVar("T")

PAUSE = 0.5  # seconds between two questions

OnProgress = Callable[[Job], object]


def finish(
    connection: Connection, begin: Call[Job], result: Callable[[str], Call[T]], on_progress: OnProgress | None
) -> T:
    """What comes of a job; an exception meanwhile, as by Ctrl-C, cancels it. result: the call that asks for it, by the
    job's id. Raises UnitbrushProblem and NoAnswer."""
    job = connection.send(begin)
    try:
        while goes_on(job, on_progress):
            time.sleep(PAUSE)
            job = connection.send(calls.job(job.id))
        return connection.send(result(job.id))
    finally:
        connection.send(calls.cancel_job(job.id))


async def finish_async(
    connection: AsyncConnection, begin: Call[Job], result: Callable[[str], Call[T]], on_progress: OnProgress | None
) -> T:
    """As `finish`."""
    job = await connection.send(begin)
    try:
        while goes_on(job, on_progress):
            await asyncio.sleep(PAUSE)
            job = await connection.send(calls.job(job.id))
        return await connection.send(result(job.id))
    finally:
        await connection.send(calls.cancel_job(job.id))


def goes_on(job: Job, on_progress: OnProgress | None) -> bool:
    """Whether the job is not over yet. Raises UnitbrushProblem where it failed."""
    if on_progress is not None:
        on_progress(job)
    if job.problem is not None:
        raise UnitbrushProblem(job.problem)
    return job.state in ("waiting", "running")
