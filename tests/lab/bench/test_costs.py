from __future__ import annotations

from server.lab.bench.costs import milliseconds_each


def test_what_was_used_between_two_moments_is_shared_out() -> None:
    before = {"page: tasks": 1.0}
    after = {"page: tasks": 1.5, "process: gpu": 0.25}  # a process that came meanwhile
    assert milliseconds_each(before, after, 10) == {"page: tasks": 50.0, "process: gpu": 25.0}


def test_without_frames_all_is_one() -> None:
    assert milliseconds_each({}, {"page: tasks": 0.5}, 0) == {"page: tasks": 500.0}
