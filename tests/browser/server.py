"""`unitbrush serve` in a process of its own, which tests may kill."""

from __future__ import annotations

import base64
import io
import json
import os
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.browser.waiting import PATIENCE
from tests.helpers.forked import ServerProcess

ROOT = Path(__file__).resolve().parents[2]
# x0, y0, x1, y1 in 0..1 of the picture.
Box = tuple[float, float, float, float]
MEADOW: Box = (0.6, 0.55, 0.95, 0.85)


class StudioServer:
    """A server on the shipped model; `data` survives its death."""

    def __init__(self, port: int, data: Path, **settings: str) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self._settings = {
            "UNITBRUSH_DATA_DIR": str(data),
            "UNITBRUSH_ALLOWED_HOSTS": "booth.example",
            # so that not every one of them measures the machine for seconds
            "UNITBRUSH_THREADS": "1",
            "UNITBRUSH_PRECISION": "float32",
            **settings,
        }
        self.seen: dict[int, tuple[NDArray[np.uint8], list[str]]] = {}
        self._process: ServerProcess | None = None

    def start(self) -> None:
        """Start it and wait until it has warmed up."""
        self._process = ServerProcess(self.port, {**os.environ, **self._settings}, ROOT)
        try:
            self._wait_until_ready(self._process)
        except BaseException:
            self.kill()
            raise

    def _wait_until_ready(self, process: ServerProcess) -> None:
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
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}", timeout=PATIENCE) as answer:
            return json.load(answer)

    def model(self) -> dict[str, Any]:
        """What the API tells of the default model."""
        model: dict[str, Any] = self.get("models")["models"][0]
        return model

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """The JSON answer to a JSON body."""
        request = urllib.request.Request(
            f"{self.url}/api/v1/{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.load(answer)

    def labels(self, seed: int) -> tuple[NDArray[np.uint8], list[str]]:
        """What the segmenter sees in a scene: the index of each pixel's concept, (R, R), and the concepts."""
        seen = self.post("segment", {"version": 1, "model": "village", "seed": seed, "edits": []})
        image = Image.open(io.BytesIO(base64.b64decode(seen["labels"])))
        return np.asarray(image), seen["concepts"]

    def shares(self, seed: int, box: Box) -> dict[str, float]:
        """Each concept's share of a box of a scene."""
        if seed not in self.seen:
            self.seen[seed] = self.labels(seed)
        labels, concepts = self.seen[seed]
        x0, y0, x1, y1 = (round(edge * labels.shape[0]) for edge in box)
        return {name: float((labels[y0:y1, x0:x1] == i).mean()) for i, name in enumerate(concepts)}

    def best_seeds(self, count: int, score: Callable[[int], float]) -> list[int]:
        """The scenes with the highest scores among the first sixteen."""
        return sorted(range(16), key=score, reverse=True)[:count]

    def calm_seed(self) -> int:
        """A scene with a meadow in its lower right, where the tests paint, and nothing to be seen there yet."""
        return self.best_seeds(1, lambda seed: self.shares(seed, MEADOW)["grass"])[0]

    def render(self, picture: dict[str, Any]) -> bytes:
        """The PNG of a picture document."""
        request = urllib.request.Request(
            f"{self.url}/api/v1/render?format=png",
            json.dumps(picture).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            body: bytes = answer.read()
        return body

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5):
                return True
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    @property
    def running(self) -> bool:
        """Whether it has been started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def _end(self, how: signal.Signals) -> None:
        if self._process is None or not self.running:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(PATIENCE)
        except TimeoutError:
            self._process.kill()
            self._process.wait()
