"""What the routes work with: one bundle for each running app, made when it starts."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import ParamSpec, TypeVar

from server.files import SEGMENTER, file_sha256
from server.model.catalog import Catalog
from server.model.weights import MAX_BYTES
from server.painting.cache import ByteCache
from server.settings import Settings
from server.web.engine import Engine
from server.web.metrics import Metrics
from server.web.store import Store

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class FirstScene:
    """What the studio shows to somebody new. version: the model's, a part of the image's address."""

    model: str
    seed: int
    version: str


@dataclass
class Services:
    """settings: the configuration; catalog: the models; engine: the device's queue; store: the pictures.

    cache: what was encoded, segmented or compressed last. threads: for reading documents and encoding images.
    store_thread: for the store, so that its waits for the disk stay off the event loop. first_scene: what the studio
    begins with, None before it has been drawn; failure: why it could not be. versions: of the models asked for so far.
    """

    settings: Settings
    catalog: Catalog
    engine: Engine
    store: Store
    metrics: Metrics
    cache: ByteCache[bytes]
    threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(2, "threads"))
    store_thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "store"))
    first_scene: FirstScene | None = None
    failure: str | None = None
    open_sockets: int = 0
    versions: dict[str, str] = field(default_factory=dict)

    async def in_thread(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run what would hold up the event loop in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self.threads, partial(call, *args, **kwargs))

    async def in_store(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a method of the store in its thread."""
        return await asyncio.get_running_loop().run_in_executor(self.store_thread, partial(call, *args, **kwargs))

    async def version(self, model: str) -> str:
        """A hash of all that a model's pixels depend on: its weights, its brushes, directions, artifact units and
        segmenter. Raises UnknownModel and what loading it raises."""
        if model not in self.versions:
            self.versions[model] = await self.in_thread(_version, self.catalog, model)
        return self.versions[model]

    def close(self) -> None:
        """Stop the threads and close the store."""
        self.threads.shutdown()
        self.store_thread.shutdown()
        self.store.close()


def _version(catalog: Catalog, name: str) -> str:
    model = catalog.get(name)
    segmenter = model.folder / SEGMENTER  # it finds the masks that name a concept
    paths = [path for path in (model.weights, segmenter) if path.is_file() and path.stat().st_size <= MAX_BYTES]
    files = [file_sha256(path) for path in paths]
    parts = (files, model.dissection, model.directions, model.artifacts)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
