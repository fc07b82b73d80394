"""The log of a run: lines with the time of day, on the screen and in the run's folder."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from tqdm import tqdm

Log = Callable[[str], None]


def open_log(folder: Path) -> Log:
    """A function that writes a line above any progress bar and at the end of `log.txt`."""
    path = folder / "log.txt"

    def log(line: str) -> None:
        stamped = f"{time.strftime('%H:%M:%S')} {line}"
        tqdm.write(stamped)
        with path.open("a") as file:
            file.write(stamped + "\n")

    return log
