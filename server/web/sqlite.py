"""The SQLite file that pictures are kept in: brought to the present schema, one transaction at a time, with room on the
disk kept for a deletion.

It is in WAL mode with `synchronous=FULL`: neither a killed process nor a power cut loses what was committed. Several
processes may have it open.
"""

import secrets
import shutil
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from server.web.store import StoreError, StoreFull

SCHEMA = 3
_TABLES = """
CREATE TABLE pictures (
    id TEXT PRIMARY KEY, base TEXT NOT NULL, revision INTEGER NOT NULL, position INTEGER NOT NULL,
    created REAL NOT NULL, changed REAL NOT NULL, name TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE TABLE edits (
    id INTEGER PRIMARY KEY, picture TEXT NOT NULL REFERENCES pictures ON DELETE CASCADE,
    digest BLOB NOT NULL, body TEXT NOT NULL, UNIQUE (picture, digest)
) STRICT;
CREATE TABLE states (
    picture TEXT NOT NULL REFERENCES pictures ON DELETE CASCADE, number INTEGER NOT NULL, edits TEXT NOT NULL,
    looks TEXT NOT NULL DEFAULT '{}', PRIMARY KEY (picture, number)
) STRICT;
"""
# What makes the present schema of an earlier one, by its number; 0 is an empty file.
_NAMED = "ALTER TABLE pictures ADD COLUMN name TEXT NOT NULL DEFAULT ''"
_TO_SCHEMA = {0: _TABLES, 1: f"ALTER TABLE states ADD COLUMN looks TEXT NOT NULL DEFAULT '{{}}'; {_NAMED}", 2: _NAMED}
# Of the disk, held back in a file beside the pictures, since deleting one needs some where the disk is full.
RESERVE_BYTES = 4 * 1024 * 1024


class SqliteDatabase:
    """The open file; a `Database` of `tables`, which says what the methods do."""

    numbers = "json_each(states.edits)"

    def __init__(self, path: Path) -> None:
        """Open or create the file and its folder. Raises StoreError."""
        self._lock = threading.Lock()
        self.reserve = Path(f"{path}-reserve")
        self._opened: dict[Path, tuple[int, int]] = {}
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._db = sqlite3.connect(path, timeout=10.0, isolation_level=None, check_same_thread=False)
            # A text that is damaged is no fault of the file.
            self._db.text_factory = lambda raw: raw.decode(errors="replace")
            self._prepare(path)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"cannot keep pictures in {path}: {error}; choose another data folder") from error

    def _prepare(self, path: Path) -> None:
        self.execute("PRAGMA auto_vacuum=INCREMENTAL")  # of a new file
        self.execute("PRAGMA journal_mode=WAL")
        self.execute("PRAGMA synchronous=FULL")
        self.execute("PRAGMA foreign_keys=ON")
        self.execute("PRAGMA secure_delete=FAST")  # else a deletion writes as much as it frees
        with self.transaction():
            (version,) = self.execute("PRAGMA user_version").fetchone()
            if version in _TO_SCHEMA:
                for statement in _TO_SCHEMA[version].split(";"):
                    self.execute(statement)
                self.execute(f"PRAGMA user_version={SCHEMA}")
        if version not in (SCHEMA, *_TO_SCHEMA):
            self._db.close()
            raise StoreError(f"{path} is of another version (schema {version}); choose another data folder")
        self._opened = {file: _identity(file) for file in (path, Path(f"{path}-wal")) if file.exists()}

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def execute(self, statement: str, values: Sequence[Any] = (), /) -> sqlite3.Cursor:
        return self._db.execute(statement, values)

    @contextmanager
    def reading(self) -> Iterator[None]:
        with self._lock:
            self._check_present()
            try:
                yield
            except sqlite3.Error as error:
                if "full" in str(error):
                    raise StoreFull("the disk is full") from error
                raise StoreError(f"the pictures' file gave an error: {error}") from error

    @contextmanager
    def transaction(self, picture: str | None = None) -> Iterator[None]:
        with self.reading():  # the whole file waits, whichever picture it is
            self.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.execute("COMMIT")
                self._check_present()
            except BaseException:
                if self._db.in_transaction:
                    self.execute("ROLLBACK")
                raise

    def _check_present(self) -> None:
        """Raise StoreError where the open files are not those at their paths: what is written to them would be lost."""
        try:
            present = all(_identity(file) == identity for file, identity in self._opened.items())
        except OSError:
            present = False
        if not present:
            raise StoreError("the pictures' file was deleted, moved or replaced meanwhile; start the server anew")

    def keep_room(self) -> None:
        if self.reserve.exists():
            return
        self._check_present()
        try:
            if shutil.disk_usage(self.reserve.parent).free < RESERVE_BYTES:
                raise StoreFull("the disk is full")
            self.reserve.write_bytes(secrets.token_bytes(RESERVE_BYTES))
        except OSError as error:
            self.reserve.unlink(missing_ok=True)
            raise StoreFull("the disk is full") from error

    @contextmanager
    def room_to_delete(self) -> Iterator[None]:
        self.reserve.unlink(missing_ok=True)
        self._give_back()
        yield
        self._give_back()
        with suppress(StoreFull):
            self.keep_room()

    def _give_back(self) -> None:
        """Give the disk back what is free in the files, as far as it goes."""
        with suppress(StoreFull), self.reading():
            self.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            self.execute("PRAGMA incremental_vacuum(256)").fetchall()
            self.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _identity(file: Path) -> tuple[int, int]:
    """What tells a file from another one that takes its name. Raises OSError."""
    status = file.stat()
    return status.st_dev, status.st_ino
