"""How far jobs are, on whichever server: its own jobs are asked, and where servers share a database, each writes there
how far its jobs are, so that any of them can answer for all.

A job is still done by the server that was asked for it, and in its memory. Of one that is lost nothing more is written;
its jobs count as failed then.
"""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Self

from server.errors import UnitbrushError
from server.settings import Settings
from server.web.engine import Busy
from server.web.jobs import Job, Jobs, Result, State, Steps, StepsElsewhere, UnknownJob
from server.web.problems import members_of
from server.web.store import StoreError
from server.web.tables import Database

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0  # between two looks at how far jobs are
ALIVE_SECONDS = 20.0  # after which a job is written again, though nothing has changed
LOST_SECONDS = 90.0  # after which one that was not is lost
KEPT_SECONDS = 86400.0  # that the end of a job whose server is lost is kept


@dataclass(frozen=True)
class JobState:
    """How far a job is. problem: why it failed, the members of a problem document. The rest as in `Job`."""

    id: str
    kind: str
    state: State
    done: int
    total: int
    previews: int
    seconds_left: float | None
    problem: Mapping[str, Any] | None
    preview: bytes | None
    result: Result | None

    @property
    def over(self) -> bool:
        """Whether nothing will change any more."""
        return self.state in ("done", "failed", "cancelled")


def state_of(job: Job, settings: Settings) -> JobState:
    """How far a job of this server is."""
    left = job.seconds_left
    return JobState(
        id=job.id,
        kind=job.kind,
        state=job.state,
        done=job.done,
        total=job.total,
        previews=job.previews,
        seconds_left=None if left is None else round(left, 1),
        problem=None if job.error is None else members_of(job.error, settings),
        preview=job.preview,
        result=job.result,
    )


class JobTable:
    """The table that servers write their jobs to. Its methods wait for the database, and raise StoreError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, job: JobState) -> None:
        """Write a job for the first time, and delete what is old."""
        with self._database.transaction():
            self._database.execute("DELETE FROM jobs WHERE written < ?", (time.time() - KEPT_SECONDS,))
            self._database.execute(
                "INSERT INTO jobs (written, members, preview, result, id) VALUES (?, ?, ?, ?, ?)", _row(job)
            )

    def update(self, job: JobState) -> bool:
        """Write how far it is now; whether it is still wanted."""
        with self._database.transaction():
            statement = "UPDATE jobs SET written = ?, members = ?, preview = ?, result = ? WHERE id = ?"
            return self._database.execute(statement, _row(job)).rowcount == 1

    def get(self, id: str) -> JobState | None:
        """How far a job is, or was when it was lost; None where none has that id."""
        with self._database.reading():
            query = "SELECT written, members, preview, result FROM jobs WHERE id = ?"
            row = self._database.execute(query, (id,)).fetchone()
        if row is None:
            return None
        written, members, preview, result = row
        read = json.loads(members)
        media_type = read.pop("media_type")
        job = JobState(**read, id=id, preview=preview, result=None if result is None else Result(result, media_type))
        if job.over or time.time() - written < LOST_SECONDS:
            return job
        problem = UnitbrushError("the server that did this is gone").problem()
        return replace(job, state="failed", seconds_left=None, problem=problem)

    def remove(self, id: str) -> bool:
        """Forget a job, which ends where it runs; whether there was one."""
        with self._database.transaction():
            return self._database.execute("DELETE FROM jobs WHERE id = ?", (id,)).rowcount == 1


def _row(job: JobState) -> tuple[float, str, bytes | None, bytes | None, str]:
    members = {
        "kind": job.kind,
        "state": job.state,
        "done": job.done,
        "total": job.total,
        "previews": job.previews,
        "seconds_left": job.seconds_left,
        "problem": None if job.problem is None else dict(job.problem),
        "media_type": None if job.result is None else job.result.media_type,
    }
    return time.time(), json.dumps(members), job.preview, None if job.result is None else job.result.data, job.id


class JobStates:
    """The jobs of all servers that share a table, or of this one where there is none. in_store: calls the table's
    methods in a thread. All methods belong to the event loop that entered it, and raise UnknownJob and StoreError."""

    def __init__(
        self, jobs: Jobs, settings: Settings, table: JobTable | None, in_store: Callable[..., Awaitable[Any]]
    ) -> None:
        self._jobs, self._settings, self._table, self._in_store = jobs, settings, table, in_store
        self._written: dict[str, tuple[float, JobState]] = {}  # when, and what
        self._writing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        if self._table is not None:
            self._writing = asyncio.create_task(self._write_on(self._table), name="job states")
        return self

    async def __aexit__(self, *error: object) -> None:
        """Write how the jobs ended: those that enter it before `Jobs` leave it after them."""
        if self._writing is None or self._table is None:
            return
        self._writing.cancel()
        await asyncio.gather(self._writing, return_exceptions=True)
        with suppress(StoreError, Busy):
            await self._write(self._table)

    async def start(self, kind: str, steps: Steps | StepsElsewhere) -> JobState:
        """Start a job here. Raises Busy where too many wait."""
        job = state_of(self._jobs.start(kind, steps), self._settings)
        if self._table is not None:
            try:
                await self._in_store(self._table.add, job)
            except BaseException:
                self._jobs.cancel(job.id)
                raise
            self._written[job.id] = (time.monotonic(), job)
        return job

    async def get(self, id: str) -> JobState:
        """How far a job is."""
        with suppress(UnknownJob):
            return state_of(self._jobs.get(id), self._settings)
        job: JobState | None = None if self._table is None else await self._in_store(self._table.get, id)
        if job is None:
            raise UnknownJob(f"there is no job {id!r}: it is long over, or the server was restarted")
        return job

    async def follow(self, id: str) -> AsyncIterator[JobState]:
        """The job now, after every change, and when it is over, which is the last time."""
        try:
            own = self._jobs.get(id)
        except UnknownJob:
            before: JobState | None = None
            while before is None or not before.over:
                try:
                    job = await self.get(id)
                except UnknownJob:
                    if before is None:
                        raise
                    job = replace(before, state="cancelled", seconds_left=None)
                if job != before:
                    yield job
                before = job
                await asyncio.sleep(0 if job.over else LOOK_SECONDS)
        else:
            async for job_now in self._jobs.follow(own):
                yield state_of(job_now, self._settings)

    async def cancel(self, id: str) -> None:
        """End a job, wherever it is, and forget it."""
        removed = self._table is not None and await self._in_store(self._table.remove, id)
        self._written.pop(id, None)
        try:
            self._jobs.cancel(id)
        except UnknownJob:
            if not removed:
                raise

    async def _write_on(self, table: JobTable) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self._write(table)
            except (StoreError, Busy) as error:
                log.error("how far jobs are cannot be written: %s", error)

    async def _write(self, table: JobTable) -> None:
        """Write what has changed, and end those jobs that were removed."""
        for id in list(self._written):
            if id not in self._written:  # it was cancelled while others were written
                continue
            since, before = self._written[id]
            try:
                job = state_of(self._jobs.get(id), self._settings)
            except UnknownJob:  # it was over long before
                del self._written[id]
                await self._in_store(table.remove, id)
                continue
            if job == before and (job.over or time.monotonic() - since < ALIVE_SECONDS):
                continue
            wanted = await self._in_store(table.update, job)
            if id not in self._written:  # it was cancelled meanwhile
                continue
            self._written[id] = (time.monotonic(), job)
            if not wanted:
                del self._written[id]
                with suppress(UnknownJob):
                    self._jobs.cancel(id)
