"""What tests of the server share: a model small enough to draw in a millisecond, the app without a network, and real
servers in a thread or in a process of their own."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import os
import subprocess
import sys
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
import torch
import uvicorn
from PIL import Image
from safetensors.torch import save_file

from server.app import MakePainter, create_app, make_painter
from server.commands.serving import listen, server_config
from server.lab.dissect.report.dissection import save_dissection
from server.model.progressive import ProgressiveGenerator
from server.model.segmenter import UNet, save_segmenter
from server.results.brush import Brush, Dissection, RankedUnit
from server.settings import Settings

CONCEPTS = ("tree", "door", "sky")


def write_directions(folder: Path, latent_dim: int, **members: Any) -> None:
    """Two directions along the latent's first two axes, `season` and `night`, into a folder of results."""
    directions = [
        {
            "name": name,
            "title": name.capitalize(),
            "low": "less",
            "high": "more",
            "range": [-3, 2],
            "effect": 0.1,
            "layout_kept": 0.9,
            "vector": [float(i == axis) for i in range(latent_dim)],
        }
        for axis, name in enumerate(("season", "night"))
    ]
    document = {"schema": 1, "latent_dim": latent_dim, "directions": directions, **members}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "directions.json").write_text(json.dumps(document))


def write_artifacts(folder: Path, layer: str, *units: int) -> None:
    """These units of a layer as artifact units, into a folder of results."""
    folder.mkdir(parents=True, exist_ok=True)
    document = {"schema": 1, "units": [{"layer": layer, "unit": unit} for unit in units]}
    (folder / "artifacts.json").write_text(json.dumps(document))


def save_generator(path: Path, generator: ProgressiveGenerator) -> None:
    """Write a generator's weights as safetensors, under the published names."""
    save_file({name: tensor.contiguous() for name, tensor in generator.state_dict().items()}, path)


def write_model(folder: Path, name: str = "village", seed: int = 0) -> None:
    """A random generator of 16x16 pixels with a random segmenter, a brush of 8 units a concept, two directions and two
    artifact units, under models/ and dissect_results/."""
    torch.manual_seed(seed)
    generator = ProgressiveGenerator(latent_dim=8, widths=(8, 8, 8))
    models = folder / "models" / name
    models.mkdir(parents=True)
    save_generator(models / "generator.safetensors", generator)
    save_segmenter(models / "segmenter.safetensors", UNet(CONCEPTS, (6, 6, 6, 6)))
    brushes = [
        Brush(
            concept=concept,
            layer=layer,
            units=tuple(RankedUnit((u + i) % 8, 0.1, 0.1, 2.0 + i) for u in range(8)),
            recommended_units=6,
            draw_effect=0.5 - i / 10,
            remove_effect=0.2,
            best=layer == "layer4",
        )
        for i, concept in enumerate(CONCEPTS)
        for layer in ("layer3", "layer4")
    ]
    results = folder / "dissect_results" / name
    save_dissection(results, Dissection(name, tuple(brushes)))
    write_directions(results, generator.latent_dim)
    write_artifacts(results, "layer3", 5, 2)


def settings_in(folder: Path, **given: Any) -> Settings:
    """Settings of a server that has all its files in `folder`, where `write_model` wrote."""
    defaults = {
        "models_dir": folder / "models",
        "results_dir": folder / "dissect_results",
        "frontend_dir": folder / "frontend",
        "data_dir": folder / "data",
        "threads": 1,
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
def threaded_server(settings: Settings, painter: MakePainter = make_painter) -> Iterator[str]:
    """A real server on a free port of this machine; gives its `host:port`."""
    server = uvicorn.Server(server_config(create_app(settings, painter), settings))
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


def spawn_server(folder: Path, port: int, **environment: str) -> subprocess.Popen[bytes]:
    """`unitbrush serve` in a process of its own, ready to answer; the caller ends it."""
    paths = {
        "UNITBRUSH_MODELS_DIR": str(folder / "models"),
        "UNITBRUSH_RESULTS_DIR": str(folder / "dissect_results"),
        "UNITBRUSH_DATA_DIR": str(folder / "data"),
        "UNITBRUSH_THREADS": "1",
    }
    command = [sys.executable, "-m", "server.cli", "serve", "--port", str(port)]
    process = subprocess.Popen(
        command, env={**os.environ, **paths, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
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
