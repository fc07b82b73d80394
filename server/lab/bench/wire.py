"""The way of a stroke through a real server on the loopback: HTTP, stored pictures and the live socket."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from websockets.sync.client import connect

from server.errors import UnitbrushError
from server.lab.bench.parts import stroke_picture
from server.lab.bench.timing import Timing, measure
from server.model.catalog import Model
from server.painting.picture import picture_to_json, to_document
from server.settings import Settings

START_SECONDS = 120
API = "/api/v1"


class ServerFailed(UnitbrushError):
    """The measured server did not start or did not answer as it should."""

    slug = "bench-server-failed"
    title = "The measured server failed"


@contextmanager
def running_server(settings: Settings, checkout: Path | None = None) -> Iterator[tuple[int, int]]:
    """`unitbrush serve` with an empty store in a process of its own; gives its port and process id.

    checkout: of another version, whose code, page, models and dissections it takes instead; the environment's folders
    are taken by both. Raises ServerFailed.
    """
    port = _free_port()
    with tempfile.TemporaryDirectory() as folder:
        variables = {
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "TOKEN": "",
            "DATA_DIR": folder,
            "DEFAULT_MODEL": settings.default_model,
            "THREADS": str(settings.threads),
            "PRECISION": settings.precision,
            "DEVICE": settings.device,
            "MAX_SOCKETS": str(settings.max_sockets),
            "MOST_FRAMES": str(settings.most_frames),
        }
        if checkout is None:
            variables["MODELS_DIR"] = str(settings.models_dir)
            variables["RESULTS_DIR"] = str(settings.results_dir)
            variables["FRONTEND_DIR"] = str(settings.frontend_dir)
        environment = {**os.environ, **{f"UNITBRUSH_{name}": value for name, value in variables.items()}}
        package = checkout.resolve() if checkout else Path(__file__).resolve().parents[3]
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(package), os.environ.get("PYTHONPATH")]))
        process = subprocess.Popen(
            [sys.executable, "-m", "server.cli", "serve"], env=environment, stderr=subprocess.DEVNULL, cwd=checkout
        )
        try:
            _wait_until_ready(process, port)
            yield port, process.pid
        finally:
            process.terminate()
            process.wait()


def round_trips(port: int, model: Model, seconds: float) -> Iterator[Timing]:
    """A new stroke each time: by `/render`, as an edit of a kept picture and its image, and over the live socket."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def call(method: str, path: str, document: object = None) -> bytes:
        body = None if document is None else json.dumps(document)
        client.request(method, path, body, {"Content-Type": "application/json"})
        answer = client.getresponse()
        data = answer.read()
        if answer.status >= 400:
            raise ServerFailed(f"{method} {path} answers {answer.status}: {data[:200].decode(errors='replace')}")
        return data

    def render(form: str, step: int) -> bytes:
        return call("POST", f"{API}/render?format={form}", to_document(stroke_picture(model, step)))

    def edit(step: int) -> bytes:
        body = to_document(stroke_picture(model, step).edits[0])
        call("POST", f"{API}/pictures/{kept}/draw", body)
        image = call("GET", f"{API}/pictures/{kept}/image?format=jpeg")
        call("POST", f"{API}/pictures/{kept}/undo")
        return image

    yield measure("HTTP render, png", lambda i: render("png", i), seconds)
    # Steps of another range, since the server keeps what it has drawn.
    yield measure("HTTP render, jpeg", lambda i: render("jpeg", 10_000 + i), seconds)
    kept = json.loads(call("POST", f"{API}/pictures", {"model": model.name, "seed": 0}))["id"]
    yield measure("HTTP draw, image, undo", lambda i: edit(20_000 + i), seconds)
    client.close()
    with connect(f"ws://127.0.0.1:{port}{API}/live", proxy=None, max_size=None) as live:

        def frame(step: int, final: bool) -> object:
            request = (
                f'{{"seq":{step},"final":{json.dumps(final)},"picture":{picture_to_json(stroke_picture(model, step))}}}'
            )
            live.send(request)
            return live.recv()

        yield measure("live frame, draft", lambda i: frame(30_000 + i, False), seconds)
        yield measure("live frame, final", lambda i: frame(40_000 + i, True), seconds)


def metrics(port: int) -> dict[str, float]:
    """What `/metrics` tells now, by the name of the series."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        client.request("GET", "/metrics")
        lines = client.getresponse().read().decode().splitlines()
    finally:
        client.close()
    series = (line.rpartition(" ") for line in lines if line and not line.startswith("#"))
    return {name: float(value) for name, _, value in series}


def peak_bytes(process: int) -> int | None:
    """The most memory a process has had, in bytes; None where the system keeps no record of it."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")), None)


def _wait_until_ready(process: subprocess.Popen[bytes], port: int) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            client.request("GET", "/readyz")
            if client.getresponse().status == 200:
                return
        except OSError:
            pass
        finally:
            client.close()
        time.sleep(0.05)
    raise ServerFailed("the server did not become ready; `unitbrush serve` says why")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
