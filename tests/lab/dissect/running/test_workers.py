from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import CancelledError

import pytest
import torch

from server.lab.dissect.running.workers import Workers


@pytest.fixture(params=[1, 2])
def workers(request: pytest.FixtureRequest) -> Iterator[Workers]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield Workers(torch.device("cpu"))
    torch.set_num_threads(before)


def test_results_come_in_the_order_of_the_items(workers: Workers) -> None:
    threads = torch.get_num_threads()
    assert workers.map(lambda n: n * n, range(20)) == [n * n for n in range(20)]
    assert torch.get_num_threads() == threads


def test_each_item_runs_on_one_thread(workers: Workers) -> None:
    assert set(workers.map(lambda _: torch.get_num_threads(), range(4))) == {1}


def test_an_interruption_ends_the_rest(workers: Workers) -> None:
    begun: list[int] = []

    def work(n: int) -> None:
        begun.append(n)
        if n == 2:
            raise KeyboardInterrupt

    threads = torch.get_num_threads()
    with pytest.raises(KeyboardInterrupt):
        workers.map(work, range(50))
    assert len(begun) < 50
    assert torch.get_num_threads() == threads
    with pytest.raises(CancelledError):
        workers.check()
