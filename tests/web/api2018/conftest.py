"""The tiny model with everything measured, and with results of the 2018 tool."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest_asyncio

from tests.helpers.serving import asgi_client, settings_in
from tests.web.api2018.installed import write_measured, write_of_2018


@pytest_asyncio.fixture
async def measured(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    write_measured(tmp_path)
    async with asgi_client(settings_in(tmp_path)) as client:
        yield client


@pytest_asyncio.fixture
async def of_2018(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    write_of_2018(tmp_path)
    async with asgi_client(settings_in(tmp_path)) as client:
        yield client
