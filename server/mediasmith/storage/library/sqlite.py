"""The library's SQLite file: opened on first use, written in transactions, shared by several processes."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from anyio import CancelScope, CapacityLimiter, to_thread

from mediasmith.plugin.errors import MediaError
from mediasmith.storage.library.database import NotWritten, Query, Row, Statement
from mediasmith.storage.library.facts import UPDATES, missing_facts

if TYPE_CHECKING:
    from sqlite3 import Connection, Cursor, Error

T = TypeVar("T")

_BUSY_SECONDS = 60.0
"""Seconds to wait for other processes, each of which locks the file for milliseconds."""

SYNCHRONOUS = "FULL"
"""How long a commit waits: until it is on the disk, so that what was paid for outlives a power cut."""

_MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE job (
        id TEXT PRIMARY KEY, principal TEXT NOT NULL, fingerprint TEXT NOT NULL, state TEXT NOT NULL,
        owner TEXT NOT NULL, created REAL NOT NULL, updated REAL NOT NULL, answered INTEGER NOT NULL,
        record TEXT NOT NULL
    );
    CREATE INDEX job_of_principal ON job (principal, created);
    CREATE INDEX job_of_fingerprint ON job (fingerprint, principal, created);
    CREATE INDEX job_created ON job (created);
    CREATE INDEX job_running ON job (created) WHERE state = 'running';

    CREATE TABLE part (
        job_id TEXT NOT NULL REFERENCES job ON DELETE CASCADE, number INTEGER NOT NULL, item INTEGER NOT NULL,
        first INTEGER NOT NULL, billed TEXT NOT NULL, cost_usd REAL, estimate_usd REAL, record TEXT NOT NULL,
        PRIMARY KEY (job_id, number)
    );

    CREATE TABLE artifact (
        id TEXT PRIMARY KEY, job_id TEXT NOT NULL REFERENCES job, part INTEGER NOT NULL, position INTEGER NOT NULL,
        token TEXT NOT NULL, principal TEXT NOT NULL, used REAL NOT NULL, record TEXT NOT NULL
    );
    CREATE INDEX artifact_of_job ON artifact (job_id, part, position);
    """,
)
"""Each raises the version of the file by one. What is looked up has a column; the rest of a record is JSON in `record`,
which can hold any text, even a file name that is not UTF-8.

Tables, columns and JSON keys keep their names: older servers may be using the same file. They refuse a file with a
higher version, so that a change which they can live with goes to `_ADDITIONS` instead."""

_ADDITIONS = """
    CREATE TABLE IF NOT EXISTS waiting (
        job_id TEXT NOT NULL REFERENCES job ON DELETE CASCADE, owner TEXT NOT NULL, waits INTEGER NOT NULL,
        PRIMARY KEY (job_id, owner)
    );
    CREATE TABLE IF NOT EXISTS request_id (
        principal TEXT NOT NULL, digest TEXT NOT NULL, job_id TEXT NOT NULL REFERENCES job ON DELETE CASCADE,
        PRIMARY KEY (principal, digest)
    );
    CREATE INDEX IF NOT EXISTS request_id_of_job ON request_id (job_id);
    CREATE TABLE IF NOT EXISTS saved_plan (
        job_id TEXT PRIMARY KEY REFERENCES job ON DELETE CASCADE, record TEXT NOT NULL
    );
"""
"""Tables that older servers neither read nor write, and that do not change the version of the file. Their rows go with
their jobs, also when an older server deletes those."""


class SqliteDatabase:
    """The file at `path`. Every method raises `MediaError` when the file cannot be used."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection: Connection | None = None
        self._limiter = CapacityLimiter(1)

    async def read(self, convert: Callable[[Row], T], sql: str, **values: object) -> list[T]:
        """Return each row, converted. Reading does not create the file: where there is none, there are no rows."""
        try:
            return await self._run(self._select, convert, sql, values)
        except UnicodeEncodeError:
            return []  # no row holds text that UTF-8 cannot encode

    async def change(self, sql: str, **values: object) -> int:
        """Update existing rows in a transaction, and return how many there were."""
        try:
            [changed] = await self.write((sql, [values]))
        except UnicodeEncodeError:
            return 0  # as in `read`
        return changed

    async def write(
        self,
        *statements: Statement,
        unless: Query | None = None,
        locks: Sequence[str] = (),  # noqa: ARG002 - transactions run one after the other anyway
    ) -> list[int]:
        """Run all the statements or none, in one transaction, and return how many rows each changed.

        Raises:
            NotWritten: the query `unless` found a row after the statements, so that they were undone.
        """
        return await self._run(self._transact, statements, unless)

    async def write_if(
        self,
        condition: Statement,
        *statements: Statement,
        unless: Query | None = None,
        locks: Sequence[str] = (),  # noqa: ARG002 - as above
        patient: bool = False,  # noqa: ARG002 - waiting does not help a file that cannot be used
    ) -> bool:
        """Run the statements in one transaction if the first one changes a row; return whether it did.

        Of several processes that try at once, each sees what those before it have written.

        Raises:
            NotWritten: as `write`.
        """
        return bool(await self._run(self._transact_if, (condition, *statements), unless))

    async def close(self) -> None:
        """Close the file, if it was opened."""
        if self._connection is not None:
            with CancelScope(shield=True):
                await self._run(self._connection.close)
            self._connection = None

    async def _run(self, work: Callable[..., T], *args: object) -> T:
        return await to_thread.run_sync(self._translate_errors, work, *args, limiter=self._limiter)

    def _translate_errors(self, work: Callable[..., T], *args: object) -> T:
        import sqlite3  # noqa: PLC0415  heavy: a server that does no work never needs it

        try:
            return work(*args)
        except sqlite3.Error as error:
            translated = _to_media_error(self.path, error)
            if translated is None:
                raise
            raise translated from error
        except OSError as error:
            raise _unusable(self.path, error.strerror or "another process keeps it locked") from error

    def _select(self, convert: Callable[[Row], T], sql: str, values: Mapping[str, object]) -> list[T]:
        if self._connection is None and not self.path.exists():
            return []
        rows = self._connect().execute(sql, values).fetchall()
        try:
            return [convert(row) for row in rows]
        except (ValueError, TypeError, KeyError) as error:
            raise _damaged(self.path) from error

    def _transact(self, statements: Sequence[Statement], unless: Query | None) -> list[int]:
        return self._run_all(statements, unless, needed=0)

    def _transact_if(self, statements: Sequence[Statement], unless: Query | None) -> list[int]:
        return self._run_all(statements, unless, needed=1)

    def _run_all(self, statements: Sequence[Statement], unless: Query | None, *, needed: int) -> list[int]:
        """Return how many rows each statement changed; none of them if the first changed fewer than are needed."""
        connection = self._connect()
        # Take the write lock first, which waits for it: upgrading a read lock may fail at once.
        connection.execute("BEGIN IMMEDIATE")
        try:
            changed: list[int] = []
            for sql, rows in statements:
                changed.append(connection.executemany(sql, rows).rowcount)
                if changed[0] < needed:
                    connection.rollback()
                    return []
            undo = unless is not None and connection.execute(*unless).fetchone() is not None
            connection.execute("ROLLBACK" if undo else "COMMIT")
        except BaseException:
            connection.rollback()
            raise
        if undo:
            raise NotWritten
        return changed

    def _connect(self) -> Connection:
        if self._connection is None:
            self._connection = self._open()
        return self._connection

    def _open(self) -> Connection:
        return _open(self.path)


class SqliteReader(SqliteDatabase):
    """A further connection to the file of `library`, which can only read: a slow query holds up no work."""

    def __init__(self, library: SqliteDatabase) -> None:
        super().__init__(library.path)
        self._library = library
        self._ready = False

    async def read(self, convert: Callable[[Row], T], sql: str, **values: object) -> list[T]:
        """Return each row, converted."""
        if not self._ready:  # a connection that only reads cannot upgrade the file
            self._ready = bool(await self._library.read(dict, "SELECT 1 AS ready"))
        return await super().read(convert, sql, **values) if self._ready else []

    async def revision(self) -> int:
        """Return a number that is another one whenever something was written since it was last asked for."""
        return next(iter(await self.read(lambda row: int(row["data_version"]), "PRAGMA data_version")), 0)

    def _open(self) -> Connection:
        import sqlite3  # noqa: PLC0415  heavy: as below

        address = f"{self.path.absolute().as_uri()}?mode=ro"
        connection = sqlite3.connect(
            address, uri=True, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        connection.row_factory = _row
        return connection


def _open(path: Path) -> Connection:
    import sqlite3  # noqa: PLC0415  heavy: a server that does no work never needs it

    from filelock import FileLock  # noqa: PLC0415  heavy: loads asyncio's locks as well

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Switching to WAL does not wait for other processes as a transaction does; hence the lock file.
    with FileLock(f"{path}.lock", timeout=_BUSY_SECONDS, mode=0o600, poll_interval=0.01):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite gives its companion files the same mode
        # Each call may run in a different worker thread; the limiter admits one at a time.
        connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def _prepare(connection: Connection, path: Path) -> None:
    [version] = connection.execute("PRAGMA user_version").fetchone()
    if version > len(_MIGRATIONS):
        raise MediaError(
            f"The library {path} was written by a newer Mediasmith: it has version {version}, and this server reads up "
            f"to version {len(_MIGRATIONS)}.",
            "Upgrade Mediasmith, or move that file away to start with an empty library.",
        )
    connection.execute(f"PRAGMA synchronous = {SYNCHRONOUS}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA foreign_keys = ON")
    missing = "".join(_MIGRATIONS[version:]) + missing_facts(connection)
    additions = _ADDITIONS + UPDATES
    if missing:
        # One transaction is one wait for the disk.
        mark = f"PRAGMA user_version = {len(_MIGRATIONS)};"
        connection.executescript(f"BEGIN IMMEDIATE; {missing} {additions} {mark} COMMIT;")
    else:
        connection.executescript(additions)
    connection.row_factory = _row


def _row(cursor: Cursor, values: tuple[Any, ...]) -> Row:
    return {column[0]: value for column, value in zip(cursor.description, values, strict=True)}


def _to_media_error(path: Path, error: Error) -> MediaError | None:
    """Return an error that the user can act on, or None when the bug is ours."""
    import sqlite3  # noqa: PLC0415  heavy: a server that does no work never needs it

    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the higher bits are detail
    if code in {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}:
        return _damaged(path)
    if isinstance(error, sqlite3.OperationalError):
        return _unusable(path, getattr(error, "sqlite_errorname", "") or "SQLITE_ERROR")
    return None


def _damaged(path: Path) -> MediaError:
    return MediaError(
        f"The library {path} is damaged or is not a library.",
        "Nothing was changed. To start with an empty library, move that file and those whose names begin with it "
        "away; media files are not affected.",
    )


def _unusable(path: Path, reason: str) -> MediaError:
    return MediaError(
        f"The library {path} cannot be used: {reason}.",
        "Check that its folder exists and is writable, and that the disk is not full, or set MEDIASMITH_DATA_DIR to "
        "another folder and restart the server.",
    )
