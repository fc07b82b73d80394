"""Work side by side: on a CPU one item on each thread, which wastes less than many threads on one item."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from typing import TypeVar

import torch

T = TypeVar("T")
R = TypeVar("R")


class Workers:
    """As many threads as torch has on a CPU, one for a GPU."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self._stopped = False

    def map(self, compute: Callable[[T], R], items: Sequence[T]) -> list[R]:
        """`compute` of every item, in their order. Where one fails, or the run is interrupted, the others that run
        come to their end, or to where they `check`, and no further one begins.
        """
        threads = torch.get_num_threads()
        workers = threads if self.device.type == "cpu" else 1
        if workers > 1:
            torch.set_num_threads(1)
        pool = ThreadPoolExecutor(workers)
        try:
            return [future.result() for future in [pool.submit(self._checked, compute, item) for item in items]]
        except BaseException:
            self._stopped = True
            raise
        finally:
            pool.shutdown(cancel_futures=True)
            torch.set_num_threads(threads)

    def check(self) -> None:
        """Raises CancelledError in a thread whose run was interrupted."""
        if self._stopped:
            raise CancelledError

    def _checked(self, compute: Callable[[T], R], item: T) -> R:
        self.check()
        try:
            return compute(item)
        except BaseException:
            self._stopped = True
            raise
