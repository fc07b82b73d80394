"""What tests share: the tiny model, a painter that draws it, and a client of an app that serves it."""

from __future__ import annotations

import itertools
import os
from collections.abc import AsyncIterator
from pathlib import Path

# Before torch is imported, and for the servers that tests start: networks this small gain nothing by threads, which
# wait for each other by spinning, four times as long where something else wants the cores too.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import httpx
import pytest
import pytest_asyncio

from server.model.catalog import Catalog
from server.painting.painter import Painter
from server.settings import share_dir
from tests.helpers.serving import asgi_client, settings_in
from tests.helpers.tiny import write_model

# The browser's tests take longest, so they come first; tests of a minute stand where no process ends with them.
ORDER = ("browser", "lab", "client", "", "commands")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests in that order, by their folder, "" for those without; all others behind them."""
    tests = Path(__file__).parent
    places = {folder: place for place, folder in enumerate(ORDER)}

    def place(item: pytest.Item) -> int:
        parts = item.path.relative_to(tests).parts
        return places.get(parts[0] if len(parts) > 1 else "", len(ORDER))

    items.sort(key=place)
    if workers := int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "0")):
        items[:] = _shared(
            [item for item in items if place(item) == 0], [item for item in items if place(item)], workers
        )


def _shared(browser: list[pytest.Item], others: list[pytest.Item], workers: int) -> list[pytest.Item]:
    """The tests, so that each process but the last has its part of the browser's: the first so many tests are the first
    process's, as many the second's, and so on. Tests of one file stay together."""
    first = (len(browser) + len(others)) // (4 * workers)
    parts = max(1, workers - 1)
    part_of: dict[Path, int] = {}
    for number, item in enumerate(browser):
        part_of.setdefault(item.path, number * parts // len(browser))
    shared: list[pytest.Item] = []
    rest = iter(others)
    for part in range(parts):
        mine = [item for item in browser if part_of[item.path] == part]
        shared += [*mine, *itertools.islice(rest, max(0, first - len(mine)))]
    return [*shared, *rest]


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with models/village and dissect_results/village, the tiny model; tests do not write into it."""
    folder = tmp_path_factory.mktemp("installed")
    write_model(folder)
    return folder


@pytest.fixture
def shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands find the models that ship, and their dissections."""
    monkeypatch.setenv("UNITBRUSH_MODELS_DIR", str(share_dir() / "models"))
    monkeypatch.setenv("UNITBRUSH_RESULTS_DIR", str(share_dir() / "dissect_results"))


@pytest.fixture(scope="session")
def catalog(installed: Path) -> Catalog:
    return Catalog(installed / "models", installed / "dissect_results")


@pytest.fixture
def painter(catalog: Catalog) -> Painter:
    """A painter with cold caches."""
    return Painter(catalog)


@pytest_asyncio.fixture
async def client(installed: Path, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with asgi_client(settings_in(installed, data_dir=tmp_path / "data")) as client:
        yield client
