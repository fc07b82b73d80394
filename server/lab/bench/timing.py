"""Timings: a piece of work is repeated, and its median and slow times are kept."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

WARM_UP = 2


@dataclass(frozen=True)
class Timing:
    """Of one piece of work: median and 0.9 quantile in milliseconds, and how often it was run."""

    name: str
    median_ms: float
    slow_ms: float
    runs: int


def measure(name: str, work: Callable[[int], object], seconds: float, least: int = 5) -> Timing:
    """Run `work(i)`, i = 0, 1, ..., for about so many seconds, at least `least` times; the first runs do not count."""
    for i in range(WARM_UP):
        work(i)
    times: list[float] = []
    end = time.perf_counter() + seconds
    while len(times) < least or time.perf_counter() < end:
        begin = time.perf_counter()
        work(WARM_UP + len(times))
        times.append((time.perf_counter() - begin) * 1e3)
    slow = statistics.quantiles(times, n=10, method="inclusive")[-1]
    return Timing(name, statistics.median(times), slow, len(times))
