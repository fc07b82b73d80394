"""Many painters dragging on one server: `python -m tests.painters --painters 32 --seconds 60`, also `make painters`.

Each follows a pen that moves sixty times a second, on a scene of its own. With `--vanishing 8` so many go away in the
middle of strokes, without a goodbye, and come back; with `--busy` another process keeps a core busy. The report tells
how long frames took, how many each painter got, and how much memory the server had; the exit status is 1 where somebody
did not see a finished stroke or was refused, or memory grew by more than 5 % in the second half.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import time
from contextlib import ExitStack

from server.lab.bench.painters import Crowd, allow_painters, paint_together
from server.lab.bench.wire import metrics, running_server
from server.model.catalog import Catalog
from server.settings import read_settings

EVENTS_A_SECOND = 60.0
SAMPLE_SECONDS = 2.0
GROWTH = 1.05
MEMORY = "unitbrush_resident_bytes"


async def drag(port: int, catalog: Catalog, args: argparse.Namespace) -> tuple[Crowd, list[float]]:
    """What the painters saw, and the server's memory every SAMPLE_SECONDS, in bytes."""
    memory: list[float] = []

    async def sample() -> None:
        while True:
            memory.append((await asyncio.to_thread(metrics, port))[MEMORY])
            await asyncio.sleep(SAMPLE_SECONDS)

    sampling = asyncio.create_task(sample())
    try:
        model = catalog.get()
        crowd = await paint_together(port, model, args.painters, args.seconds, EVENTS_A_SECOND, args.vanishing)
    finally:
        sampling.cancel()
    return crowd, memory


def report(crowd: Crowd, memory: list[float], idle: float, vanishing: int) -> bool:
    """Print it; whether all is well."""
    mib = [value / 2**20 for value in memory]
    staying = range(vanishing, crowd.painters)
    print(f"{len(crowd.times)} frames in {crowd.seconds:.1f} s, {crowd.frames_per_second:.0f} a second")
    print(f"from stroke to frame: p50 {crowd.median_ms:.0f} ms, p99 {crowd.slowest_ms:.0f} ms")
    print("frames of each painter:", *(crowd.frames[number] for number in range(crowd.painters)))
    print("finished strokes of each painter:", *(crowd.strokes[number] for number in range(crowd.painters)))
    print(f"finished strokes that were not seen: {crowd.unseen}; refused: {dict(crowd.problems)}")
    print("memory, MiB:", *(f"{value:.0f}" for value in mib))
    # Garbage comes and goes within a sample: what counts is the middle of some of them.
    half = len(mib) // 2
    before, after = (sorted(part)[len(part) // 2] for part in (mib[half : half + 5], mib[-5:]))
    each = (mib[-1] - idle / 2**20) / crowd.painters
    print(f"idle {idle / 2**20:.0f} MiB, and {each:.1f} a painter; in the middle {before:.0f}, at the end {after:.0f}")
    seen = all(crowd.frames[number] and crowd.strokes[number] for number in staying)
    return seen and not crowd.unseen and not crowd.problems and after <= before * GROWTH


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--painters", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--vanishing", type=int, default=0)
    parser.add_argument("--busy", action="store_true")
    args = parser.parse_args()
    allow_painters(2 * args.painters)
    settings = read_settings()
    settings = settings.model_copy(update={"max_sockets": 2 * args.painters + settings.max_sockets})
    catalog = Catalog(settings.models_dir, settings.results_dir, settings.default_model, settings.trusted_modules)
    begin = time.perf_counter()
    with running_server(settings) as (port, _), ExitStack() as stack:
        print(f"the first picture was there after {time.perf_counter() - begin:.1f} s", flush=True)
        idle = metrics(port)[MEMORY]
        if args.busy:
            spinning = subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"])
            stack.callback(spinning.wait)
            stack.callback(spinning.kill)
        crowd, memory = asyncio.run(drag(port, catalog, args))
    return 0 if report(crowd, memory, idle, args.vanishing) else 1


if __name__ == "__main__":
    sys.exit(main())
