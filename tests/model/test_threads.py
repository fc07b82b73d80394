from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import torch

from server.model import threads
from server.model.threads import best_count, candidates, choose_threads, left_open
from server.steps import finished


@pytest.fixture(autouse=True)
def _usual() -> Iterator[None]:
    usual = torch.get_num_threads()
    yield
    torch.set_num_threads(usual)


def test_powers_of_two_and_all_cores_are_tried() -> None:
    assert [candidates(cores) for cores in (1, 2, 6, 8)] == [[1], [1, 2], [1, 2, 4, 6], [1, 2, 4, 8]]


def test_the_best_does_well_alone_and_beside_others() -> None:
    assert best_count({1: 8.0, 2: 5.0}, {1: 12.0, 2: 80.0}) == 1
    assert best_count({1: 8.0, 2: 5.0}, {1: 12.0, 2: 14.0}) == 2
    assert best_count({1: 8.0, 2: 8.0}, {1: 8.0, 2: 8.0}) == 1


def test_a_number_that_somebody_gave_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert left_open(0)
    assert not left_open(2)
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert not left_open(0)


def test_each_number_is_measured_alone_and_beside_a_process_that_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []
    seen: list[tuple[int, int]] = []
    real = subprocess.Popen

    def start(*arguments: Any) -> subprocess.Popen[bytes]:
        started.append(real(*arguments))
        return started[-1]

    monkeypatch.setattr(threads.subprocess, "Popen", start)
    choice = finished(choose_threads(lambda: seen.append((torch.get_num_threads(), len(started))), 2, seconds=0.0))
    assert [seen.count((count, beside)) for count in (1, 2) for beside in (0, 1)] == [3, 3, 3, 3]
    assert set(choice.alone) == set(choice.beside) == {1, 2}
    assert choice.count in (1, 2)
    assert torch.get_num_threads() == choice.count
    assert started[0].poll() is not None


def test_the_process_ends_with_a_measurement_that_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []
    real = subprocess.Popen
    monkeypatch.setattr(threads.subprocess, "Popen", lambda *a: started.append(real(*a)) or started[-1])
    steps = choose_threads(lambda: None, 1, seconds=0.0)
    while not started:
        next(steps)
    steps.close()
    assert started[0].poll() is not None
