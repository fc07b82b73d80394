from __future__ import annotations

from server.lab.bench.timing import WARM_UP, measure


def test_work_is_run_with_rising_steps_and_counted() -> None:
    steps: list[int] = []
    timing = measure("work", steps.append, seconds=0.0, least=7)
    assert steps == list(range(WARM_UP + 7))
    assert (timing.name, timing.runs) == ("work", 7)
    assert 0 <= timing.median_ms <= timing.slow_ms
