import threading

import numpy as np
import pytest

from server.lab.train.ahead import ahead


def test_things_come_in_the_order_in_which_they_are_made() -> None:
    rng, same = np.random.default_rng(3), np.random.default_rng(3)
    coming = ahead(lambda: int(rng.integers(1000)))
    assert [next(coming) for _ in range(50)] == [int(same.integers(1000)) for _ in range(50)]


def test_the_next_are_made_while_one_is_used_and_no_more_than_that() -> None:
    made, enough = [], threading.Event()

    def make() -> int:
        made.append(threading.current_thread())
        if len(made) == 4:
            enough.set()
        return len(made)

    coming = ahead(make, depth=3)
    assert next(coming) == 1
    assert enough.wait(10)
    coming.close()
    assert len(made) == 4
    assert threading.current_thread() not in made


def test_what_goes_wrong_is_told_in_its_place_and_the_thread_ends() -> None:
    values = [1, 2]
    before = threading.active_count()
    coming = ahead(values.pop)
    assert [next(coming), next(coming)] == [2, 1]
    with pytest.raises(IndexError, match="empty list"):
        next(coming)
    assert threading.active_count() == before
