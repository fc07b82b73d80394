"""Long work, one job after another and below everything else: what runs, what waits, how far it is, what came of it.

A job is a generator. Each of its pieces is one turn in the engine's background, so strokes go between them; where it
has got on it yields a Progress, and what it returns is its Result:

    def steps():
        for done in range(1, 101):
            yield Progress(done, 100)
        return Result(png, "image/png")

    job = jobs.start("style", steps())
    async for job in jobs.follow(job): ...

What is done elsewhere, by another process, is an asynchronous generator; it takes no turns.

All methods belong to the event loop that entered it.
"""

import asyncio
import logging
import secrets
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Generator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Literal, Self

from server.errors import UnitbrushError
from server.web.engine import Busy, Engine
from server.web.lines import Returned

log = logging.getLogger(__name__)

MOST_WAITING = 8
MOST_OVER = 16  # of those that are over: how many are remembered, with their results

State = Literal["waiting", "running", "done", "failed", "cancelled"]


class UnknownJob(UnitbrushError, status=404, slug="unknown-job", title="There is no such job"):
    """No job of that id is known: it never was, it is long over, or the server was restarted."""


class UnfinishedJob(UnitbrushError, status=409, slug="unfinished-job", title="The job has no result"):
    """The job is not done, or never will be."""


@dataclass(frozen=True)
class Progress:
    """How far a job is. preview: a JPEG of what it has so far, None where it is none worth a look."""

    done: int
    total: int
    preview: bytes | None = None


@dataclass(frozen=True)
class Result:
    """What came of a job: a file."""

    data: bytes
    media_type: str


Steps = Generator[Progress | None, None, Result]
StepsElsewhere = AsyncGenerator[Progress | Result | None, None]  # which take no device; the last is the Result


@dataclass(eq=False)
class Job:
    """A job as it is now. previews: how many there were. first: when it had told of how many steps for the first time,
    None before: what it prepares until then says nothing of its pace."""

    id: str
    kind: str
    state: State = "waiting"
    done: int = 0
    total: int = 0
    preview: bytes | None = None
    previews: int = 0
    first: tuple[float, int] | None = None
    result: Result | None = None
    error: UnitbrushError | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    @property
    def over(self) -> bool:
        """Whether nothing will change any more."""
        return self.state in ("done", "failed", "cancelled")

    @property
    def seconds_left(self) -> float | None:
        """How long it will take at the pace it had so far, None where that cannot be told."""
        if self.state != "running" or self.first is None or self.done <= self.first[1]:
            return None
        since, done = self.first
        return (time.monotonic() - since) / (self.done - done) * (self.total - self.done)

    def tell(self) -> None:
        """Wake those who follow it."""
        self.changed.set()
        self.changed = asyncio.Event()


class Jobs:
    """The jobs of one server, in memory: a restart forgets them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._jobs: dict[str, Job] = {}
        self._waiting: deque[tuple[Job, Steps | StepsElsewhere]] = deque()
        self._arrived = asyncio.Event()
        self._working: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._working = asyncio.create_task(self._work(), name="jobs")
        return self

    async def __aexit__(self, *error: object) -> None:
        assert self._working is not None
        self._working.cancel()
        await asyncio.gather(self._working, return_exceptions=True)
        for job in self._jobs.values():
            if not job.over:
                self._end(job, "cancelled")

    def start(self, kind: str, steps: Steps | StepsElsewhere) -> Job:
        """Put a job behind those that wait. Raises Busy where they are too many."""
        waiting = sum(job.state == "waiting" for job, _ in self._waiting)
        if waiting >= MOST_WAITING:
            raise Busy(f"{waiting} jobs wait already; try again when one of them is over")
        job = Job(secrets.token_urlsafe(16), kind)
        self._jobs[job.id] = job
        self._waiting.append((job, steps))
        self._arrived.set()
        return job

    def get(self, id: str) -> Job:
        """The job of that id. Raises UnknownJob."""
        if id not in self._jobs:
            raise UnknownJob(f"there is no job {id!r}: it is long over, or the server was restarted")
        return self._jobs[id]

    def cancel(self, id: str) -> None:
        """End a job and forget it; the piece that runs is finished first. Raises UnknownJob."""
        job = self.get(id)
        del self._jobs[id]
        if not job.over:
            self._end(job, "cancelled")

    async def follow(self, job: Job) -> AsyncIterator[Job]:
        """The job now, after every change, and when it is over, which is the last time."""
        while True:
            changed = job.changed
            yield job
            if job.over:
                return
            await changed.wait()

    def _end(self, job: Job, state: State) -> None:
        job.state = state
        job.tell()
        over = [id for id, job in self._jobs.items() if job.over]
        for id in over[: max(0, len(over) - MOST_OVER)]:
            del self._jobs[id]

    async def _work(self) -> None:
        while True:
            while not self._waiting:
                self._arrived.clear()
                await self._arrived.wait()
            job, steps = self._waiting.popleft()
            if job.state == "waiting":
                await self._run(job, steps)

    async def _run(self, job: Job, steps: Steps | StepsElsewhere) -> None:
        job.state = "running"
        job.tell()
        try:
            async with aclosing(self._pieces(steps)) as pieces:
                async for piece in pieces:
                    self._took(job, piece)
                    if job.over:
                        break
        except UnitbrushError as error:
            job.error = error
        except Exception:
            log.exception("a job of the kind %r failed", job.kind)
            job.error = UnitbrushError("the server's log says more")
        if job.error is not None and not job.over:
            self._end(job, "failed")

    async def _pieces(self, steps: Steps | StepsElsewhere) -> StepsElsewhere:
        """What comes of each piece, the last of which is the result."""
        if isinstance(steps, AsyncGenerator):
            async with aclosing(steps):
                async for piece in steps:
                    yield piece
            return
        while True:
            came = await self._engine.step(steps)
            if isinstance(came, Returned):
                yield came.value
                return
            yield came

    def _took(self, job: Job, came: Progress | Result | None) -> None:
        """What came of a piece, unless the job was cancelled meanwhile."""
        if job.over or came is None:
            return
        if isinstance(came, Result):
            job.result, job.done = came, job.total
            self._end(job, "done")
            return
        job.done, job.total = came.done, came.total
        job.first = job.first or (time.monotonic(), came.done)
        if came.preview is not None:
            job.preview, job.previews = came.preview, job.previews + 1
        job.tell()
