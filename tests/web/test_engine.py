from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence

import numpy as np
import pytest
import pytest_asyncio

from server.model.pixels import Pixels
from server.painting.edits import Check, go_on
from server.painting.picture import Picture
from server.web.engine import BEFORE_BACKGROUND, BEFORE_QUEUE, Engine, QueueFull, Stopping


class Gate:
    """A painter that draws its seed, one picture for each `let`, and keeps a record."""

    def __init__(self) -> None:
        self.drawn: list[tuple[int | None, bool]] = []
        self.threads: set[int] = set()
        self._permits = threading.Semaphore(0)
        self.started = threading.Semaphore(0)

    def let(self, number: int = 1) -> None:
        self._permits.release(number)

    def render(self, picture: Picture, draft: bool = False, check: Check = go_on) -> Pixels:
        self.started.release()
        assert self._permits.acquire(timeout=30)
        self.threads.add(threading.get_ident())
        self.drawn.append((picture.seed, draft))
        if picture.seed == 13:
            raise ValueError("thirteen")
        return np.full((1, 1, 3), picture.seed, np.uint8)

    def frame(self, picture: Picture, draft: bool = False, check: Check = go_on) -> Pixels:
        return self.render(picture, draft, check)

    def featuremaps(self, picture: Picture, layer: str, check: Check = go_on) -> np.ndarray:
        self.render(picture)
        return np.full((1, 1, len(layer)), picture.seed, np.float32)

    def labels(self, picture: Picture, check: Check = go_on) -> np.ndarray:
        self.render(picture)
        return np.full((2, 2), picture.seed)


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest_asyncio.fixture
async def engine(gate: Gate) -> AsyncIterator[Engine]:
    async with Engine(gate, queue_size=3) as engine:
        yield engine
        gate.let(100)


def picture(seed: int) -> Picture:
    return Picture("village", seed)


async def begin(engine: Engine, gate: Gate, seed: int = 0) -> asyncio.Task[Pixels]:
    """Occupy the device with a picture."""
    task = asyncio.create_task(engine.render(picture(seed)))
    await asyncio.to_thread(gate.started.acquire)
    return task


async def settle() -> None:
    """Let every task run until it waits."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_requests_are_drawn_in_their_order_in_one_thread(engine: Engine, gate: Gate) -> None:
    tasks = [await begin(engine, gate)]
    for seed in (1, 2, 3):
        tasks.append(asyncio.create_task(engine.render(picture(seed), draft=seed == 2)))
        await settle()
    gate.let(4)
    images = await asyncio.gather(*tasks)
    assert [int(image[0, 0, 0]) for image in images] == [0, 1, 2, 3]
    assert gate.drawn == [(0, False), (1, False), (2, True), (3, False)]
    assert len(gate.threads) == 1


async def test_featuremaps_and_labels_wait_their_turn(engine: Engine, gate: Gate) -> None:
    tasks: list[asyncio.Task[np.ndarray]] = [await begin(engine, gate)]
    for work in (engine.featuremaps(picture(1), "layer4"), engine.labels(picture(2)), engine.render(picture(3))):
        tasks.append(asyncio.create_task(work))
        await settle()
    with pytest.raises(QueueFull):
        await engine.labels(picture(4))
    gate.let(4)
    assert [found.shape for found in await asyncio.gather(*tasks)] == [(1, 1, 3), (1, 1, 6), (2, 2), (1, 1, 3)]
    assert [seed for seed, _ in gate.drawn] == [0, 1, 2, 3]
    assert len(gate.threads) == 1


async def test_past_the_bound_a_request_is_told_to_come_back(engine: Engine, gate: Gate) -> None:
    tasks = [await begin(engine, gate)]
    tasks += [asyncio.create_task(engine.render(picture(seed))) for seed in (1, 2, 3)]
    await settle()
    with pytest.raises(QueueFull) as caught:
        await engine.render(picture(4))
    assert caught.value.retry_after >= 1
    gate.let(4)
    await asyncio.gather(*tasks)
    assert (await _drawn(engine, gate, 5))[0, 0, 0] == 5


async def _drawn(engine: Engine, gate: Gate, seed: int) -> Pixels:
    gate.let()
    return await engine.render(picture(seed))


async def test_a_cancelled_request_is_never_drawn_and_frees_its_place(engine: Engine, gate: Gate) -> None:
    running = await begin(engine, gate)
    tasks = [asyncio.create_task(engine.render(picture(seed))) for seed in (1, 2, 3)]
    await settle()
    tasks[1].cancel()
    await settle()
    tasks.append(asyncio.create_task(engine.render(picture(4))))
    await settle()
    gate.let(4)
    await asyncio.gather(running, tasks[0], tasks[2], tasks[3])
    assert [seed for seed, _ in gate.drawn] == [0, 1, 3, 4]
    assert engine.waiting == 0


async def test_cancelling_what_is_being_drawn_keeps_the_device_going(engine: Engine, gate: Gate) -> None:
    running = await begin(engine, gate)
    running.cancel()
    await settle()
    gate.let()
    assert (await _drawn(engine, gate, 1))[0, 0, 0] == 1


async def test_an_error_reaches_its_caller_only(engine: Engine, gate: Gate) -> None:
    running = await begin(engine, gate)
    bad = asyncio.create_task(engine.render(picture(13)))
    good = asyncio.create_task(engine.render(picture(7)))
    await settle()
    gate.let(3)
    with pytest.raises(ValueError, match="thirteen"):
        await bad
    assert (await good)[0, 0, 0] == 7
    await running


def chooser(seeds: list[int]) -> Callable[[], tuple[Picture, bool]]:
    return lambda: (picture(seeds[-1]), True)


async def test_a_lane_draws_what_is_newest_when_its_turn_comes(engine: Engine, gate: Gate) -> None:
    running = await begin(engine, gate)
    seeds = [1]
    frame = asyncio.create_task(engine.frame(chooser(seeds)))
    await settle()
    seeds += [2, 3]
    gate.let(2)
    assert (await frame)[0, 0, 0] == 3
    assert gate.drawn == [(0, False), (3, True)]
    await running


async def test_lanes_take_turns_and_requests_yield_to_them_but_do_not_starve(engine: Engine, gate: Gate) -> None:
    running = await begin(engine, gate)

    async def paint(first: int) -> None:
        for seed in range(first, first + 5):
            await engine.frame(chooser([seed]))

    sockets = [asyncio.create_task(paint(first)) for first in (20, 30)]
    requests = [asyncio.create_task(engine.render(picture(seed))) for seed in (1, 2, 3)]
    await settle()
    gate.let(14)
    await asyncio.gather(running, *sockets, *requests)
    assert BEFORE_QUEUE == 4
    assert [seed for seed, _ in gate.drawn] == [0, 20, 30, 21, 31, 1, 22, 32, 23, 33, 2, 24, 34, 3]


async def test_a_cancelled_lane_is_dropped(engine: Engine, gate: Gate) -> None:
    running = await begin(engine, gate)
    frame = asyncio.create_task(engine.frame(chooser([5])))
    await settle()
    frame.cancel()
    await settle()
    gate.let(2)
    await running
    await _drawn(engine, gate, 6)
    assert [seed for seed, _ in gate.drawn] == [0, 6]


async def test_leaving_the_engine_finishes_the_running_work_and_cancels_the_rest(gate: Gate) -> None:
    async with Engine(gate, queue_size=3) as engine:
        running = await begin(engine, gate)
        waiting = asyncio.create_task(engine.render(picture(1)))
        await settle()
        gate.let()
    assert gate.drawn == [(0, False)]
    for task in (running, waiting):
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_the_time_of_each_piece_of_work_is_told(gate: Gate) -> None:
    seconds: list[float] = []
    async with Engine(gate, queue_size=3, observe=seconds.append) as engine:
        await _drawn(engine, gate, 1)
        await _drawn(engine, gate, 2)
    assert len(seconds) == 2
    assert min(seconds) > 0


class Stepping(Gate):
    """Draws in steps for ever: only its check ends it."""

    def __init__(self) -> None:
        super().__init__()
        self.ended = threading.Event()

    def render(self, picture: Picture, draft: bool = False, check: Check = go_on) -> Pixels:
        self.started.release()
        try:
            while True:
                check()
                time.sleep(0.001)
        finally:
            self.ended.set()


async def test_work_ends_at_its_next_step_once_nobody_waits_for_it() -> None:
    painter = Stepping()
    async with Engine(painter, queue_size=3) as engine:
        for _ in range(2):
            painter.ended.clear()
            running = await begin(engine, painter)
            running.cancel()
            assert await asyncio.to_thread(painter.ended.wait, 60)
        frame = asyncio.create_task(engine.frame(chooser([5])))
        await asyncio.to_thread(painter.started.acquire)
        frame.cancel()
    assert painter.ended.is_set()


async def test_stopping_ends_what_runs_and_refuses_what_waits_and_comes() -> None:
    painter = Stepping()
    async with Engine(painter, queue_size=3) as engine:
        tasks = [await begin(engine, painter)]
        waiting = engine.render(picture(1)), engine.frame(chooser([2]))
        tasks += [asyncio.create_task(work) for work in waiting]
        await settle()
        engine.stop()
        for task in (*tasks, asyncio.create_task(engine.render(picture(3)))):
            with pytest.raises(Stopping):
                await task
    assert painter.ended.is_set()


async def test_leaving_the_engine_ends_what_runs() -> None:
    painter = Stepping()
    async with Engine(painter, queue_size=3) as engine:
        running = await begin(engine, painter)
    with pytest.raises(asyncio.CancelledError):
        await running
    assert painter.ended.is_set()


async def test_the_background_waits_for_everybody_else(engine: Engine, gate: Gate) -> None:
    tasks = [await begin(engine, gate)]
    for seed in (1, 2):
        tasks.append(asyncio.create_task(engine.render(picture(seed), background=True)))
    await settle()
    tasks.append(asyncio.create_task(engine.render(picture(3))))
    tasks.append(asyncio.create_task(engine.frame(lambda: (picture(4), True))))
    await settle()
    assert engine.waiting == 4
    gate.let(5)
    await asyncio.gather(*tasks)
    assert [seed for seed, _ in gate.drawn] == [0, 4, 3, 1, 2]


async def test_a_stroke_goes_before_what_is_left_of_the_background(engine: Engine, gate: Gate) -> None:
    tasks = [asyncio.create_task(engine.render(picture(seed), background=True)) for seed in (1, 2)]
    await asyncio.to_thread(gate.started.acquire)
    tasks.append(asyncio.create_task(engine.frame(lambda: (picture(3), True))))
    await settle()
    gate.let(3)
    await asyncio.gather(*tasks)
    assert [seed for seed, _ in gate.drawn] == [1, 3, 2]


async def test_the_background_waits_for_whoever_paints_to_come_back(
    engine: Engine, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.web.engine.CALM", 60)
    gate.let(3)
    await engine.frame(lambda: (picture(1), True))
    waiting = asyncio.create_task(engine.render(picture(2), background=True))
    await settle()  # no lane waits now, as between two frames of a drag
    await engine.render(picture(3))
    await engine.frame(lambda: (picture(4), True))
    assert [seed for seed, _ in gate.drawn] == [1, 3, 4]
    waiting.cancel()


async def test_the_background_goes_on_once_nobody_paints(
    engine: Engine, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.web.engine.CALM", 0.01)
    gate.let(2)
    await engine.frame(lambda: (picture(1), True))
    await engine.render(picture(2), background=True)
    assert [seed for seed, _ in gate.drawn] == [1, 2]


async def test_a_busy_device_gets_the_background_done_too(engine: Engine, gate: Gate) -> None:
    gate.let(3 * BEFORE_BACKGROUND)
    stopped = False

    async def paint() -> None:
        while not stopped:
            await engine.frame(lambda: (picture(1), True))

    painters = [asyncio.create_task(paint()) for _ in range(2)]  # so that a lane always waits
    await engine.render(picture(2), background=True)
    stopped = True
    await asyncio.gather(*painters)
    assert gate.drawn.index((2, False)) >= BEFORE_BACKGROUND


async def test_the_background_is_bounded_too_and_stops(engine: Engine, gate: Gate) -> None:
    running = await begin(engine, gate)
    waiting = [asyncio.create_task(engine.render(picture(seed), background=True)) for seed in (1, 2, 3)]
    await settle()
    with pytest.raises(QueueFull):
        await engine.render(picture(4), background=True)
    assert engine.waiting == 3
    engine.stop()
    for task in waiting:
        with pytest.raises(Stopping):
            await task
    gate.let()
    await asyncio.gather(running, return_exceptions=True)


class Together(Gate):
    """Keeps a record of the drafts drawn at once; 13 cannot be drawn."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[list[int | None]] = []

    def prepare(self, picture: Picture) -> Picture:
        return picture

    def drafts_of(self, pictures: Sequence[Picture], check: Check = go_on) -> list[Pixels | Exception]:
        self.started.release()
        assert self._permits.acquire(timeout=30)
        self.batches.append([picture.seed for picture in pictures])
        check()
        return [
            ValueError("thirteen") if picture.seed == 13 else np.full((1, 1, 3), picture.seed, np.uint8)
            for picture in pictures
        ]


@pytest_asyncio.fixture
async def together() -> AsyncIterator[tuple[Engine, Together, list[int]]]:
    """An engine that draws three drafts at once, its painter, and how many were."""
    gate, sizes = Together(), []
    async with Engine(gate, queue_size=3, together=gate, most_frames=3, observe_frames=sizes.append) as engine:
        yield engine, gate, sizes
        gate.let(100)


async def test_drafts_that_wait_are_drawn_at_once(together: tuple[Engine, Together, list[int]]) -> None:
    engine, gate, sizes = together
    running = await begin(engine, gate)
    frames = [asyncio.create_task(engine.frame(chooser([seed]))) for seed in (1, 2, 13, 4)]
    await settle()
    gate.let(3)
    one, two, bad, four = await asyncio.gather(*frames, return_exceptions=True)
    assert [int(image[0, 0, 0]) for image in (one, two, four)] == [1, 2, 4]  # type: ignore[index]
    assert isinstance(bad, ValueError)
    assert gate.batches == [[1, 2, 13], [4]]
    assert sizes == [3, 1]
    await running


async def test_a_finished_picture_among_drafts_is_drawn_by_itself_and_next(
    together: tuple[Engine, Together, list[int]],
) -> None:
    engine, gate, _ = together
    running = await begin(engine, gate)
    frames = [
        asyncio.create_task(engine.frame(lambda seed=seed: (picture(seed), seed != 2)))  # type: ignore[misc]
        for seed in (1, 2, 3)
    ]
    await settle()
    gate.let(3)
    assert [int(image[0, 0, 0]) for image in await asyncio.gather(*frames)] == [1, 2, 3]
    assert gate.batches == [[1, 3]]
    assert gate.drawn == [(0, False), (2, False)]
    await running


async def test_whoever_leaves_is_not_drawn_and_the_others_are(together: tuple[Engine, Together, list[int]]) -> None:
    engine, gate, _ = together
    running = await begin(engine, gate)
    frames = [asyncio.create_task(engine.frame(chooser([seed]))) for seed in (1, 2, 3)]
    await settle()
    frames[1].cancel()
    await settle()
    gate.let(2)
    await asyncio.gather(running, frames[0], frames[2])
    assert gate.batches == [[1, 3]]
    assert engine.dropped == {"full": 0, "left": 1}


async def test_a_single_painter_waits_for_nobody_and_several_for_each_other(
    together: tuple[Engine, Together, list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, gate, _ = together
    monkeypatch.setattr("server.web.engine.PATIENCE", 60.0)  # so that who waits for it is seen to
    gate.let(100)
    await asyncio.wait_for(engine.frame(chooser([1])), 30)
    await asyncio.wait_for(engine.frame(chooser([2])), 30)
    await asyncio.gather(*(engine.frame(chooser([seed])) for seed in (3, 4)))
    assert gate.batches[-1] == [3, 4]
    first = asyncio.create_task(engine.frame(chooser([5])))
    await settle()
    assert not first.done()
    await asyncio.gather(first, engine.frame(chooser([6])))
    assert gate.batches[-1] == [5, 6]
    first = asyncio.create_task(engine.frame(chooser([7])))
    await settle()
    await asyncio.wait_for(engine.render(picture(8)), 30)  # nobody else is kept waiting
    await first
    assert gate.batches[-1] == [7]


async def test_their_time_together_is_bounded(
    together: tuple[Engine, Together, list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, gate, _ = together
    gate.let(100)
    await asyncio.gather(*(engine.frame(chooser([seed])) for seed in (3, 4)))
    await asyncio.wait_for(engine.frame(chooser([5])), 30)  # the other one does not come again
    assert gate.batches[-1] == [5]


async def test_stopping_ends_drafts_too(together: tuple[Engine, Together, list[int]]) -> None:
    engine, gate, _ = together
    frames = [asyncio.create_task(engine.frame(chooser([seed]))) for seed in (1, 2)]
    await asyncio.to_thread(gate.started.acquire)
    engine.stop()
    gate.let()
    for frame in frames:
        with pytest.raises(Stopping):
            await frame


async def test_a_turn_that_cannot_choose_fails_alone(engine: Engine, gate: Gate) -> None:
    def wrong() -> tuple[Picture, bool]:
        raise KeyError("nothing waits")

    gate.let(2)
    with pytest.raises(KeyError):
        await engine.frame(wrong)
    assert (await _drawn(engine, gate, 1))[0, 0, 0] == 1


async def test_steps_run_in_the_background_and_are_not_counted(gate: Gate) -> None:
    seconds: list[float] = []

    def steps():  # type: ignore[no-untyped-def]
        drawn_before.append(len(gate.drawn))
        yield
        drawn_before.append(len(gate.drawn))
        return "done"

    async with Engine(gate, queue_size=1, observe=seconds.append) as engine:
        running = await begin(engine, gate)
        drawn_before: list[int] = []
        work = asyncio.create_task(engine.steps(steps()))
        await settle()
        assert engine.waiting == 0
        request = asyncio.create_task(engine.render(picture(1)))
        await settle()
        gate.let(2)
        assert await work == "done"
        assert drawn_before == [2, 2]
        await asyncio.gather(running, request)
    assert len(seconds) == 2


async def test_where_painters_are_elsewhere_several_draw_at_a_time(gate: Gate) -> None:
    async with Engine(gate, queue_size=3, width=2) as engine:
        tasks = [await begin(engine, gate, seed) for seed in (1, 2)]  # both have begun, neither is let
        later = asyncio.create_task(engine.frame(lambda: (picture(3), True)))
        await settle()
        assert engine.waiting == 1
        gate.let(3)
        assert [int(pixels[0, 0, 0]) for pixels in await asyncio.gather(*tasks, later)] == [1, 2, 3]
    assert len(gate.threads) == 2
