"""What a run tells of its stages while they last."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from server.lab.dissect.running.costs import Costs

OnStep = Callable[[str, int, int], object]  # what is being done, steps done, steps in all


class Progress:
    """Counts the steps of a run, from any thread, and times its stages. total: steps in all, as far as is known."""

    def __init__(self, on_step: OnStep, costs: Costs, total: int) -> None:
        self.on_step, self.costs, self.total = on_step, costs, total
        self._done, self._lock = 0, threading.Lock()

    def begin(self, step: str) -> None:
        """Tell what begins now."""
        with self._lock:
            self.on_step(step, self._done, self.total)
            self._done += 1

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what runs inside, and tell that it begins."""
        with self.costs.stage(name):
            self.begin(name)
            yield
