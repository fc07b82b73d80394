"""A PostgreSQL database that pictures are kept in, which several servers share: one connection of each, opened anew
where it was lost.

A transaction locks the row of its picture, so that changes of one picture follow each other, whichever servers they
come from, and those of others do not wait. Commits wait for the database's disk, whatever its configuration says.
"""

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from typing import Any

import psycopg

from server.web.store import StoreError, StoreFull

log = logging.getLogger(__name__)

SCHEMA = 1
_TABLES = f"""
CREATE TABLE pictures_schema (version INTEGER NOT NULL);
INSERT INTO pictures_schema VALUES ({SCHEMA});
CREATE TABLE pictures (
    id TEXT PRIMARY KEY, base TEXT NOT NULL, revision INTEGER NOT NULL, position INTEGER NOT NULL,
    created DOUBLE PRECISION NOT NULL, changed DOUBLE PRECISION NOT NULL, name TEXT NOT NULL DEFAULT ''
);
CREATE TABLE edits (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, picture TEXT NOT NULL REFERENCES pictures ON DELETE CASCADE,
    digest BYTEA NOT NULL, body TEXT NOT NULL, UNIQUE (picture, digest)
);
CREATE TABLE states (
    picture TEXT NOT NULL REFERENCES pictures ON DELETE CASCADE, number INTEGER NOT NULL, edits TEXT NOT NULL,
    looks TEXT NOT NULL DEFAULT '{{}}', PRIMARY KEY (picture, number)
);
CREATE TABLE jobs (
    id TEXT PRIMARY KEY, written DOUBLE PRECISION NOT NULL, members TEXT NOT NULL, preview BYTEA, result BYTEA
);
"""
_LOCK = 0x756E6962  # of the servers that prepare the tables, in PostgreSQL's space of such numbers
_SESSION = (
    "SET synchronous_commit = on",
    "SET lock_timeout = '10s'",
    "SET statement_timeout = '20s'",
    "SET idle_in_transaction_session_timeout = '60s'",
)
CONNECT_SECONDS = 10


class PostgresDatabase:
    """The database at an address; a `Database` of `tables`, which says what the methods do."""

    numbers = "json_array_elements_text(states.edits::json)"

    def __init__(self, address: str) -> None:
        """Connect, and make the tables where there are none. address: as `postgresql://user@host/name`. Raises
        StoreError."""
        self._address = address
        self._lock = threading.Lock()
        self._connection: Any = None
        try:
            self._prepare()
        except (psycopg.Error, UnicodeError) as error:
            raise StoreError(f"cannot keep pictures in the PostgreSQL database: {error}") from error

    def _prepare(self) -> None:
        self._begin("BEGIN")
        self.execute("SELECT pg_advisory_xact_lock(?)", (_LOCK,))
        (table,) = self.execute("SELECT to_regclass('pictures_schema')").fetchone()
        if table is None:
            for statement in _TABLES.split(";"):
                self.execute(statement)
        (version,) = self.execute("SELECT version FROM pictures_schema").fetchone()
        self.execute("COMMIT")
        if version != SCHEMA:
            self.close()
            raise StoreError(f"the PostgreSQL database is of another version (schema {version}); choose another one")

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()

    def execute(self, statement: str, values: Sequence[Any] = (), /) -> Any:
        # PostgreSQL has no text with a NUL in it; documents have none, but names and addresses may.
        texts = [value.replace("\0", "\ufffd") if isinstance(value, str) else value for value in values]
        return self._connection.execute(statement.replace("?", "%s"), texts)

    @contextmanager
    def reading(self) -> Iterator[None]:
        with self._transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"):
            yield

    @contextmanager
    def transaction(self, picture: str | None = None) -> Iterator[None]:
        with self._transaction("BEGIN"):
            if picture is not None:
                self.execute("SELECT 1 FROM pictures WHERE id = ? FOR UPDATE", (picture,))
            yield

    def keep_room(self) -> None:
        """Nothing: its disk is looked after where it runs."""

    def room_to_delete(self) -> nullcontext[None]:
        return nullcontext()

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        """The connection for one thread, between `begin` and a commit; its errors become StoreError and StoreFull."""
        with self._lock:
            try:
                self._begin(begin)
                try:
                    yield
                    self.execute("COMMIT")
                except BaseException:
                    with suppress(psycopg.Error):
                        self.execute("ROLLBACK")
                    raise
            except psycopg.errors.DiskFull as error:
                raise StoreFull("the disk is full") from error
            except psycopg.Error as error:
                log.error("the pictures' database gave an error: %s", " ".join(str(error).split()))
                raise StoreError("the pictures' database gave an error, which the server's log tells") from error

    def _begin(self, statement: str) -> None:
        """Begin a transaction, on a new connection where the last one was lost since."""
        if self._connection is not None and not self._connection.closed:
            with suppress(psycopg.OperationalError):
                self.execute(statement)
                return
            self._connection.close()
        self._connection = psycopg.connect(self._address, autocommit=True, connect_timeout=CONNECT_SECONDS)
        for setting in _SESSION:
            self.execute(setting)
        self.execute(statement)
