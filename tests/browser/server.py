"""`unitbrush serve` in a process of its own, which tests may kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120.0


class StudioServer:
    """A server on the shipped model; `data` survives its death."""

    def __init__(self, port: int, data: Path) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self._data = data
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it has warmed up."""
        environment = {
            **os.environ,
            "UNITBRUSH_DATA_DIR": str(self._data),
            "UNITBRUSH_ALLOWED_HOSTS": "booth.example",
        }
        command = [sys.executable, "-m", "server.cli", "serve", "--port", str(self.port)]
        self._process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
        try:
            self._wait_until_ready(self._process)
        except BaseException:
            self.kill()
            raise

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not self._ready():
            assert process.poll() is None, "the server ended while starting"
            assert time.monotonic() < deadline, "the server did not get ready"
            time.sleep(0.1)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it in an orderly way."""
        self._end(signal.SIGTERM)

    def get(self, path: str) -> Any:
        """The JSON at that path of the API."""
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}", timeout=30) as answer:
            return json.load(answer)

    def render(self, picture: dict[str, Any]) -> bytes:
        """The PNG of a picture document."""
        request = urllib.request.Request(
            f"{self.url}/api/v1/render?format=png",
            json.dumps(picture).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            body: bytes = answer.read()
        return body

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5):
                return True
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def _end(self, how: signal.Signals) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
