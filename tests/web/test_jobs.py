from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from server.errors import PictureError
from server.web.engine import Busy, Engine
from server.web.jobs import MOST_OVER, MOST_WAITING, Job, Jobs, Progress, Result, Steps, UnknownJob
from tests.web.test_engine import Gate, picture

RESULT = Result(b"result", "image/png")


@pytest.fixture
def gate() -> Gate:
    gate = Gate()
    gate.let(1000)
    return gate


@pytest_asyncio.fixture
async def engine(gate: Gate) -> AsyncIterator[Engine]:
    async with Engine(gate, queue_size=3) as engine:
        yield engine


@pytest_asyncio.fixture
async def jobs(engine: Engine) -> AsyncIterator[Jobs]:
    async with Jobs(engine) as jobs:
        yield jobs


def steps(name: str = "a", record: list[str] | None = None, count: int = 3) -> Steps:
    for step in range(1, count + 1):
        if record is not None:
            record.append(f"{name}{step}")
        yield Progress(step, count, b"preview" if step == 2 else None)
    return RESULT


async def states(jobs: Jobs, job: Job) -> list[tuple[str, int]]:
    """What those who follow it to its end see."""
    return [(job.state, job.done) async for job in jobs.follow(job)]


async def test_a_job_is_followed_to_its_result(jobs: Jobs) -> None:
    job = jobs.start("count", steps())
    assert jobs.get(job.id) is job
    seen = await states(jobs, job)
    assert seen[0] == ("waiting", 0)
    assert seen[-1] == ("done", 3)
    assert [done for _, done in seen] == sorted(done for _, done in seen)
    assert (job.result, job.total, job.preview, job.previews) == (RESULT, 3, b"preview", 1)
    assert await states(jobs, job) == [("done", 3)]  # also by those who come later


async def test_the_time_left_is_told_from_the_pace(jobs: Jobs) -> None:
    job = jobs.start("count", steps(count=4))
    assert job.seconds_left is None
    left = [(job.done, job.seconds_left) async for job in jobs.follow(job) if job.state == "running"]
    for done, seconds in left:
        assert (seconds is None) == (done < 2), (done, seconds)
    assert max(done for done, _ in left) >= 2
    assert job.seconds_left is None


async def test_they_run_one_after_the_other(jobs: Jobs) -> None:
    record: list[str] = []
    both = [jobs.start("count", steps(name, record)) for name in "ab"]
    await asyncio.gather(*(states(jobs, job) for job in both))
    assert record == ["a1", "a2", "a3", "b1", "b2", "b3"]


async def test_strokes_go_between_its_pieces(jobs: Jobs, engine: Engine, gate: Gate) -> None:
    strokes_before: list[int] = []

    def watching() -> Steps:
        for step in range(1, 4):
            strokes_before.append(len(gate.drawn))
            yield Progress(step, 3)
        return RESULT

    job = jobs.start("count", watching())
    async for _ in jobs.follow(job):
        # It waits for its next piece when the stroke comes, and has it after the stroke.
        await engine.frame(lambda: (picture(1), True))
    assert strokes_before == sorted(strokes_before)
    assert strokes_before[-1] >= 2


async def test_what_waits_and_what_runs_can_be_cancelled(jobs: Jobs) -> None:
    record: list[str] = []

    def endless() -> Steps:
        for step in range(1, 10**9):
            yield Progress(step, 10**9)
        return RESULT

    running, waiting, last = jobs.start("endless", endless()), jobs.start("b", steps("b", record)), None
    async for job in jobs.follow(running):
        if job.done >= 2 and last is None:
            last = jobs.start("c", steps("c", record))
            jobs.cancel(waiting.id)
            jobs.cancel(running.id)
    assert last is not None
    assert (await states(jobs, last))[-1] == ("done", 3)
    assert (running.state, waiting.state) == ("cancelled", "cancelled")
    assert record == ["c1", "c2", "c3"]
    for job in (running, waiting):
        with pytest.raises(UnknownJob):
            jobs.get(job.id)


async def test_a_failure_is_told_and_the_next_one_runs(jobs: Jobs, caplog: pytest.LogCaptureFixture) -> None:
    def failing(error: Exception) -> Steps:
        yield Progress(1, 2)
        raise error

    ours, other = (jobs.start("fail", failing(error)) for error in (PictureError("no such thing"), KeyError("secret")))
    good = jobs.start("count", steps())
    assert (await states(jobs, good))[-1] == ("done", 3)
    assert (ours.state, ours.error and ours.error.detail) == ("failed", "no such thing")
    assert (other.state, other.error and other.error.detail) == ("failed", "the server's log says more")
    assert "secret" in caplog.text


async def test_only_so_many_may_wait_and_only_so_many_are_remembered(jobs: Jobs) -> None:
    started = [jobs.start("count", steps()) for _ in range(MOST_WAITING)]
    with pytest.raises(Busy, match="jobs wait already"):
        jobs.start("count", steps())
    for job in started:
        await states(jobs, job)
    for _ in range(MOST_OVER):
        await states(jobs, jobs.start("count", steps()))
    for job in started:
        with pytest.raises(UnknownJob):
            jobs.get(job.id)


async def test_when_the_server_stops_followers_hear_of_it(engine: Engine) -> None:
    async with Jobs(engine) as jobs:
        job = jobs.start("count", steps(count=10**9))
        following = asyncio.create_task(states(jobs, job))
        await asyncio.sleep(0)
        engine.stop()
        assert (await following)[-1][0] == "failed"
        assert job.error is not None
        assert "stopping" in job.error.detail
    async with Jobs(engine) as jobs:
        waiting = jobs.start("count", steps())
    assert waiting.state in ("cancelled", "failed")
