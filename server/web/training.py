"""A training beside the server, as a job: `unitbrush encoder` in a process of its own, behind every other of the
machine, as a step takes longer than any stroke is to wait.

What it has done lies in the model's folder: one that is cancelled, or whose server is stopped, goes on there with the
next.
"""

import asyncio
import json
import os
import sys
import tempfile
from typing import IO

from server.errors import UnitbrushError
from server.settings import Settings
from server.web.jobs import Progress, Result, StepsElsewhere

LOOK_SECONDS = 0.5  # between two looks at whether it is still wanted
NICENESS = 19


class TrainingFailed(UnitbrushError, slug="training-failed", title="The training did not end well"):
    """The detail is what the command says."""


async def training(settings: Settings, model: str, images: int | None) -> StepsElsewhere:
    """Train the encoder of a model, and give the line that was measured of it, as JSON, `Trained`. images: samples that
    it sees, as many as the command takes without. Raises TrainingFailed."""
    command = [
        *(sys.executable, "-m", "server.cli", "encoder", model, "--lines", "--threads", "1"),
        *("--models-dir", str(settings.models_dir), "--results-dir", str(settings.results_dir)),
        *("--device", settings.device),
        *(() if images is None else ("--images", str(images))),
        *(part for name in settings.trusted_modules for part in ("--trust-module", name)),
    ]
    with tempfile.TemporaryFile() as errors:
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=errors)
        try:
            if hasattr(os, "setpriority"):
                os.setpriority(os.PRIO_PROCESS, process.pid, NICENESS)
            assert process.stdout is not None
            measured = ""
            while True:
                try:
                    # `wait_for` of Python 3.11 loses a cancellation that comes with a line: the training would go on,
                    # and a server that stops would wait for its end.
                    async with asyncio.timeout(LOOK_SECONDS):
                        line = await process.stdout.readline()
                except TimeoutError:
                    yield None
                    continue
                if not line:
                    break
                told = json.loads(line)
                if isinstance(told, str):
                    measured = told
                else:
                    yield Progress(*told)
            if await process.wait():
                raise TrainingFailed(_last_line(errors))
            yield Result(json.dumps({"model": model, "measured": measured}).encode(), "application/json")
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


def _last_line(errors: IO[bytes]) -> str:
    errors.seek(0)
    lines = errors.read().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it ended without a word"
