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

ROUNDS = 9


def main() -> None:
    """Print the ratio for a stack of modules of 64 and of 256 pixels, at each usual layer."""
    torch.set_num_threads(1)
    for pixels, width, stages in ((64, 64, 4), (256, 32, 6)):
        generator = HookedGenerator(initialised(Dcgan(width, 100, stages)), 100).frozen()
        assert isinstance(generator, HookedGenerator)
        z = torch.randn(1, 100)
        with torch.inference_mode():
            for layer in generator.layers:
                a = generator.trunk(z, layer.name)
                parts = list(generator.network.main)[int(layer.name.partition(".")[2]) + 1 :]

                def by_hand(r: Tensor = a.r, parts: list[torch.nn.Module] = parts) -> Tensor:
                    for part in parts:
                        r = part(r)
                    return r

                hooked, cut = paired(lambda a=a, at=layer.name: generator.tail(a, at), by_hand)  # type: ignore[misc]
                print(f"{pixels} pixels, {layer.name}: {1e3 * hooked:.2f} ms of {1e3 * cut:.2f}: {hooked / cut:.3f}")


def paired(one: Callable[[], object], other: Callable[[], object]) -> tuple[float, float]:
    """The medians of both in seconds, measured by turns."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for run, seen in zip((one, other), times, strict=True):
            start = time.perf_counter()
            run()
            seen.append(time.perf_counter() - start)
    return statistics.median(times[0]), statistics.median(times[1])


if __name__ == "__main__":
    main()
