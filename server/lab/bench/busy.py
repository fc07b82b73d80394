"""Processes that keep cores busy while something else is measured."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# Bounded, as whoever started it may be killed.
SPINNING = "import sys, time\nend = time.monotonic() + float(sys.argv[1])\nwhile time.monotonic() < end: pass"


@contextmanager
def busy_cores(count: int, most_seconds: float) -> Iterator[None]:
    """So many processes that spin meanwhile, for no longer than that."""
    command = [sys.executable, "-S", "-c", SPINNING, str(most_seconds)]
    processes = [subprocess.Popen(command) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()
