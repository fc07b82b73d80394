"""Who gets the device next: one worker thread in front of it, or as many as there are painters elsewhere.

Three kinds of callers wait for it. Live sockets go first: each has a lane, with at most one waiting turn, and what is
drawn is chosen only when the turn comes, so that it is always the newest; the lanes take turns. Requests, as downloads
and thumbnails are, queue first come, first served, up to a bound; past it `QueueFull` tells the caller to come back.
One goes after `BEFORE_QUEUE` turns of lanes at the latest, and whenever no lane waits. What nobody looks at yet waits
in the background: its turn comes when nothing else waits and nobody has painted for `CALM` seconds, as who paints comes
back at once with the next stroke; or after `BEFORE_BACKGROUND` turns of others, so that a busy server gets it done too.

    engine = Engine(painter, queue_size=64)
    async with engine:
        pixels = await engine.render(picture)

Where the device draws many pictures in little more time than one, a GPU, the drafts that wait in lanes are drawn at
once by `together`, `most_frames` at most. While lanes alone wait, and not as many as were drawn together the last time,
it waits for the others, `PATIENCE` seconds at most: a single painter waits for nobody.

All methods but `prepare` belong to the event loop that entered the engine; only the work itself runs in the thread.
"""

import asyncio
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Self, TypeVar

from server.errors import UnitbrushError
from server.model.pixels import Pixels
from server.painting.batches import Prepared
from server.painting.edits import Check, Covered
from server.painting.painter import Featuremaps, Labels
from server.painting.picture import Picture
from server.web.draws import Draws, DrawsTogether
from server.web.lines import Line, Returned, Turn, Wanted, Work, chosen, next_turn, same, take_step

BEFORE_QUEUE, BEFORE_BACKGROUND = 4, 24  # turns of others that they let pass
PATIENCE = 0.003
CALM = 0.25

T = TypeVar("T")
Piece = TypeVar("Piece")


class Busy(UnitbrushError, status=503, slug="busy", title="The server is busy"):
    """The server does as much as it can. `retry_after`: seconds after which it is worth asking again."""

    def __init__(self, detail: str, retry_after: int = 1) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class QueueFull(Busy):
    """Too many renders wait already."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"more work waits than the device takes on; try again in {retry_after} s", retry_after)


class Stopping(Busy):
    """The server stops, and does not begin anything nor go on with it."""

    def __init__(self) -> None:
        super().__init__("the server is stopping; try again in a moment")


class _Gone(Exception):
    """Whoever asked for the running work does not wait for it any more."""


class Engine:
    """The device's thread and those who wait for it.

    observe: given the seconds that each piece of work took. together: what draws the drafts of several callers at once,
    most_frames of them, where that is worth it. observe_frames: given how many that were. width: pieces of work at a
    time, more than one where painters of a cluster do them.
    dropped: how many turns there were no room for, or whose callers left before them.

    Work raises Stopping, what the painter raises, and QueueFull unless it is a lane's.
    """

    def __init__(
        self,
        painter: Draws,
        queue_size: int,
        observe: Callable[[float], None] = lambda seconds: None,
        initializer: Callable[[], None] | None = None,
        together: DrawsTogether | None = None,
        most_frames: int = 1,
        observe_frames: Callable[[int], None] = lambda number: None,
        width: int = 1,
    ) -> None:
        self._painter = painter
        self._queue_size = queue_size
        self._observe, self._observe_frames = observe, observe_frames
        self._width = width
        self._threads = ThreadPoolExecutor(width, thread_name_prefix="device", initializer=initializer)
        self._lanes, self._queue, self._background = Line(None), Line(BEFORE_QUEUE), Line(BEFORE_BACKGROUND)
        self._lines = (self._lanes, self._queue, self._background)
        self._arrived = asyncio.Event()
        self._usual_seconds = 0.05  # a piece of work takes; a running mean
        self._serving: list[asyncio.Task[None]] = []
        self._stopping = False
        self._together, self._most_frames, self._last_frames = together, most_frames, 1
        self._calm_at = 0.0  # in the loop's time
        self.dropped = {"full": 0, "left": 0}

    async def __aenter__(self) -> Self:
        self._serving = [asyncio.create_task(self._serve(), name="engine") for _ in range(self._width)]
        return self

    async def __aexit__(self, *error: object) -> None:
        """Let the running work end at its next step, cancel what waits."""
        for serving in self._serving:
            serving.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)
        for turn in self._all():
            turn.result.cancel()
        await asyncio.to_thread(self._threads.shutdown)

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

    @property
    def together(self) -> bool:
        """Whether drafts of several callers are drawn at once."""
        return self._together is not None

    @property
    def painter(self) -> Draws:
        """What draws, for work that runs in the device's thread."""
        return self._painter

    def prepare(self, picture: Picture) -> Picture | Prepared:
        """Do of a picture what needs no device, in any thread. Raises what drawing it raises."""
        return picture if self._together is None else self._together.prepare(picture)

    async def render(self, picture: Picture, draft: bool = False, background: bool = False) -> Pixels:
        """The picture's pixels, (height, width, 3) uint8. background: whether everybody else goes first."""
        work = partial(self._painter.render, picture, draft)
        return await (self.in_background(work) if background else self._run(work, self._queue))

    async def featuremaps(self, picture: Picture, layer: str) -> Featuremaps:
        """The layer's output in the picture, (height, width, units)."""
        return await self._run(partial(self._painter.featuremaps, picture, layer), self._queue)

    async def labels(self, picture: Picture) -> Labels:
        """Which of the segmenter's concepts each pixel shows, (height, width)."""
        return await self._run(partial(self._painter.labels, picture), self._queue)

    async def covered(self, picture: Picture) -> Covered:
        """How much of each pixel the edits are at, (height, width)."""
        return await self._run(partial(self._painter.covered, picture), self._queue)

    async def render_soon(self, picture: Picture) -> Pixels:
        """What `render` gives, with a turn among the lanes, which have no bound: however many wait, it gets one."""
        result: Pixels = await self._wait(self._lanes, lambda: partial(self._painter.render, picture))
        return result

    async def frame(self, choose: Callable[[], Wanted]) -> Pixels:
        """Wait for a turn among the lanes; `choose` is called in the event loop when it comes, to give the newest
        picture and whether a draft will do. Within 1 of 255 of what `render` gives where it will not.

        A socket calls this again only after its last turn has ended, so it never holds more than one.
        """
        frame = None if self._together is None else choose
        draw: Callable[..., Pixels] = (self._together or self._painter).frame
        result: Pixels = await self._wait(self._lanes, lambda: partial(draw, *choose()), frame=frame)
        return result

    async def in_background(self, work: Work[T]) -> T:
        """Run `work` when nothing else waits. It is to be short, as a stroke that comes meanwhile waits for its end."""
        return await self._run(work, self._background)

    async def step(self, work: Generator[Piece, None, T]) -> Piece | Returned[T]:
        """The next piece of a generator, or what it returned, made in the background. It counts as no piece of work,
        and has no bound: whoever takes steps has only one of them wait."""
        take = partial(take_step, work)
        result: Piece | Returned[T] = await self._wait(self._background, lambda: take, counted=False)
        return result

    async def steps(self, work: Generator[object, None, T]) -> T:
        """What a generator returns, all its steps taken."""
        while not isinstance(came := await self.step(work), Returned):
            pass
        value: T = came.value
        return value

    async def _run(self, work: Work[T], line: Line) -> T:
        """Run `work` after what waits in that line; where its caller is cancelled before, it is dropped."""
        waiting = sum(turn.counted for turn in line.turns)
        if waiting >= self._queue_size:
            self.dropped["full"] += 1
            raise QueueFull(retry_after=max(1, round(self._usual_seconds * waiting)))
        result: T = await self._wait(line, lambda: work)
        return result

    async def _wait(
        self,
        line: Line,
        choose: Callable[[], Work[Any]],
        counted: bool = True,
        frame: Callable[[], Wanted] | None = None,
    ) -> Any:
        if self._stopping:
            raise Stopping
        turn = Turn(choose, asyncio.get_running_loop().create_future(), counted, frame)
        line.turns.append(turn)
        self._arrived.set()
        try:
            return await turn.result
        finally:
            # Only a cancelled caller's turn is still in line here.
            if turn in line.turns:
                line.turns.remove(turn)
                self.dropped["left"] += 1

    def _all(self) -> list[Turn]:
        return [turn for line in self._lines for turn in line.turns]

    async def _serve(self) -> None:
        while True:
            await self._gather()
            await self._calm()
            painted = bool(self._lanes.turns)
            turn = next_turn(self._lines)
            if turn is None:
                self._arrived.clear()
                await self._arrived.wait()
            elif turn.frame is not None and self._together is not None:
                await self._take_frames(turn, self._together)
            elif not turn.result.done() and (work := chosen(turn, turn.choose)) is not None:
                await self._take([turn], partial(_alone, work))
            if painted:
                self._calm_at = asyncio.get_running_loop().time() + CALM

    async def _gather(self) -> None:
        """Wait for as many lanes as had drafts together the last time, for a moment, while nobody else waits."""
        end = asyncio.get_running_loop().time() + PATIENCE
        while 0 < len(self._all()) < self._last_frames and all(turn.frame is not None for turn in self._all()):
            if not await self._arrival(end):
                return

    async def _calm(self) -> None:
        """While the background alone waits: wait for whoever has just painted to come back."""
        while self._background.turns and not (self._lanes.turns or self._queue.turns or self._background.overdue):
            if not await self._arrival(self._calm_at):
                return

    async def _arrival(self, end: float) -> bool:
        """Wait for another turn, until `end` in the loop's time. Returns whether one came."""
        self._arrived.clear()
        try:
            async with asyncio.timeout_at(end):
                await self._arrived.wait()
        except TimeoutError:
            return False
        return True

    async def _take_frames(self, first: Turn, together: DrawsTogether) -> None:
        """Draw at once the drafts that wait in lanes. Finished pictures among them are drawn by themselves, as they
        always are, and next."""
        lane, turns = self._lanes.turns, [first]
        while lane and lane[0].frame is not None and len(turns) < self._most_frames:
            turns.append(lane.popleft())
        drafts: list[Turn] = []
        pictures: list[Picture | Prepared] = []
        finished: list[Turn] = []
        for turn in turns:
            if turn.frame is None or turn.result.done() or (wanted := chosen(turn, turn.frame)) is None:
                continue
            picture, draft = wanted
            if draft:
                drafts.append(turn)
                pictures.append(picture)
            else:
                turn.choose, turn.frame = partial(same, partial(together.frame, picture)), None
                finished.append(turn)
        lane.extendleft(reversed(finished))
        self._last_frames = len(drafts) or 1
        if drafts:
            self._observe_frames(len(drafts))
            await self._take(drafts, partial(together.drafts_of, pictures))

    async def _take(self, turns: Sequence[Turn], work: Work[Sequence[Any]]) -> None:
        """Do the work of these turns, which gives a result or an exception for each. Their callers may be gone when it
        is done; it ends at its next step when all are."""

        def check() -> None:
            if self._stopping:
                raise Stopping
            if all(turn.result.done() for turn in turns):
                raise _Gone

        begin = time.perf_counter()
        results: Sequence[Any]
        try:
            results = await asyncio.get_running_loop().run_in_executor(self._threads, partial(work, check=check))
        except Exception as error:
            results = [error] * len(turns)
        except asyncio.CancelledError:
            for turn in turns:
                turn.result.cancel()
            raise
        for turn, result in zip(turns, results, strict=True):
            if turn.result.done():
                continue
            if isinstance(result, Exception):
                turn.result.set_exception(result)
            else:
                turn.result.set_result(result)
        if all(turn.counted for turn in turns):
            seconds = time.perf_counter() - begin
            self._usual_seconds += 0.1 * (seconds - self._usual_seconds)
            self._observe(seconds)


def _alone(work: Work[T], check: Check) -> list[T]:
    return [work(check=check)]
