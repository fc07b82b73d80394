"""What keeps pictures, of each kind: tests of stores run on all of them. On PostgreSQL they do where it is installed
and psycopg too, as in `make test-cluster`."""

from __future__ import annotations

import importlib.util
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from server.web.sqlite import SqliteDatabase
from server.web.tables import TableStore
from tests.helpers.postgres import postgres_folder, postgres_server

OpenStore = Callable[..., TableStore]

_SCHEMAS = itertools.count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL database."""
    if postgres_folder() is None or importlib.util.find_spec("psycopg") is None:
        pytest.skip("PostgreSQL or psycopg is not installed")
    with postgres_server() as address:
        yield address


@pytest.fixture
def postgres_address(postgres: str) -> str:
    """The address of an empty database, as far as its user can see."""
    import psycopg

    schema = f"test{next(_SCHEMAS)}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")
    return f"{postgres}?options=-csearch_path%3D{schema}"


def opener_of(kind: str, request: pytest.FixtureRequest, folder: Path) -> OpenStore:
    """What opens stores of one place, as often as it is called, with the store's limits."""
    opened: list[TableStore] = []

    def open_store(**limits: Any) -> TableStore:
        if kind == "sqlite":
            database: Any = SqliteDatabase(folder / "deep" / "pictures.sqlite3")
        else:
            address = request.getfixturevalue("postgres_address")  # before the import, which needs what this looks for
            from server.web.postgres import PostgresDatabase

            database = PostgresDatabase(address)
        opened.append(TableStore(database, **limits))
        return opened[-1]

    request.addfinalizer(lambda: [store.close() for store in opened])
    return open_store


@pytest.fixture(params=["sqlite", "postgresql"])
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> OpenStore:
    """Opens stores of one place, of each kind."""
    return opener_of(request.param, request, tmp_path)
