"""A long day on one server: `python -m tests.soak --minutes 30`, also `make soak`.

A booth's page paints by itself in Chromium, painters follow their brushes over live sockets, scripts render pictures
of new scenes, and a client does not read what it asked for. Memory is read every ten seconds. The report says what it
was after five minutes and at the end, how many frames each painter got, and how calls were answered; the exit status is
1 where memory grew by more than 5 %, a painter got nothing, or a call was answered by anything but 200 or 503.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import socket
import sys
import tempfile
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import async_playwright
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.browser.conftest import ARGUMENTS, chromium
from tests.browser.server import StudioServer

WARM_MINUTES = 5.0
SAMPLE_SECONDS = 10.0
GROWTH = 1.05


@dataclass
class Report:
    """What was seen: frames of each painter, statuses of all calls, memory at each sample in bytes."""

    frames: Counter[int] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    memory: list[float] = field(default_factory=list)

    def print(self, painters: int) -> bool:
        """Print it; whether all is well."""
        warm = min(int(WARM_MINUTES * 60 / SAMPLE_SECONDS), len(self.memory) - 1)
        mib = [value / 2**20 for value in self.memory]
        # Scenes come and go within a sample: what counts is the middle of some of them.
        before, after = (sorted(part)[len(part) // 2] for part in (mib[warm : warm + 6], mib[-6:]))
        print("memory, MiB:", *(f"{value:.0f}" for value in mib))
        print(f"after {warm * SAMPLE_SECONDS / 60:.1f} minutes {before:.0f} MiB, at the end {after:.0f} MiB")
        print("frames of each painter:", *(self.frames[number] for number in range(painters)))
        print("statuses:", dict(sorted(self.statuses.items())))
        honest = all(status in ("200", "503", "1008") for status in self.statuses)
        return after <= before * GROWTH and all(self.frames[number] for number in range(painters)) and honest


def some_picture(chance: random.Random) -> dict[str, Any]:
    """A new scene with a stroke or two."""
    edits = []
    for _ in range(chance.randint(1, 3)):
        x, y = chance.random(), chance.random()
        points = [[min(1.0, x + i / 100), y] for i in range(chance.randint(2, 40))]
        mask = {"strokes": [{"points": points, "radius": chance.uniform(0.01, 0.1)}]}
        edits.append({"op": chance.choice(["draw", "remove"]), "concept": "tree", "mask": mask})
    return {"version": 1, "seed": chance.randrange(2**32), "edits": edits}


async def paint(server: StudioServer, number: int, report: Report) -> None:
    """A stroke that grows, a new scene after each."""
    chance, seq = random.Random(number), 0
    while True:
        try:
            async with connect(f"{server.url.replace('http', 'ws')}/api/v1/live", proxy=None) as live:
                while True:
                    picture, points = some_picture(chance), []
                    for step in range(30):
                        points.append([step / 30, 0.5 + 0.1 * (step % 5)])
                        mask = {"strokes": [{"points": points, "radius": 0.05}]}
                        edit = {"op": "draw", "concept": "tree", "mask": mask}
                        shown = {**picture, "edits": [*picture["edits"], edit]}
                        seq += 1
                        await live.send(json.dumps({"seq": seq, "picture": shown, "final": step == 29}))
                        answer = await live.recv()
                        report.frames[number] += isinstance(answer, bytes)
                        if isinstance(answer, str):
                            report.statuses[str(json.loads(answer)["problem"]["status"])] += 1
                        await asyncio.sleep(0.03)
        except InvalidStatus as error:
            report.statuses[str(error.response.status_code)] += 1
        except ConnectionClosed as error:
            report.statuses[str(error.rcvd.code if error.rcvd else "closed")] += 1
        await asyncio.sleep(1)


async def render(server: StudioServer, number: int, report: Report) -> None:
    """Distinct pictures, one after the other."""
    chance = random.Random(1000 + number)
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=120) as client:
        while True:
            answer = await client.post("/api/v1/render", json=some_picture(chance))
            report.statuses[str(answer.status_code)] += 1
            if answer.status_code == 503:
                await asyncio.sleep(float(answer.headers.get("retry-after", 1)))


async def read_nothing(server: StudioServer) -> None:
    """Ask for many images and read none; begin again once the server has ended it."""
    loop = asyncio.get_running_loop()
    while True:
        with socket.socket() as line, suppress(OSError):
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            line.setblocking(False)
            await loop.sock_connect(line, ("127.0.0.1", server.port))
            for seed in range(10_000):
                request = f"GET /api/v1/models/village/images/{seed % 50} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
                await loop.sock_sendall(line, request.encode())
        await asyncio.sleep(1)


async def sample(server: StudioServer, report: Report) -> None:
    """The server's memory, as `/metrics` tells it."""
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=120) as client:
        while True:
            lines = (await client.get("/metrics")).text.splitlines()
            values = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
            report.memory.append(float(values["unitbrush_resident_bytes"]))
            await asyncio.sleep(SAMPLE_SECONDS)


async def soak(server: StudioServer, minutes: float, painters: int, scripts: int) -> Report:
    """All of them at once."""
    report = Report()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=list(ARGUMENTS))
        await (await browser.new_page()).goto(f"{server.url}/?booth=1")
        work = [
            *(paint(server, number, report) for number in range(painters)),
            *(render(server, number, report) for number in range(scripts)),
            read_nothing(server),
            sample(server, report),
        ]
        tasks = [asyncio.create_task(one) for one in work]
        done, _ = await asyncio.wait(tasks, timeout=minutes * 60, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            task.result()
        await browser.close()
    return report


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--painters", type=int, default=8)
    parser.add_argument("--scripts", type=int, default=2)
    args = parser.parse_args()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as data:
        server = StudioServer(port, Path(data))
        server.start()
        try:
            report = asyncio.run(soak(server, args.minutes, args.painters, args.scripts))
        finally:
            server.stop()
    return 0 if report.print(args.painters) else 1


if __name__ == "__main__":
    sys.exit(main())
