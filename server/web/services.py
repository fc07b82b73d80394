"""What the routes work with: one bundle for each running app, made when it starts."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import ParamSpec, TypeVar

from server.errors import DissectionError
from server.files import SEGMENTER
from server.model.catalog import Catalog, read_card
from server.results.units import UnitTable, load_units
from server.settings import Settings
from server.web.engine import Engine
from server.web.metrics import Metrics
from server.web.store import Store

P = ParamSpec("P")
T = TypeVar("T")


class BytesCache:
    """The most recently used byte strings, up to `limit` bytes in all. Belongs to the event loop."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = 0
        self._items: OrderedDict[Hashable, bytes] = OrderedDict()

    def get(self, key: Hashable) -> bytes | None:
        """The bytes kept under that key, or None."""
        if key in self._items:
            self._items.move_to_end(key)
        return self._items.get(key)

    def put(self, key: Hashable, value: bytes) -> None:
        """Keep the bytes, and forget the oldest ones where there are too many."""
        if len(value) > self._limit:
            return
        self._held += len(value) - len(self._items.pop(key, b""))
        self._items[key] = value
        while self._held > self._limit:
            self._held -= len(self._items.popitem(last=False)[1])


@dataclass(frozen=True)
class FirstScene:
    """What the studio shows to somebody new. version: the model's, a part of the image's address."""

    model: str
    seed: int
    version: str


@dataclass
class Services:
    """settings: the configuration; catalog: the models; engine: the device's queue; store: the pictures.

    desk: a thread for the store, so that its waits for the disk stay off the event loop; bench: threads for
    reading documents and encoding images. first: what the studio begins with, None before it has been drawn.
    trouble: why that failed. tables: the dissected layers' units, by model and layer.
    """

    settings: Settings
    catalog: Catalog
    engine: Engine
    store: Store
    metrics: Metrics
    images: BytesCache
    desk: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "store"))
    bench: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(2, "bench"))
    first: FirstScene | None = None
    trouble: str | None = None
    sockets: int = 0
    fingerprints: dict[str, str] = field(default_factory=dict)
    tables: dict[tuple[str, str], UnitTable] = field(default_factory=dict)

    async def stored(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a method of the store in its thread."""
        return await asyncio.get_running_loop().run_in_executor(self.desk, partial(call, *args, **kwargs))

    async def aside(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run something that would hold up the event loop, in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self.bench, partial(call, *args, **kwargs))

    async def fingerprint(self, model: str) -> str:
        """A hash of all that a model's pixels depend on: its weights, its brushes, directions, artifact units and
        segmenter. Raises UnknownModel and what loading it raises."""
        if model not in self.fingerprints:
            self.fingerprints[model] = await self.aside(_fingerprint, self.catalog, model)
        return self.fingerprints[model]

    async def version(self, model: str) -> str:
        """A short name for the model's fingerprint. Raises as `fingerprint` does."""
        return (await self.fingerprint(model))[:12]

    @property
    def ready(self) -> bool:
        """Whether a first picture has been drawn."""
        return self.first is not None

    async def units(self, model: str, layer: str) -> UnitTable | None:
        """What the dissection knows of a layer's units, None where it did not look at them."""
        if (model, layer) not in self.tables:
            try:
                table = await self.aside(load_units, self.catalog.results_dir / model, layer)
            except DissectionError:
                return None
            self.tables[model, layer] = table
        return self.tables[model, layer]

    def close(self) -> None:
        """Stop the threads and close the store."""
        self.desk.shutdown()
        self.bench.shutdown()
        self.store.close()


def _fingerprint(catalog: Catalog, name: str) -> str:
    model = catalog.get(name)
    digest = hashlib.sha256(read_card(model.folder).generator.read_bytes())
    digest.update(repr((model.dissection, model.directions, model.artifacts)).encode())
    segmenter = model.folder / SEGMENTER
    if segmenter.is_file():
        digest.update(segmenter.read_bytes())  # it finds the masks that name a concept
    return digest.hexdigest()
