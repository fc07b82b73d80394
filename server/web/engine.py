"""One worker thread in front of the device, and who gets it next.

Two kinds of callers wait for it. Requests queue first come, first served, up to a bound; past it `QueueFull`
tells the caller to come back. Live sockets each hold one `Lane`, with at most one waiting turn, and what is
drawn is chosen only when the turn comes, so that it is always the newest. The device alternates between the
queue and the lanes, and the lanes take turns, so neither a burst of requests nor a fast painter starves the
others.

    engine = Engine(painter, queue_size=64)
    async with engine:
        pixels = await engine.render(picture)

All methods belong to the event loop that entered the engine; only the work itself runs in the thread.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from server.errors import Busy
from server.painting.picture import Picture

T = TypeVar("T")
Image = NDArray[np.uint8]
Work = Callable[[], T]


class Renderer(Protocol):
    """What the engine needs of a painter."""

    def render(self, picture: Picture, draft: bool = False) -> Image:
        """Returns the picture's pixels, (height, width, 3), 0..255."""

    def featuremaps(self, picture: Picture, layer: str) -> NDArray[np.float32]:
        """Returns the layer's output in the picture, (height, width, units)."""

    def labels(self, picture: Picture) -> NDArray[np.intp]:
        """Returns which of the segmenter's concepts each pixel shows, (height, width)."""


class QueueFull(Busy):
    """Too many renders wait already. `retry_after`: seconds after which it is worth asking again."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"more work waits than the device takes on; try again in {retry_after} s")
        self.retry_after = retry_after


@dataclass(eq=False)
class _Job:
    """A caller's turn: `choose` gives the work once the device is free, `done` gets its result."""

    choose: Callable[[], Work[Any]]
    done: asyncio.Future[Any]


class Engine:
    """The device thread and its queue. `observe` is told the seconds each piece of work took."""

    def __init__(
        self,
        painter: Renderer,
        queue_size: int,
        observe: Callable[[float], None] | None = None,
        initializer: Callable[[], None] | None = None,
    ) -> None:
        self._painter = painter
        self._queue_size = queue_size
        self._observe = observe
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="device", initializer=initializer)
        self._queue: deque[_Job] = deque()
        self._lanes: deque[_Job] = deque()
        self._lane_next = False
        self._wake = asyncio.Event()
        self._seconds = 0.05
        self._loop_task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Engine:
        self._loop_task = asyncio.create_task(self._serve(), name="engine")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let the running work finish, cancel what waits."""
        assert self._loop_task is not None
        self._loop_task.cancel()
        await asyncio.gather(self._loop_task, return_exceptions=True)
        for job in (*self._queue, *self._lanes):
            job.done.cancel()
        await asyncio.to_thread(self._thread.shutdown)

    @property
    def waiting(self) -> int:
        """How many turns wait, requests and lanes together."""
        return len(self._queue) + len(self._lanes)

    async def render(self, picture: Picture, draft: bool = False) -> Image:
        """The picture's pixels, (height, width, 3) uint8. Raises QueueFull, and what the painter raises."""
        return await self.run(partial(self._painter.render, picture, draft))

    async def featuremaps(self, picture: Picture, layer: str) -> NDArray[np.float32]:
        """The layer's output in the picture, (height, width, units). Raises QueueFull, and what the painter raises."""
        return await self.run(partial(self._painter.featuremaps, picture, layer))

    async def labels(self, picture: Picture) -> NDArray[np.intp]:
        """Which of the segmenter's concepts each pixel shows, (height, width). Raises QueueFull, and what the painter
        raises."""
        return await self.run(partial(self._painter.labels, picture))

    async def run(self, work: Work[T]) -> T:
        """Run `work` in the device thread after what waits already. A cancelled caller's work is dropped from
        the queue. Raises QueueFull where the queue is full, and what `work` raises."""
        if len(self._queue) >= self._queue_size:
            raise QueueFull(retry_after=max(1, round(self._seconds * len(self._queue))))
        result: T = await self._turn(self._queue, lambda: work)
        return result

    async def run_lane(self, choose: Callable[[], Work[T]]) -> T:
        """Wait for a turn among the lanes; `choose` is called in the event loop when it comes, to give the
        newest work. A socket calls this again only after its last turn has ended, so it never holds more than
        one."""
        result: T = await self._turn(self._lanes, choose)
        return result

    async def render_newest(self, choose: Callable[[], tuple[Picture, bool]]) -> Image:
        """`run_lane` for a picture: `choose` gives the picture and whether a draft will do."""

        def work() -> Work[Image]:
            picture, draft = choose()
            return partial(self._painter.render, picture, draft)

        return await self.run_lane(work)

    async def _turn(self, line: deque[_Job], choose: Callable[[], Work[Any]]) -> Any:
        job = _Job(choose, asyncio.get_running_loop().create_future())
        line.append(job)
        self._wake.set()
        try:
            return await job.done
        finally:
            # Only a cancelled caller's job is still in line here.
            if job in line:
                line.remove(job)

    def _next(self) -> _Job | None:
        """The next job: from the queue and the lanes by turns, from either when the other is empty."""
        lines = (self._lanes, self._queue) if self._lane_next else (self._queue, self._lanes)
        for line in lines:
            if line:
                self._lane_next = line is self._queue
                return line.popleft()
        return None

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            job = self._next()
            if job is None:
                self._wake.clear()
                await self._wake.wait()
                continue
            if job.done.done():
                continue
            begin = time.perf_counter()
            try:
                result = await loop.run_in_executor(self._thread, job.choose())
            except Exception as error:
                if not job.done.done():
                    job.done.set_exception(error)
            except asyncio.CancelledError:
                job.done.cancel()
                raise
            else:
                if not job.done.done():
                    job.done.set_result(result)
            seconds = time.perf_counter() - begin
            self._seconds += 0.1 * (seconds - self._seconds)
            if self._observe is not None:
                self._observe(seconds)
