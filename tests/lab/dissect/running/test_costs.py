from __future__ import annotations

import time

import pytest
import torch

from server.lab.dissect.running.costs import Costs, Ledger, peak_memory

CPU = torch.device("cpu")


def busy(seconds: float) -> None:
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def test_passes_are_told_from_the_rest() -> None:
    ledger = Ledger(CPU)
    costs = Costs([ledger])
    with costs.stage("samples"):
        with ledger.passing("segmenter", 8):
            busy(0.06)
        busy(0.03)
        time.sleep(0.05)  # other work on the machine does not count
    (stage,) = costs.stages
    assert stage.passes == pytest.approx(0.06, abs=0.02)
    assert stage.rest == pytest.approx(0.03, abs=0.02)
    assert stage.clock >= 0.13
    assert costs.document()["passes"]["segmenter"]["pictures"] == 8


def test_the_table_has_a_line_a_stage_and_one_for_all() -> None:
    ledger = Ledger(CPU)
    costs = Costs([ledger, Ledger(CPU)])
    for name in ("samples", "units"):
        with costs.stage(name), ledger.passing("generator", 4):
            busy(0.01)
    lines = costs.table().splitlines()
    assert [line.split()[0] for line in lines[:4]] == ["seconds", "samples", "units", "all"]
    assert any(line.startswith("generator: 8 pictures") for line in lines)
    assert f"peak memory {peak_memory():.0f} MiB" in lines[-1]


def test_memory_grows_with_what_is_held() -> None:
    before = peak_memory()
    held = torch.ones(int(before) + 256, 2**18)  # MiB: more than the process ever held
    assert peak_memory() > before + 200
    assert held.numel()
