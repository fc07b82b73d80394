"""A client of an app that serves the tiny model, without a network."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest_asyncio

from server.app import create_app
from server.client import AsyncClient
from server.settings import Settings
from tests.helpers.serving import settings_in

URL = "http://localhost"


@asynccontextmanager
async def connected(settings: Settings, token: str | None = None) -> AsyncIterator[AsyncClient]:
    """A client of an app that runs as long as the client."""
    app = create_app(settings)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with app.router.lifespan_context(app), AsyncClient(URL, token, transport=transport) as client:
        yield client


@pytest_asyncio.fixture
async def painting(installed: Path, tmp_path: Path) -> AsyncIterator[AsyncClient]:
    async with connected(settings_in(installed, data_dir=tmp_path / "data")) as client:
        yield client
