"""The web server: `create_app(settings)` puts routes, checks and services together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import torch
from fastapi import APIRouter, FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Route

from server import __version__
from server.model.catalog import Catalog
from server.model.device import device_named
from server.painting.painter import Painter
from server.painting.picture import Picture
from server.settings import Settings
from server.web.engine import Engine, Renderer
from server.web.images import ImageOptions, draw
from server.web.metrics import Histogram, Metrics, resident_bytes
from server.web.middleware import Front
from server.web.problems import add_handlers
from server.web.reference import PROBLEMS, set_reference
from server.web.routes import dissection, inspect, live, models, operations, pictures, qr, receptivity, render, segment
from server.web.routes.docs import add_docs
from server.web.routes.studio import Studio
from server.web.services import BytesCache, FirstScene, Services
from server.web.store import Store

log = logging.getLogger(__name__)

FIRST_SEED = 7  # of a model that names no scenes; frontend/js/beginning.js has it too

DESCRIPTION = """Paint with the units inside a generator: trees, doors, sky and domes onto a picture that a
GAN draws.

An image is a pure function of a picture, a small JSON document: a model, a seed and a list of edits. Every
error is a problem document (RFC 9457). Images are PNG unless `Accept` or `?format=` says otherwise.

The live socket is at /api/v1/live. Send text, {"seq": n, "picture": {...}}, with "final": true for full
precision. Answers are binary, 4 bytes big-endian seq then a JPEG, or text, {"seq": n, "problem": {...}}; of
several waiting requests only the newest is drawn."""


MakePainter = Callable[[Catalog, Settings], Renderer]


def make_painter(catalog: Catalog, settings: Settings) -> Renderer:
    """The painter of the settings' device. Raises NoDevice where torch has no such device."""
    return Painter(catalog, str(device_named(settings.device)), settings.trunk_cache_bytes)


def open_store(settings: Settings) -> Store:
    """The settings' pictures. Raises StoreError."""
    return Store(settings.data_dir / "pictures.sqlite3", settings.max_pictures, settings.max_history)


def check_start(settings: Settings) -> None:
    """Raise what would keep the app from starting: NoDevice, StoreError.

    The app raises them as well, but then uvicorn has them, and prints a trace where a line will do.
    """
    make_painter(Catalog(settings.models_dir, settings.results_dir, settings.default_model), settings)
    open_store(settings).close()


def create_app(settings: Settings, painter: MakePainter = make_painter) -> FastAPI:
    """The app; its services start and stop with its lifespan, and stand at `app.state.services`.

    painter: makes what draws.
    """
    studio = Studio(settings.frontend_dir, settings)
    app = FastAPI(
        title="Unitbrush",
        version=__version__,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        redirect_slashes=False,
        lifespan=lambda app: _lifespan(app, settings, painter, studio),
    )
    api = APIRouter(prefix="/api/v1", responses=PROBLEMS)
    for part in (models, dissection, render, segment, inspect, receptivity, pictures, qr, live):
        api.include_router(part.router)
    app.include_router(api)
    app.include_router(operations.router)
    app.router.routes.append(Route("/dissect/{path:path}", dissection.Reports(settings), include_in_schema=False))
    set_reference(app)
    add_docs(app)
    add_handlers(app)
    # The studio takes what no route takes; as a route it would turn each 405 into a 404.
    app.router.default = studio
    if settings.allowed_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.allowed_origins,
            allow_methods=["GET", "POST", "PUT", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "If-Match", "If-None-Match"],
            expose_headers=["ETag", "Location", "Retry-After"],
        )
    app.add_middleware(Front, settings=settings)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI, settings: Settings, make: MakePainter, studio: Studio) -> AsyncIterator[None]:
    catalog = Catalog(settings.models_dir, settings.results_dir, settings.default_model)
    painter = make(catalog, settings)
    store = open_store(settings)
    render_seconds = Histogram()
    engine = Engine(painter, settings.queue_size, render_seconds.observe, lambda: _set_threads(settings.threads))
    services = Services(
        settings, catalog, engine, store, Metrics(render_seconds), BytesCache(settings.image_cache_bytes)
    )
    services.metrics.gauge("unitbrush_queue_length", "Renders that wait for the device.", lambda: engine.waiting)
    services.metrics.gauge("unitbrush_live_sockets", "Open live sockets.", lambda: services.sockets)
    services.metrics.gauge("unitbrush_resident_bytes", "Memory this process holds.", resident_bytes)
    app.state.services = services
    async with engine:
        warming = asyncio.create_task(_warm_up(services, studio))
        try:
            yield
        finally:
            warming.cancel()
    services.close()


async def _warm_up(services: Services, studio: Studio) -> None:
    """Do what the first visitor would wait for: read the page, load the models, draw the first picture. Then tell
    `/readyz`."""
    try:
        await services.aside(studio.warm_up)
        model = await services.aside(services.catalog.get)
        seed = model.scenes[0] if model.scenes else FIRST_SEED
        picture = Picture(model.name, seed)
        await draw(services, picture, ImageOptions("png", None))
        await services.engine.render(picture, draft=True)
        for usable in await services.aside(services.catalog.usable):
            await services.version(usable.name)
        services.first = FirstScene(model.name, seed, await services.version(model.name))
    except Exception as error:
        services.trouble = f"the default model does not draw: {error}"
        log.error(services.trouble)


def _set_threads(threads: int) -> None:
    if threads:
        torch.set_num_threads(threads)
