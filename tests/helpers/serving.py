"""What tests of the server share: the app without a network, and real servers in a thread or in a process of their
own."""

from __future__ import annotations

import asyncio
import base64
import io
import os
import threading
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from PIL import Image

from server.app import MakePainter, create_app, make_painter
from server.commands.serving import Server, listen, server_config
from server.settings import Settings
from tests.helpers.forked import ServerProcess


def settings_in(folder: Path, **given: Any) -> Settings:
    """Settings of a server that has all its files in `folder`, where `write_model` wrote."""
    defaults = {
        "models_dir": folder / "models",
        "results_dir": folder / "dissect_results",
        "frontend_dir": folder / "frontend",
        "data_dir": folder / "data",
        "threads": 1,
        "precision": "float32",  # so that not every one of them measures drafts for half a second
    }
    return Settings(**{**defaults, **given})


@asynccontextmanager
async def asgi_client(
    settings: Settings, headers: dict[str, str] | None = None, painter: MakePainter = make_painter
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the app, without a network; the app runs as long as the client."""
    app = create_app(settings, painter)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers) as client,
    ):
        yield client


async def renders(client: httpx.AsyncClient) -> int:
    """How often the device has worked, once the warm-up in the background is over."""
    while (await client.get("/readyz")).status_code != 200:
        await asyncio.sleep(0.01)
    lines = (await client.get("/metrics")).text.splitlines()
    return next(int(float(line.split()[1])) for line in lines if line.startswith("unitbrush_render_seconds_count"))


def grey(data: str) -> np.ndarray:
    """The pixels of a grey PNG in base64, (H, W)."""
    image = Image.open(io.BytesIO(base64.b64decode(data)))
    assert (image.format, image.mode) == ("PNG", "L")
    return np.asarray(image)


@contextmanager
def threaded_server(settings: Settings, painter: MakePainter = make_painter, access_log: bool = False) -> Iterator[str]:
    """A real server on a free port of this machine; gives its `host:port`."""
    server = Server(server_config(create_app(settings, painter), settings, access_log))
    listener = listen(settings.model_copy(update={"port": 0}))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.01)
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def spawn_server(folder: Path, port: int, **environment: str) -> ServerProcess:
    """`unitbrush serve` in a process of its own, ready to answer; the caller ends it."""
    paths = {
        "UNITBRUSH_MODELS_DIR": str(folder / "models"),
        "UNITBRUSH_RESULTS_DIR": str(folder / "dissect_results"),
        "UNITBRUSH_DATA_DIR": str(folder / "data"),
        "UNITBRUSH_THREADS": "1",
        "UNITBRUSH_PRECISION": "float32",
    }
    process = ServerProcess(port, {**os.environ, **paths, **environment}, folder)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5):
                return process
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.05)
    process.kill()
    process.wait()
    raise AssertionError("the server did not answer in time")
