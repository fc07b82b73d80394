"""The PostgreSQL database: its versions, its loss and return, its locks."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import pytest

from server.app import open_store
from server.errors import UsageError
from server.settings import Settings
from server.web.store import State, StoreError
from server.web.tables import TableStore

psycopg = pytest.importorskip("psycopg")

from server.web.postgres import PostgresDatabase  # noqa: E402

BASE = '{"model":"village","seed":1}'


def test_the_settings_name_it(postgres_address: str, tmp_path: Path) -> None:
    store = open_store(Settings(database=postgres_address, data_dir=tmp_path / "data", max_pictures=1))
    other = open_store(Settings(database=postgres_address, data_dir=tmp_path / "other"))
    made = store.create(BASE, State(("a",)))
    assert other.get(made.id) == made
    assert list(tmp_path.iterdir()) == []
    store.close()
    other.close()


def test_many_servers_that_start_at_once_make_one_set_of_tables(postgres_address: str) -> None:
    stores: list[TableStore] = []
    threads = [
        threading.Thread(target=lambda: stores.append(TableStore(PostgresDatabase(postgres_address)))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    picture = stores[0].create(BASE).id
    assert {store.get(picture).revision for store in stores} == {1}
    for store in stores:
        store.close()


def test_a_database_of_another_version_or_that_is_not_there_is_refused_in_one_line(postgres_address: str) -> None:
    PostgresDatabase(postgres_address).close()
    with psycopg.connect(postgres_address) as connection:
        connection.execute("UPDATE pictures_schema SET version = 99")
    for address in (postgres_address, "postgresql://127.0.0.1:1/none"):
        with pytest.raises(StoreError) as caught:
            PostgresDatabase(address)
        assert "\n" not in str(caught.value)


def test_a_lost_connection_is_opened_anew(postgres_address: str, caplog: pytest.LogCaptureFixture) -> None:
    store = TableStore(PostgresDatabase(postgres_address))
    made = store.create(BASE)

    def lose(state: State) -> State:
        terminate(postgres_address)
        return State(("a",))

    with caplog.at_level(logging.CRITICAL), pytest.raises(StoreError, match="log"):
        store.change(made.id, lose)
    assert store.get(made.id) == made, "what was not acknowledged is not there"
    terminate(postgres_address)
    assert store.change(made.id, lambda state: State(("b",))).state.edits == ("b",)
    store.close()


def terminate(address: str) -> None:
    """End all other connections of the database."""
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'"
        )


def test_changes_of_one_picture_wait_and_those_of_another_do_not(postgres_address: str) -> None:
    one, other = (TableStore(PostgresDatabase(postgres_address)) for _ in range(2))
    first, second = one.create(BASE).id, one.create(BASE).id
    late: list[tuple[str, ...]] = []
    waiter = threading.Thread(
        target=lambda: late.append(other.change(first, lambda s: State((*s.edits, "late"))).state.edits)
    )

    def change(state: State) -> State:
        assert other.change(second, lambda state: State(("x",))).revision == 2
        waiter.start()
        while not one_waits(postgres_address):
            pass
        return State(("early",))

    one.change(first, change)
    waiter.join()
    assert late == [("early", "late")]
    one.close()
    other.close()


def one_waits(address: str) -> bool:
    """Whether a connection waits for a lock."""
    with psycopg.connect(address) as connection:
        query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        return bool(connection.execute(query).fetchone() == (1,))


def test_without_psycopg_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(__import__("sys").modules, "server.web.postgres", None)
    with pytest.raises(UsageError, match="pip install"):
        open_store(Settings(database="postgresql://127.0.0.1/none", data_dir=tmp_path))


def test_only_addresses_of_postgresql_are_taken() -> None:
    with pytest.raises(ValueError, match="postgresql://"):
        Settings(database="mysql://127.0.0.1/none")
    assert Settings(database="").database is None
