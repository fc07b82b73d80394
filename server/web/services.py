"""What the routes work with: one bundle for each running app, made when it starts."""

import asyncio
import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import ParamSpec, TypeVar

import torch

from server.files import ENCODER, INPAINTER, SEGMENTER, TRANSLATOR, file_sha256
from server.model.beside import Beside
from server.model.catalog import Catalog, Model
from server.model.encoder import Encoder, encoder_of
from server.model.generator import Generator
from server.model.inpainter import Inpainter, inpainter_of
from server.model.latents import latents_of
from server.model.pixels import to_pixels
from server.model.translator import Translator, translator_of
from server.model.weights import MAX_BYTES
from server.painting.cache import ByteCache
from server.settings import Settings
from server.styles.fast import FastStyle
from server.web.api2018.statistics import LayerStatistics
from server.web.engine import Busy, Engine
from server.web.job_states import JobStates, JobTable
from server.web.jobs import Jobs
from server.web.metrics import Metrics
from server.web.store import Store

MAX_BODIES = 32  # of the greatest size, in all calls that are not answered yet, and in all messages that wait

STATISTICS_BYTES = 64 * 2**20

P = ParamSpec("P")
T = TypeVar("T")


class Threads:
    """A few threads for one kind of work, so that no other kind waits behind it. most: calls that may wait or run."""

    def __init__(self, name: str, count: int, most: int) -> None:
        self._executor = ThreadPoolExecutor(count, name)
        self._most, self._calls = most, 0

    async def __call__(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run what would hold up the event loop. Raises what `call` raises, and Busy."""
        if self._calls >= self._most:
            raise Busy("more of this waits than the server takes on; try again a little later")
        self._calls += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, partial(call, *args, **kwargs))
        finally:
            self._calls -= 1

    def close(self) -> None:
        """Let the running calls finish, drop what waits."""
        self._executor.shutdown(cancel_futures=True)


@dataclass(frozen=True)
class FirstScene:
    """What the studio shows to somebody new. version: the model's, a part of the image's address. aspect: the image's
    width over its height."""

    model: str
    seed: int
    version: str
    aspect: float


@dataclass
class Services:
    """settings: the configuration; catalog: the models; engine: the device's queue; store: the pictures.

    cache: what was encoded, segmented or compressed last. jobs: long work. job_states: how far it is, that of other
    servers too, which are those that share job_table. fast_style: networks that paint in styles. encoders, translators,
    inpainters: what stands beside models; reading it takes a thread.
    in_thread: reads and writes documents, opens files. in_live: reads the messages of live sockets and makes their
    frames, so that no download holds them up. in_encoder: makes image files. in_coder: makes QR codes.
    in_store: calls the store's methods, which wait for the disk. first_scene: what the studio begins with, None before
    it has been drawn; failure: why it could not be. live_bytes: of the messages that wait on all sockets. versions: of
    the models asked for so far. statistics: of the layers asked for last, for clients of the 2018 server.
    """

    settings: Settings
    catalog: Catalog
    engine: Engine
    store: Store
    metrics: Metrics
    cache: ByteCache[bytes]
    jobs: Jobs
    job_table: JobTable | None = None
    fast_style: FastStyle = field(default_factory=FastStyle)
    encoders: Beside[Encoder | None] = field(default_factory=lambda: Beside(ENCODER, encoder_of))
    translators: Beside[Translator] = field(default_factory=lambda: Beside(TRANSLATOR, translator_of))
    inpainters: Beside[Inpainter] = field(default_factory=lambda: Beside(INPAINTER, inpainter_of))
    in_thread: Threads = field(default_factory=lambda: Threads("documents", 2, most=1024))
    in_live: Threads = field(default_factory=lambda: Threads("live", max(2, os.cpu_count() or 1), most=1024))
    in_encoder: Threads = field(default_factory=lambda: Threads("images", 2, most=1024))
    in_coder: Threads = field(default_factory=lambda: Threads("codes", 1, most=16))
    in_store: Threads = field(default_factory=lambda: Threads("store", 1, most=1024))
    job_states: JobStates = field(init=False)
    first_scene: FirstScene | None = None
    failure: str | None = None
    open_sockets: int = 0
    live_bytes: int = 0
    versions: dict[str, tuple[Model, str]] = field(default_factory=dict)
    statistics: ByteCache[LayerStatistics] = field(
        default_factory=lambda: ByteCache(STATISTICS_BYTES, lambda s: s.nbytes)
    )

    def __post_init__(self) -> None:
        self.job_states = JobStates(self.jobs, self.settings, self.job_table, self.in_store)

    async def version(self, model: str) -> str:
        """A hash of all that a model's pixels depend on: its weights, its brushes, directions, artifact units and
        segmenter. Raises UnknownModel and what loading it raises."""
        if model not in self.versions or not self.catalog.is_current(self.versions[model][0]):
            self.versions[model] = await self.in_thread(_version, self.catalog, model)
        return self.versions[model][1]

    def close(self) -> None:
        """Stop the threads and close the store."""
        for threads in (self.in_thread, self.in_live, self.in_encoder, self.in_coder, self.in_store):
            threads.close()
        self.store.close()


def _first_image(generator: Generator) -> bytes:
    layer = generator.layers[0].name
    with torch.inference_mode():
        x = generator.tail(generator.trunk(latents_of([0], generator.latent_dim), layer), layer)  # (1, 3, H, W)
    return to_pixels(x).tobytes()


def _version(catalog: Catalog, name: str) -> tuple[Model, str]:
    model = catalog.get(name)
    segmenter = model.folder / SEGMENTER  # it finds the masks that name a concept
    paths = [path for path in (model.weights, segmenter) if path is not None and path.is_file()]
    files = [file_sha256(path) for path in paths if path.stat().st_size <= MAX_BYTES]
    own = catalog.card(name).own
    if own is not None:  # what its code does, no file tells
        files.append(hashlib.sha256(_first_image(model.generator)).hexdigest())
    seen = () if model.segmenter is None else model.segmenter.concepts
    parts = (own, files, model.dissection, model.directions, model.artifacts, seen)
    return model, hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
