"""CUDA graphs: a pass is recorded once for each usual shape and replayed, and nothing launches its kernels one by one.

    tail = Replays(lambda a: generator.tail(a, "layer4"), partial(capture_cuda, device))
    x = tail(a)                 # (N, 3, H, W), to be read before the next call

A small pass of one picture is some dozens of kernels that run for microseconds each; launching them takes longer.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from server.model.generator import Activations

log = logging.getLogger(__name__)

MOST = 24  # recordings of a pass, each of which holds the memory that it runs in
WARM_UP = 3  # runs before it is recorded, in which cuDNN chooses its algorithms

Pass = Callable[[Activations], Tensor]
Replay = Callable[[], object]
# Records a run: gives what runs it again, and the tensor that it leaves its result in.
Capture = Callable[[Callable[[], Tensor]], tuple[Replay, Tensor]]


@dataclass(frozen=True)
class _Recording:
    """given: what the pass reads, of a usual number of pictures. result: what it leaves."""

    given: Activations
    replay: Replay
    result: Tensor


def usual_number(pictures: int) -> int:
    """The power of two that so many pictures fit in."""
    return 1 << (pictures - 1).bit_length()


class Replays:
    """A pass of a batch, replayed from recordings; run as it is where it cannot be recorded.

    Pictures must not depend on each other: a batch is filled up to a usual number with whatever was there before.
    """

    def __init__(self, run: Pass, capture: Capture) -> None:
        self._run, self._capture = run, capture
        self._recordings: OrderedDict[tuple[torch.Size, ...], _Recording] = OrderedDict()
        self._recordable = True

    def __call__(self, a: Activations) -> Tensor:
        """What the pass gives for `a`, (N, ...); the next call overwrites it."""
        if not self._recordable:
            return self._run(a)
        size = usual_number(len(a))
        key = tuple(torch.Size([size, *tensor.shape[1:]]) for tensor in (a.r, *a.beside))
        if key not in self._recordings:
            try:
                self._record(a, key)
            except RuntimeError as error:
                log.warning("passes are not recorded as graphs: %s", error)
                self._recordable = False
                return self._run(a)
        self._recordings.move_to_end(key)
        recording = self._recordings[key]
        for given, tensor in zip((recording.given.r, *recording.given.beside), (a.r, *a.beside), strict=True):
            given[: len(a)].copy_(tensor)
        recording.replay()
        return recording.result[: len(a)]

    def _record(self, a: Activations, key: tuple[torch.Size, ...]) -> None:
        r, *beside = (_room(size, tensor) for size, tensor in zip(key, (a.r, *a.beside), strict=True))
        given = Activations(r, tuple(beside))
        self._recordings[key] = _Recording(given, *self._capture(lambda: self._run(given)))
        if len(self._recordings) > MOST:
            self._recordings.popitem(last=False)


def capture_cuda(device: torch.device, run: Callable[[], Tensor]) -> tuple[Replay, Tensor]:
    """Record a run on that CUDA device. Raises RuntimeError where something in it cannot be recorded."""
    with torch.cuda.device(device), _fastest_algorithms():
        warming = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        warming.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(warming):
            for _ in range(WARM_UP):
                run()
        torch.cuda.current_stream().wait_stream(warming)
        graph = torch.cuda.CUDAGraph()
        # Other threads, which load models and prepare pictures, may use the device meanwhile.
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            result = run()
    return graph.replay, result


@contextmanager
def _fastest_algorithms() -> Iterator[None]:
    """Have cuDNN choose its algorithms by measuring; whoever runs float32 outside leaves that to its usual rules, by
    which they are the same in every process."""
    before = torch.backends.cudnn.benchmark
    torch.backends.cudnn.benchmark = True
    try:
        yield
    finally:
        torch.backends.cudnn.benchmark = before


def _room(size: torch.Size, like: Tensor) -> Tensor:
    """Zeros of a size, of the precision and on the device of `like`; featuremaps with channels last."""
    room = torch.zeros(size, dtype=like.dtype, device=like.device)
    return room.contiguous(memory_format=torch.channels_last) if room.ndim == 4 else room
