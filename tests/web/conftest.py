"""A client of an app with a tiny model."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from tests.helpers.serving import asgi_client, settings_in, write_model


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tiny model; tests do not write into it."""
    folder = tmp_path_factory.mktemp("tiny")
    write_model(folder)
    return folder


@pytest_asyncio.fixture
async def client(tiny: Path, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with asgi_client(settings_in(tiny, data_dir=tmp_path / "data")) as client:
        yield client
