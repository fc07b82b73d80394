"""Many painters at once on a real server: each drags its brush over a scene of its own and looks at what comes back.

A stroke grows by a point with every event. The time of a frame is from sending its message to having its bytes. At the
end of a stroke its finished picture is asked for, and the painter waits until it is there.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from collections import Counter
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import torch
from websockets.asyncio.client import ClientConnection, connect

from server.errors import UsageError
from server.lab.bench.floor import floor_ms, speed_of, work_of
from server.lab.bench.parts import brush_edit
from server.lab.bench.timing import Timing, timing_of
from server.lab.bench.wire import ServerFailed, metrics
from server.model.catalog import Model
from server.painting.painter import Painter
from server.painting.picture import Edit, Picture, Stroke, Strokes, picture_to_json

POINTS = 30  # of a stroke
LEAST = 5  # points of a stroke that time ends
STROKES = 4  # on a scene
CONNECTING = 64  # at a time
PATIENCE = 60.0  # seconds for a finished picture
SPARE = 256  # files that a process opens beside its connections
VANISHED = 0.2  # seconds for which somebody who vanished is away


@dataclass
class Crowd:
    """What so many painters saw. times: milliseconds of each frame. frames, strokes: by painter, frames seen and
    finished pictures seen. unseen: finished pictures that did not come. problems: by status."""

    painters: int
    seconds: float = 0.0
    times: list[float] = field(default_factory=list)
    frames: Counter[int] = field(default_factory=Counter)
    strokes: Counter[int] = field(default_factory=Counter)
    unseen: int = 0
    problems: Counter[int] = field(default_factory=Counter)

    @property
    def median_ms(self) -> float:
        """The median of all frames."""
        return statistics.median(self.times)

    @property
    def slowest_ms(self) -> float:
        """The time that 99 of 100 frames stay under."""
        return statistics.quantiles(self.times, n=100, method="inclusive")[-1]

    @property
    def frames_per_second(self) -> float:
        """Of all painters together."""
        return len(self.times) / self.seconds


async def paint_together(
    port: int, model: Model, painters: int, seconds: float, pace: float | None = None, vanishing: int = 0
) -> Crowd:
    """Have so many painters drag for so many seconds, and each then end its stroke.

    pace: events a second, None for the next one as soon as the frame is there. vanishing: how many of them go away in
    the middle of strokes, without a goodbye, and come back. Raises OSError and InvalidStatus where the server lets
    somebody not in.
    """
    crowd, gate = Crowd(painters), asyncio.Semaphore(CONNECTING)
    begin, ready = asyncio.Event(), asyncio.Barrier(painters + 1)

    async def paint(number: int) -> None:
        painter = _Painter(model, number, crowd, pace)
        async with gate:
            live = await _open(port)
        await ready.wait()
        await begin.wait()
        if number < vanishing:
            await painter.come_and_go(live, port, end)
        else:
            async with live:
                await painter.drag(live, end)

    async with asyncio.TaskGroup() as group:
        for number in range(painters):
            group.create_task(paint(number))
        await ready.wait()
        since = time.perf_counter()
        end = since + seconds
        begin.set()
    crowd.seconds = time.perf_counter() - since
    return crowd


def measure_painters(
    port: int, painter: Painter, counts: Sequence[int], seconds: float
) -> tuple[list[dict[str, Any]], list[Timing]]:
    """So many painters at once on the server at that port, one number after the other: how many frames a second, and
    the least time that the passes they were drawn in can take. Also the times of their frames, as timings.

    painter: one as the server's. Raises ServerFailed.
    """
    model = painter.catalog.get()
    work = work_of(model.generator, model.edit_layer, painter.draft_dtype)
    speed = speed_of(torch.device(painter.device), painter.draft_dtype)
    crowds, timings = [], []
    for painters in counts:
        before = metrics(port)
        try:
            crowd = asyncio.run(paint_together(port, model, painters, seconds))
        except ExceptionGroup as group:
            raise ServerFailed(f"{painters} painters could not paint: {group.exceptions[0]}") from group
        if len(crowd.times) < 2:
            raise ServerFailed(f"{painters} painters saw no frames, but {dict(crowd.problems)} by status")
        after = metrics(port)
        passes, drafts = (
            after[f"unitbrush_batch_size_{what}"] - before[f"unitbrush_batch_size_{what}"] for what in ("count", "sum")
        )
        together = drafts / passes if passes else 1.0
        crowds.append(
            {
                "painters": painters,
                "median_ms": round(crowd.median_ms, 3),
                "slowest_ms": round(crowd.slowest_ms, 3),
                "edits_per_second": round(crowd.frames_per_second, 1),
                "drafts_a_pass": round(together, 2),
                "floor_ms": work and round(floor_ms(work, speed, round(together)), 4),
                "problems": sum(crowd.problems.values()),
                "unseen": crowd.unseen,
            }
        )
        timings.append(timing_of(f"{painters} at once, a frame", crowd.times))
    return crowds, timings


def allow_painters(number: int) -> None:
    """Let this process, and those that it starts from now on, open a connection for each of so many painters. Raises
    UsageError where the system does not allow that."""
    if sys.platform == "win32":
        return
    import resource

    needed = number + SPARE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= needed:
        return
    if resource.RLIM_INFINITY != hard < needed:
        raise UsageError(f"{number} painters take {needed} open files, and the system allows a process {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


async def _open(port: int) -> ClientConnection:
    url = f"ws://127.0.0.1:{port}/api/v1/live"
    return await connect(url, proxy=None, max_size=None, ping_interval=None, open_timeout=PATIENCE)


class _Painter:
    """One of them."""

    def __init__(self, model: Model, number: int, crowd: Crowd, pace: float | None) -> None:
        self._model, self._number, self._crowd, self._pace = model, number, crowd, pace
        self._sent: dict[int, float] = {}  # when, of what is not answered yet
        self._seq = self._shown = 0
        self._answered = asyncio.Event()

    async def drag(self, live: ClientConnection, end: float) -> None:
        """Paint until then, a stroke at least. Raises ServerFailed."""

        async def strokes() -> None:
            for stroke in count():
                await self._draw(live, stroke, end)
                if time.perf_counter() >= end:
                    return

        await self._while_looking(live, strokes())

    async def come_and_go(self, live: ClientConnection, port: int, end: float) -> None:
        """Paint, vanish in the middle of a stroke, and come back, until then. Raises ServerFailed."""

        async def half() -> None:
            for point in range(POINTS // 2):
                await self._send(live, 0, point, final=False)
                await self._wait_for_next()

        while time.perf_counter() < end:
            await self._while_looking(live, half())
            live.transport.abort()
            self._sent.clear()
            await asyncio.sleep(VANISHED)
            live = await _open(port)
        await live.close()

    async def _while_looking(self, live: ClientConnection, work: Coroutine[None, None, None]) -> None:
        """Do it while the frames that come are taken. Raises ServerFailed where the server hangs up."""
        working, looking = asyncio.create_task(work), asyncio.create_task(self._look(live))
        try:
            await asyncio.wait({working, looking}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                raise ServerFailed("it closed a live socket that somebody paints on")
            working.result()
        finally:
            working.cancel()
            looking.cancel()
            await asyncio.gather(working, looking, return_exceptions=True)

    async def _draw(self, live: ClientConnection, stroke: int, end: float) -> None:
        for point in range(POINTS):
            await self._send(live, stroke, point, final=False)
            await self._wait_for_next()
            if point >= LEAST and time.perf_counter() >= end:
                break
        await self._send(live, stroke, POINTS, final=True)
        try:
            async with asyncio.timeout(PATIENCE):
                await self._seen(self._seq)
            self._crowd.strokes[self._number] += 1
        except TimeoutError:
            self._crowd.unseen += 1

    async def _send(self, live: ClientConnection, stroke: int, point: int, final: bool) -> None:
        self._seq += 1
        picture = picture_to_json(self._picture(stroke, point))
        self._sent[self._seq] = time.perf_counter()
        await live.send(f'{{"seq":{self._seq},"final":{json.dumps(final)},"picture":{picture}}}')

    async def _wait_for_next(self) -> None:
        if self._pace is None:
            await self._seen(self._seq)
        else:
            await asyncio.sleep(1 / self._pace)

    async def _seen(self, seq: int) -> None:
        while self._shown < seq:
            self._answered.clear()
            await self._answered.wait()

    async def _look(self, live: ClientConnection) -> None:
        """Take what comes. A problem is an answer, too."""
        async for answer in live:
            if isinstance(answer, bytes):
                seq = int.from_bytes(answer[:4], "big")
                self._crowd.times.append((time.perf_counter() - self._sent[seq]) * 1e3)
                self._crowd.frames[self._number] += 1
            else:
                problem = json.loads(answer)
                seq = problem["seq"] or self._seq
                self._crowd.problems[problem["problem"]["status"]] += 1
            self._sent = {later: when for later, when in self._sent.items() if later > seq}
            self._shown = seq
            self._answered.set()

    def _picture(self, stroke: int, point: int) -> Picture:
        """The painter's scene with its strokes so far, the last of them as long as that."""
        scene, last = divmod(stroke, STROKES)
        edits = tuple(self._edit(row, POINTS if row < last else point) for row in range(last + 1))
        return Picture(self._model.name, 1000 * self._number + scene, edits=edits)

    def _edit(self, row: int, points: int) -> Edit:
        y = 0.3 + 0.15 * row
        line = tuple((0.1 + 0.8 * i / POINTS, y + 0.02 * (i % 3)) for i in range(points + 1))
        return brush_edit(self._model, Strokes((Stroke(line, 0.05),)))
