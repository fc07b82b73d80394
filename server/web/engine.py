"""One worker thread in front of the device, and who gets it next.

Three kinds of callers wait for it. Requests queue first come, first served, up to a bound; past it `QueueFull`
tells the caller to come back. Live sockets have a lane each, with at most one waiting turn, and what is
drawn is chosen only when the turn comes, so that it is always the newest. The device alternates between the
queue and the lanes, and the lanes take turns, so neither a burst of requests nor a fast painter starves the
others. What nobody looks at yet waits in the background: its turn comes when nothing else waits, or after
`MOST_BEFORE` turns of others, so that a busy server gets it done too.

    engine = Engine(painter, queue_size=64)
    async with engine:
        pixels = await engine.render(picture)

All methods belong to the event loop that entered the engine; only the work itself runs in the thread.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, Self, TypeVar, cast

from server.errors import UnitbrushError
from server.model.pixels import Pixels
from server.painting.edits import Check
from server.painting.painter import Featuremaps, Labels, Painter
from server.painting.picture import Picture

MOST_BEFORE = 24  # turns of others while the background waits

T = TypeVar("T")
Result = TypeVar("Result", covariant=True)


class Work(Protocol[Result]):
    """What a turn does in the device's thread."""

    def __call__(self, *, check: Check) -> Result:
        """Do it. check: called between its steps; it raises where nobody waits for the result any more."""


class Busy(UnitbrushError, status=503, slug="busy", title="The server is busy"):
    """The server does as much as it can; trying again a little later is right."""


class QueueFull(Busy):
    """Too many renders wait already. `retry_after`: seconds after which it is worth asking again."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"more work waits than the device takes on; try again in {retry_after} s")
        self.retry_after = retry_after


class Stopping(Busy):
    """The server stops, and does not begin anything nor go on with it."""

    def __init__(self) -> None:
        super().__init__("the server is stopping; try again in a moment")


class _Gone(Exception):
    """Whoever asked for the running work does not wait for it any more."""


@dataclass(eq=False)
class _Turn:
    """A caller's turn: `choose` gives the work once the device is free, `result` gets what came of it. counted: whether
    its time is observed."""

    choose: Callable[[], Work[Any]]
    result: asyncio.Future[Any]
    counted: bool


class Engine:
    """The device's thread and those who wait for it. `observe` is given the seconds that each piece of work took.

    Work raises Stopping, what the painter raises, and QueueFull unless it is a lane's.
    """

    def __init__(
        self,
        painter: Painter,
        queue_size: int,
        observe: Callable[[float], None] = lambda seconds: None,
        initializer: Callable[[], None] | None = None,
    ) -> None:
        self._painter = painter
        self._queue_size = queue_size
        self._observe = observe
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="device", initializer=initializer)
        self._queue: deque[_Turn] = deque()
        self._lanes: deque[_Turn] = deque()
        self._background: deque[_Turn] = deque()
        self._lane_next = False
        self._before_background = 0  # turns of others since the background had one, or began to wait
        self._arrived = asyncio.Event()
        self._usual_seconds = 0.05  # a piece of work takes; a running mean
        self._serving: asyncio.Task[None] | None = None
        self._stopping = False

    async def __aenter__(self) -> Self:
        self._serving = asyncio.create_task(self._serve(), name="engine")
        return self

    async def __aexit__(self, *error: object) -> None:
        """Let the running work end at its next step, cancel what waits."""
        assert self._serving is not None
        self._serving.cancel()
        await asyncio.gather(self._serving, return_exceptions=True)
        for turn in self._all():
            turn.result.cancel()
        await asyncio.to_thread(self._thread.shutdown)

    def stop(self) -> None:
        """Refuse what waits and what comes, and end what runs at its next step. They raise Stopping."""
        self._stopping = True
        for turn in self._all():
            if not turn.result.done():
                turn.result.set_exception(Stopping())

    @property
    def waiting(self) -> int:
        """How many turns wait, requests, lanes and the background together."""
        return sum(turn.counted for turn in self._all())

    async def render(self, picture: Picture, draft: bool = False, background: bool = False) -> Pixels:
        """The picture's pixels, (height, width, 3) uint8. background: whether everybody else goes first."""
        work = partial(self._painter.render, picture, draft)
        return await (self.in_background(work) if background else self._run(work))

    async def featuremaps(self, picture: Picture, layer: str) -> Featuremaps:
        """The layer's output in the picture, (height, width, units)."""
        return await self._run(partial(self._painter.featuremaps, picture, layer))

    async def labels(self, picture: Picture) -> Labels:
        """Which of the segmenter's concepts each pixel shows, (height, width)."""
        return await self._run(partial(self._painter.labels, picture))

    async def render_soon(self, picture: Picture) -> Pixels:
        """What `render` gives, with a turn among the lanes, which have no bound: however many wait, it gets one."""
        return await self._wait(self._lanes, lambda: partial(self._painter.render, picture))

    async def frame(self, choose: Callable[[], tuple[Picture, bool]]) -> Pixels:
        """Wait for a turn among the lanes; `choose` is called in the event loop when it comes, to give the newest
        picture and whether a draft will do. Within 1 of 255 of what `render` gives where it will not.

        A socket calls this again only after its last turn has ended, so it never holds more than one.
        """
        return await self._wait(self._lanes, lambda: partial(self._painter.frame, *choose()))

    async def steps(self, work: Generator[None, None, T]) -> T:
        """What a generator returns: each of its steps runs in the device's thread, after what waits already, and counts
        as no piece of work."""
        while True:
            done, value = await self._wait(self._queue, lambda: partial(_step, work), counted=False)
            if done:
                return cast(T, value)

    async def in_background(self, work: Work[T]) -> T:
        """Run `work` when nothing else waits. It is to be short, as a stroke that comes meanwhile waits for its end."""
        return await self._run(work, self._background)

    async def _run(self, work: Work[T], line: deque[_Turn] | None = None) -> T:
        """Run `work` after what waits already; where its caller is cancelled before, it is dropped."""
        line = self._queue if line is None else line
        waiting = sum(turn.counted for turn in line)
        if waiting >= self._queue_size:
            raise QueueFull(retry_after=max(1, round(self._usual_seconds * waiting)))
        return await self._wait(line, lambda: work)

    async def _wait(self, line: deque[_Turn], choose: Callable[[], Work[T]], counted: bool = True) -> T:
        if self._stopping:
            raise Stopping
        turn = _Turn(choose, asyncio.get_running_loop().create_future(), counted)
        line.append(turn)
        self._arrived.set()
        try:
            result: T = await turn.result
            return result
        finally:
            # Only a cancelled caller's turn is still in line here.
            if turn in line:
                line.remove(turn)

    def _all(self) -> list[_Turn]:
        return [*self._queue, *self._lanes, *self._background]

    def _next(self) -> _Turn | None:
        """The next turn: from the queue and the lanes alternately, from either when the other is empty, and from the
        background when both are, or when it has let enough of them pass."""
        if self._background and self._before_background >= MOST_BEFORE:
            self._before_background = 0
            return self._background.popleft()
        lines = (self._lanes, self._queue) if self._lane_next else (self._queue, self._lanes)
        for line in lines:
            if line:
                self._lane_next = line is self._queue
                self._before_background += 1 if self._background else 0
                return line.popleft()
        self._before_background = 0
        return self._background.popleft() if self._background else None

    async def _serve(self) -> None:
        while True:
            turn = self._next()
            if turn is None:
                self._arrived.clear()
                await self._arrived.wait()
            elif not turn.result.done():
                await self._take(turn)

    async def _take(self, turn: _Turn) -> None:
        """Do the turn's work. Its caller may be gone when it is done; it ends at its next step then."""

        def check() -> None:
            if self._stopping or turn.result.done():
                raise Stopping if self._stopping else _Gone

        begin = time.perf_counter()
        try:
            result = await asyncio.get_running_loop().run_in_executor(self._thread, partial(turn.choose(), check=check))
            if not turn.result.done():
                turn.result.set_result(result)
        except Exception as error:
            if not turn.result.done():
                turn.result.set_exception(error)
        except asyncio.CancelledError:
            turn.result.cancel()
            raise
        if not turn.counted:
            return
        seconds = time.perf_counter() - begin
        self._usual_seconds += 0.1 * (seconds - self._usual_seconds)
        self._observe(seconds)


def _step(work: Generator[None, None, T], check: Check) -> tuple[bool, T | None]:
    """Take one step: whether it was the last, and what the generator returned then."""
    check()
    try:
        next(work)
    except StopIteration as end:
        return True, end.value
    return False, None
