from __future__ import annotations

from server.lab.bench.timing import WARM_UP, measure, measure_by_turns, timing_of


def test_work_is_run_with_rising_steps_and_counted() -> None:
    steps: list[int] = []
    timing = measure("work", steps.append, seconds=0.0, least=7)
    assert steps == list(range(WARM_UP + 7))
    assert (timing.name, timing.runs) == ("work", 7)
    assert 0 <= timing.median_ms <= timing.slow_ms


def test_several_pieces_of_work_take_turns() -> None:
    order: list[str] = []
    works = {name: (lambda i, name=name: order.append(f"{name}{i}")) for name in "ab"}  # type: ignore[misc]
    timings = measure_by_turns(works, seconds=0.0, least=5)
    assert order == [f"{name}{i}" for i in range(WARM_UP + 5) for name in "ab"]
    assert [timing.runs for timing in timings] == [5, 5]


def test_a_median_lies_in_a_range_that_more_runs_narrow() -> None:
    few, many = (timing_of("work", [float(i % 101) for i in range(n)]) for n in (101, 10_100))
    assert few.median_ms == many.median_ms == 50
    assert few.low_ms == 40
    assert few.high_ms == 60
    assert many.low_ms >= 49
    assert many.high_ms <= 51
    assert timing_of("work", [1.0, 2.0]).low_ms == 1
