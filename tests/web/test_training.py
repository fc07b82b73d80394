from __future__ import annotations

import asyncio
import os
from types import SimpleNamespace

import pytest

from server.settings import Settings
from server.web.jobs import Progress
from server.web.training import training


@pytest.mark.parametrize("turns", range(6))
async def test_a_cancellation_that_comes_with_a_line_is_not_lost(turns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """turns: of the event loop between the line and the cancellation."""
    killed: list[bool] = []

    async def wait() -> int:
        return -9

    reader = asyncio.StreamReader()
    process = SimpleNamespace(
        pid=os.getpid(), stdout=reader, returncode=None, kill=lambda: killed.append(True), wait=wait
    )

    async def begin(*command: str, **options: object) -> SimpleNamespace:
        return process

    monkeypatch.setattr(asyncio, "create_subprocess_exec", begin)
    monkeypatch.setattr(os, "setpriority", lambda *given: None)
    steps = training(Settings(), "village", None)
    first = asyncio.ensure_future(anext(steps))
    for _ in range(3):
        await asyncio.sleep(0)
    reader.feed_data(b"[1, 9]\n")
    for _ in range(turns):
        await asyncio.sleep(0)
    if first.cancel():
        with pytest.raises(asyncio.CancelledError):
            await first
        assert killed
    else:  # the line was faster
        assert await first == Progress(1, 9)
        await steps.aclose()
        assert killed
