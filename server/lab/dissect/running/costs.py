"""What a dissection costs: the time of the generator's and the segmenter's passes beside the time of everything.

On a CPU times are those the processor spent in this process, so that other work on the machine does not count; on a
GPU they are those of the clock.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch

KINDS = ("generator", "segmenter", "gradients")


class Ledger:
    """Counts passes and their seconds, from any thread. A gradient is a pass through both networks and back."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self._lock = threading.Lock()
        self.pictures = dict.fromkeys(KINDS, 0)
        self.seconds = dict.fromkeys(KINDS, 0.0)

    @contextmanager
    def passing(self, kind: str, pictures: int) -> Iterator[None]:
        """Count what runs inside as passes of that many pictures. kind: one of KINDS."""
        start = self._now()
        yield
        spent = self._now() - start
        with self._lock:
            self.pictures[kind] += pictures
            self.seconds[kind] += spent

    def total(self) -> float:
        """Seconds of all passes."""
        with self._lock:
            return sum(self.seconds.values())

    def _now(self) -> float:
        if self.device.type == "cpu":
            return time.thread_time()
        torch.cuda.synchronize(self.device)
        return time.perf_counter()


@dataclass(frozen=True)
class Stage:
    """What one part of the work took. clock: seconds that went by. spent: seconds of processor time on a CPU, of the
    clock on a GPU; passes: those of them in passes.
    """

    name: str
    clock: float
    spent: float
    passes: float

    @property
    def rest(self) -> float:
        """Seconds beside the passes."""
        return max(0.0, self.spent - self.passes)


@dataclass
class Costs:
    """The stages of a run so far."""

    ledgers: Sequence[Ledger]
    stages: list[Stage] = field(default_factory=list)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what runs inside; stages follow one another."""
        clock, spent, passes = time.perf_counter(), self._spent(), self._passes()
        yield
        self.stages.append(
            Stage(name, time.perf_counter() - clock, self._spent() - spent, self._passes() - passes),
        )

    def document(self) -> dict[str, Any]:
        """As JSON: the stages, the passes by kind, and the peak of the memory in MiB."""
        kinds = {
            kind: {
                "pictures": sum(ledger.pictures[kind] for ledger in self.ledgers),
                "seconds": round(sum(ledger.seconds[kind] for ledger in self.ledgers), 2),
            }
            for kind in KINDS
        }
        return {
            "stages": [
                {"name": s.name, "clock": round(s.clock, 2), "spent": round(s.spent, 2), "passes": round(s.passes, 2)}
                for s in self.stages
            ],
            "passes": kinds,
            "device": str(self.ledgers[0].device),
            "threads": torch.get_num_threads(),
            "peak_mib": round(peak_memory()),
        }

    def table(self) -> str:
        """For people, a line a stage."""
        device, threads = self.ledgers[0].device, torch.get_num_threads()
        unit = "processor time" if device.type == "cpu" else "time"
        lines = [f"{'seconds':24}{'clock':>9}{unit:>16}{'in passes':>12}{'the rest':>10}"]
        every = Stage(
            "all",
            sum(s.clock for s in self.stages),
            sum(s.spent for s in self.stages),
            sum(s.passes for s in self.stages),
        )
        for s in (*self.stages, every):
            lines.append(f"{s.name:24}{s.clock:9.1f}{s.spent:16.1f}{s.passes:12.1f}{s.rest:10.1f}")
        for kind, spent in self.document()["passes"].items():
            if spent["pictures"]:
                each = 1000 * spent["seconds"] / spent["pictures"]
                lines.append(f"{kind}: {spent['pictures']} pictures, {each:.1f} ms each")
        where = f"{threads} thread{'s' if threads > 1 else ''}" if device.type == "cpu" else f"{device}"
        lines.append(f"peak memory {peak_memory():.0f} MiB; {where}")
        return "\n".join(lines) + "\n"

    def _spent(self) -> float:
        return time.process_time() if self.ledgers[0].device.type == "cpu" else time.perf_counter()

    def _passes(self) -> float:
        return sum(ledger.total() for ledger in self.ledgers)


def peak_memory() -> float:
    """The most memory this process has held so far, in MiB; NaN where the system does not tell."""
    try:
        import resource
    except ImportError:
        return float("nan")
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 2**20 if sys.platform == "darwin" else most / 2**10
