"""The least time that a pass can take on a device: what it multiplies and moves, at the speeds the device reaches."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from server.model.generator import Generator

CONVOLUTION, PRODUCT, SUM_AND_PRODUCT = (
    getattr(torch.ops.aten, name).default for name in ("convolution", "mm", "addmm")
)
REPEATS = 5


@dataclass(frozen=True)
class PassWork:
    """What a pass does. operations: multiplications and additions of a picture. weights: bytes read once a pass.
    moved: bytes of a picture that convolutions and products read and write, all between them done on the way."""

    operations: int
    weights: int
    moved: int


@dataclass(frozen=True)
class Speed:
    """A device's, measured: operations and bytes a second."""

    operations: float
    moved: float


def work_of(generator: Generator, layer: str, dtype: torch.dtype) -> PassWork | None:
    """Of the tail from a layer, folded for painting in that precision; None for a network whose code cannot run without
    numbers."""
    try:
        with torch.no_grad():
            shapes = generator.frozen(dtype, "meta")  # which computes shapes alone
            a = shapes.trunk(torch.zeros(1, generator.latent_dim, device="meta"), layer)
            with _Count() as count:
                shapes.tail(a, layer)
    except (RuntimeError, NotImplementedError, TypeError, ValueError):
        return None
    return PassWork(count.operations, count.weights, count.moved)


def floor_ms(work: PassWork, speed: Speed, pictures: int) -> float:
    """The least milliseconds that a pass of so many pictures takes: the longer of multiplying and moving."""
    multiplying = work.operations * pictures / speed.operations
    moving = (work.weights + work.moved * pictures) / speed.moved
    return 1e3 * max(multiplying, moving)


def speed_of(device: torch.device, dtype: torch.dtype, side: int | None = None) -> Speed:
    """Measure a product of two matrices of that side, and a copy of as much as 16 of them."""
    side = side or (8192 if device.type == "cuda" else 512)
    a = torch.ones(side, side, dtype=dtype, device=device)
    source = torch.zeros(16 * side * side, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    product, copy = _least_seconds(lambda: a @ a, device), _least_seconds(lambda: target.copy_(source), device)
    return Speed(2 * side**3 / product, 2 * source.nbytes / copy)


def _least_seconds(run: Callable[[], Tensor], device: torch.device) -> float:
    times = []
    for _ in range(REPEATS + 1):  # the first one warms up
        begin = time.perf_counter()
        run()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append(time.perf_counter() - begin)
    return min(times[1:])


class _Count(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts what convolutions and products do while it is entered."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.operations = self.weights = self.moved = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        if func is CONVOLUTION:
            x, weight, transposed = args[0], args[1], args[6]
            places = (x if transposed else out)[0, 0].numel()  # at each of which the whole kernel is applied
            self._add(x, weight, out, 2 * weight.numel() * places * len(x))
        elif func in (PRODUCT, SUM_AND_PRODUCT):
            x, weight = args[-2:]
            self._add(x, weight, out, 2 * len(x) * weight.numel())
        return out

    def _add(self, x: Tensor, weight: Tensor, out: Tensor, operations: int) -> None:
        self.operations += operations
        self.weights += weight.nbytes
        self.moved += x.nbytes + out.nbytes
