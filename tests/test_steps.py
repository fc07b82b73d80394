from __future__ import annotations

from collections.abc import Generator

from server.steps import finished


def test_all_steps_are_taken_and_the_result_is_returned() -> None:
    taken: list[int] = []

    def work() -> Generator[int, None, str]:
        for i in range(3):
            taken.append(i)
            yield i
        return "done"

    assert finished(work()) == "done"
    assert taken == [0, 1, 2]
