"""What an edit through a network's own code costs beside the same network cut by hand: run as a script.

python -m tests.hooked_timing
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor

from server.model.hooked import HookedGenerator
from tests.helpers.networks import Dcgan, initialised

LEAST_ROUNDS, LEAST_SECONDS = 25, 1.0


def main() -> None:
    """Print the ratio for a stack of modules of 64 and of 256 pixels, at each usual layer."""
    torch.set_num_threads(1)
    for pixels, width, stages in ((64, 64, 4), (256, 32, 6)):
        generator = HookedGenerator(initialised(Dcgan(width, 100, stages)), 100).frozen()
        assert isinstance(generator, HookedGenerator)
        for layer in generator.layers:
            hooked, cut, ratio = paired(*both(generator, layer.name))
            print(f"{pixels} pixels, {layer.name}: {1e3 * hooked:.2f} ms of {1e3 * cut:.2f}: {ratio:.3f}")


def both(generator: HookedGenerator, layer: str) -> tuple[Callable[[], object], Callable[[], object]]:
    """What is drawn from a layer on, through the generator and by hand."""
    with torch.inference_mode():
        a = generator.trunk(torch.randn(1, 100), layer)
    parts = list(generator.network.main)[int(layer.partition(".")[2]) + 1 :]  # type: ignore[arg-type]

    def by_hand() -> Tensor:
        r = a.r
        for part in parts:
            r = part(r)
        return r

    return lambda: generator.tail(a, layer), by_hand


def paired(one: Callable[[], object], other: Callable[[], object]) -> tuple[float, float, float]:
    """The medians of both in seconds, measured by turns, and of the one by the other in the same turn.

    In seconds of the processor, for there is one thread: time in which it does other work does not count.
    """
    times: tuple[list[float], list[float]] = ([], [])
    turns = [(one, times[0]), (other, times[1])]
    while len(times[0]) < LEAST_ROUNDS or sum(map(sum, times)) < LEAST_SECONDS:
        for run, seen in turns:
            start = time.thread_time()
            with torch.inference_mode():
                run()
            seen.append(time.thread_time() - start)
        turns.reverse()  # the first of a turn finds the processor's caches colder
    ratio = statistics.median(a / b for a, b in zip(*times, strict=True))
    return statistics.median(times[0]), statistics.median(times[1]), ratio


if __name__ == "__main__":
    main()
