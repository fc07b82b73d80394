"""What commands that train a network share: how many threads, and a bar, or lines for a program."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from server.errors import UsageError


def add_threads(parser: argparse.ArgumentParser) -> None:
    """Add `--threads`."""
    parser.add_argument("--threads", type=int, help="threads (default: one for each core)")


def use_threads(args: argparse.Namespace) -> int:
    """Have torch work with as many; how many that are. Raises UsageError."""
    import torch

    threads: int = args.threads if args.threads is not None else os.cpu_count() or 1
    if threads < 1:
        raise UsageError(f"--threads is {threads}; it takes 1 or more")
    torch.set_num_threads(threads)
    return threads


@contextmanager
def training_bar(steps: int, figure: str, decimals: int, lines: bool = False) -> Iterator[Callable[[int, float], None]]:
    """A bar, and what moves it: it takes the steps done and a figure of that name. Files that cannot be read or written
    under it, and networks that cannot be trained so, are raised as UsageError. lines: for a program, which gets a line
    of JSON on standard output after each step, [done, steps], and no bar."""
    from tqdm import tqdm

    with tqdm(total=steps, unit="step", disable=lines) as bar:

        def show(step: int, value: float) -> None:
            bar.update(step - bar.n)
            bar.set_postfix({figure: f"{value:.{decimals}f}"})
            if lines:
                print(json.dumps([step, steps]), flush=True)

        try:
            yield show
        except (OSError, ValueError) as error:
            raise UsageError(str(error)) from error
