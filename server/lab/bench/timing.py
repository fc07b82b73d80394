"""Timings: pieces of work are repeated by turns, and their median and slow times are kept."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Work = Callable[[int], object]
WARM_UP = 2


@dataclass(frozen=True)
class Timing:
    """Of one piece of work: median and 0.9 quantile in milliseconds, and how often it was run.

    low_ms, high_ms: where the median lies in 95 of 100 repetitions of the measurement, from the order of its times.
    """

    name: str
    median_ms: float
    slow_ms: float
    runs: int
    low_ms: float
    high_ms: float


def measure(name: str, work: Work, seconds: float, least: int = 5) -> Timing:
    """Run `work(i)`, i = 0, 1, ..., for about so many seconds, at least `least` times; the first runs do not count."""
    return measure_by_turns({name: work}, seconds, least)[0]


def measure_by_turns(works: Mapping[str, Work], seconds: float, least: int = 5) -> list[Timing]:
    """The same for several, each for about so many seconds on average: one run of each after the other, so that
    whatever else the machine does meets all of them alike."""
    for i in range(WARM_UP):
        for work in works.values():
            work(i)
    times: dict[str, list[float]] = {name: [] for name in works}
    turns, end = 0, time.perf_counter() + seconds * len(works)
    while turns < least or time.perf_counter() < end:
        for name, work in works.items():
            begin = time.perf_counter()
            work(WARM_UP + turns)
            times[name].append((time.perf_counter() - begin) * 1e3)
        turns += 1
    return [timing_of(name, some) for name, some in times.items()]


def timing_of(name: str, times: Sequence[float]) -> Timing:
    """times: in milliseconds, two at least."""
    ordered = sorted(times)
    n = len(ordered)
    aside = 0.98 * n**0.5  # of the median's place among the times, 1.96 deviations of a binomial distribution
    low, high = max(0, round((n - 1) / 2 - aside)), min(n - 1, round((n - 1) / 2 + aside))
    slow = statistics.quantiles(ordered, n=10, method="inclusive")[-1]
    return Timing(name, statistics.median(ordered), slow, n, ordered[low], ordered[high])
