"""The web server: `create_app(settings)` puts routes, checks and services together."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

import torch
from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Route

from server import __version__
from server.errors import UsageError
from server.model.catalog import Catalog
from server.model.device import device_named
from server.painting.cache import ByteCache
from server.painting.painter import Painter
from server.settings import Settings
from server.web.calls import CALLS
from server.web.draws import Draws
from server.web.engine import Engine
from server.web.job_states import JobTable
from server.web.jobs import Jobs
from server.web.machine import Machine
from server.web.metrics import Metrics, resident_bytes
from server.web.middleware import Front
from server.web.problems import add_handlers
from server.web.reference import CALLS_OF_2018, DESCRIPTION, set_reference
from server.web.routes import dissection
from server.web.routes.docs import add_docs
from server.web.routes.studio import Studio, warm_up
from server.web.services import Services
from server.web.sqlite import SqliteDatabase
from server.web.store import Store
from server.web.tables import Database, TableStore

MOST_FRAMES = 64  # drafts drawn at once on CUDA

MakePainter = Callable[[Catalog, Settings], Draws]


def make_painter(catalog: Catalog, settings: Settings) -> Painter:
    """The painter of the settings' device. Raises NoDevice."""
    return Painter(
        catalog,
        str(device_named(settings.device)),
        settings.trunk_cache_bytes,
        settings.pass_cache_bytes,
        settings.precision,
    )


def open_store(settings: Settings) -> Store:
    """The settings' pictures. Raises what `open_database` raises."""
    return _store(open_database(settings), settings)


def _store(database: Database, settings: Settings) -> Store:
    return TableStore(database, settings.max_pictures, settings.max_history)


def open_database(settings: Settings) -> Database:
    """What the settings keep pictures in. Raises StoreError, and UsageError where the package for it is missing."""
    if settings.database is None:
        return SqliteDatabase(settings.data_dir / "pictures.sqlite3")
    try:
        from server.web.postgres import PostgresDatabase
    except ImportError as error:
        raise UsageError("a PostgreSQL database needs psycopg; pip install 'unitbrush[postgres]'") from error
    return PostgresDatabase(settings.database.get_secret_value())


def create_app(settings: Settings, painter: MakePainter = make_painter, width: int = 1) -> FastAPI:
    """The app; its services start and stop with its lifespan, and stand at `app.state.services`.

    painter: makes what draws. width: pieces of work that it takes at a time.
    """
    studio = Studio(settings)
    # A page asks for a hundred of them, so that no other route is tried first.
    modules = Route("/js/{path:path}", studio, include_in_schema=False)
    reports = Route("/dissect/{path:path}", dissection.Reports(settings.results_dir), include_in_schema=False)
    app = FastAPI(
        title="Unitbrush",
        version=__version__,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,  # `add_docs` answers there
        openapi_tags=[CALLS_OF_2018],
        redirect_slashes=False,
        routes=[modules, *CALLS.routes, reports],
        lifespan=lambda app: _lifespan(app, settings, painter, width, studio),
    )
    set_reference(app, settings.token is not None)
    add_docs(app)
    add_handlers(app)
    # The studio takes what no route takes; as a route it would turn each 405 into a 404.
    app.router.default = studio
    if settings.allowed_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.allowed_origins,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "If-Match", "If-None-Match"],
            expose_headers=["ETag", "Location", "Retry-After"],
        )
    app.add_middleware(Front, settings=settings)
    return app


def most_frames(settings: Settings) -> int:
    """How many drafts of several painters are drawn at once: where no setting says so, as many as a GPU likes; a CPU
    gains nothing by it. Raises NoDevice."""
    return settings.most_frames or (MOST_FRAMES if device_named(settings.device).type == "cuda" else 1)


@asynccontextmanager
async def _lifespan(
    app: FastAPI, settings: Settings, make: MakePainter, width: int, studio: Studio
) -> AsyncIterator[None]:
    catalog = Catalog(settings.models_dir, settings.results_dir, settings.default_model, settings.trusted_modules)
    painter, database, metrics = make(catalog, settings), open_database(settings), Metrics()
    set_threads = partial(torch.set_num_threads, settings.threads) if settings.threads else None
    most = most_frames(settings)
    engine = Engine(
        painter,
        settings.queue_size,
        metrics.render_seconds.observe,
        set_threads,
        painter if most > 1 and isinstance(painter, Painter) else None,
        most,
        metrics.batch_size.observe,
        width,
    )
    cache = ByteCache[bytes](settings.image_cache_bytes, len)
    shared = None if settings.database is None else JobTable(database)
    store, jobs = _store(database, settings), Jobs(engine)
    services = Services(settings, catalog, engine, store, metrics, cache, jobs, shared)
    metrics.gauge("unitbrush_queue_length", "Renders that wait for the device.", lambda: engine.waiting)
    metrics.counter(
        "unitbrush_turns_dropped",
        "Turns on the device that were refused as too many waited, or whose callers left before they came.",
        "why",
        lambda: engine.dropped,
    )
    metrics.gauge("unitbrush_live_sockets", "Open live sockets.", lambda: services.open_sockets)
    machine = Machine(settings.threads)
    caches = {"images": cache}
    if isinstance(painter, Painter):
        machine.add_to(metrics, painter)
        caches |= painter.caches
    metrics.counter(
        "unitbrush_cache_hits",
        "What was asked for and there: images, activations of trunks, masks on their grids.",
        "cache",
        lambda: {name: one.hits for name, one in caches.items()},
    )
    metrics.counter(
        "unitbrush_cache_misses",
        "What was asked for and had to be made.",
        "cache",
        lambda: {name: one.misses for name, one in caches.items()},
    )
    metrics.gauge("unitbrush_resident_bytes", "Memory this process holds.", resident_bytes)
    app.state.services = services
    async with engine, services.job_states, jobs:
        warming = asyncio.create_task(_begin(services, studio, machine, painter))
        try:
            yield
        finally:
            warming.cancel()
    services.close()


async def _begin(services: Services, studio: Studio, machine: Machine, painter: Draws) -> None:
    """Draw the first picture, then measure the machine, so that nobody waits for that."""
    await warm_up(services, studio)
    if isinstance(painter, Painter):
        await machine.measure(services.engine, painter)
