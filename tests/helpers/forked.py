"""`unitbrush serve` in processes of its own, forked from one that has imported everything: a test that starts a server,
or ends one and starts it again, waits for the server alone. `test_install` starts it as people do."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["server.cli", "server.commands.serving", "server.app"])


class ServerProcess:
    """A server's process; it ends with this one at the latest."""

    def __init__(self, port: int, environment: Mapping[str, str], folder: Path) -> None:
        self._process = _CONTEXT.Process(target=_serve, args=(port, dict(environment), folder), daemon=True)
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        """Its exit status, negative where a signal ended it; None while it runs."""
        return self._process.exitcode

    def send_signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._process.kill()

    def wait(self, seconds: float | None = None) -> int:
        """Its exit status, once it has ended. Raises TimeoutError."""
        self._process.join(seconds)
        if (status := self._process.exitcode) is None:
            raise TimeoutError(f"the server runs on after {seconds} seconds")
        return status


def _serve(port: int, environment: dict[str, str], folder: Path) -> None:
    from server.cli import main

    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    sys.exit(main(["serve", "--port", str(port)]))
