"""How many threads a pass takes, and how they wait for each other: chosen by measuring on the machine itself.

Threads that wait by spinning make a pass take ten times as long and more as soon as another process wants one of the
cores. So commands that paint have them sleep (`sleep_while_waiting`, before torch is imported), and their number is the
one that does well both alone and beside a process that spins.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass

import torch

SECONDS = 1.0  # for all measurements together, about
SPINNING = "import time\nend = time.monotonic() + 10\nwhile time.monotonic() < end: pass"


@dataclass(frozen=True)
class ThreadChoice:
    """The number of threads to use. alone, beside: the median milliseconds of the work by number of threads, by itself
    and beside a spinning process."""

    count: int
    alone: dict[int, float]
    beside: dict[int, float]


def candidates(cores: int) -> list[int]:
    """The numbers of threads worth a trial: 1, 2, 4, ... and all cores."""
    return sorted({*(2**i for i in range(cores.bit_length()) if 2**i <= cores), cores})


def best_count(alone: dict[int, float], beside: dict[int, float]) -> int:
    """The number whose times alone and beside others are the least by their product; of equals the smaller."""
    return min(sorted(alone), key=lambda count: alone[count] * beside[count])


def choose_threads(
    work: Callable[[], object], cores: int, seconds: float = SECONDS
) -> Generator[None, None, ThreadChoice]:
    """Measure `work` by number of threads and leave torch, in the calling thread, with the best one.

    Each step takes one run of the work, so that the thread can do something else between them.
    """
    counts = candidates(cores)
    alone = yield from _times(work, counts, seconds / 2)
    spinning = subprocess.Popen([sys.executable, "-S", "-c", SPINNING])
    try:
        beside = yield from _times(work, counts, seconds / 2)
    finally:
        spinning.kill()
        spinning.wait()
    choice = ThreadChoice(best_count(alone, beside), alone, beside)
    torch.set_num_threads(choice.count)
    return choice


def left_open(threads: int) -> bool:
    """Whether the number is to be measured: 0 was given, and OpenMP was not told one either."""
    return threads == 0 and not os.environ.get("OMP_NUM_THREADS")


def waits_asleep() -> bool:
    """Whether this process's threads sleep while they wait for each other."""
    return os.environ.get("OMP_WAIT_POLICY", "").lower() == "passive"


def _times(work: Callable[[], object], counts: list[int], seconds: float) -> Generator[None, None, dict[int, float]]:
    """The median milliseconds by number of threads: by turns, at least twice each; the first turn does not count."""
    times: dict[int, list[float]] = {count: [] for count in counts}
    usual = torch.get_num_threads()
    end = time.perf_counter() + seconds
    turns = 0
    while turns < 3 or time.perf_counter() < end:
        for count in counts:
            torch.set_num_threads(count)
            begin = time.perf_counter()
            work()
            times[count].append((time.perf_counter() - begin) * 1e3)
            torch.set_num_threads(usual)
            yield
        turns += 1
    return {count: statistics.median(some[1:]) for count, some in times.items()}
