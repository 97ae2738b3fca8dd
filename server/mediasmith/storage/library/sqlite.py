"""The library's SQLite file: opened at its first use, written in transactions, shared by several processes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from anyio import CancelScope, CapacityLimiter, to_thread

from mediasmith.plugin.errors import MediaError

if TYPE_CHECKING:
    from sqlite3 import Connection, Cursor, Error

T = TypeVar("T")

Row: TypeAlias = "dict[str, Any]"
"""A row by column name."""

Step: TypeAlias = "tuple[str, Iterable[Mapping[str, object]]]"
"""A statement with named placeholders, and the rows to run it with. The rows are made in the worker thread."""

_PATIENCE = 60.0
"""Seconds to wait for other processes. Each of them holds the file for milliseconds."""

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
"""Each lifts the file by one version. What is looked up has a column; the rest of a record is JSON in `record`, so
that any text can be kept, also a file name that is not UTF-8."""


class Database:
    """The file at `path`. Every method raises `MediaError` when the file cannot be used."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: Connection | None = None
        self._turn = CapacityLimiter(1)

    async def read(self, make: Callable[[Row], T], sql: str, **values: object) -> list[T]:
        """What `make` makes of each row. Reading does not create the file: where there is none, there are no rows."""
        try:
            return await self._run(self._select, make, sql, values)
        except UnicodeEncodeError:
            return []  # asked for text that UTF-8 cannot write, so it stands in no row

    async def change(self, sql: str, **values: object) -> int:
        """Change rows that exist, in a transaction; how many they were."""
        try:
            [changed] = await self.write((sql, [values]))
        except UnicodeEncodeError:
            return 0  # as in `read`
        return changed

    async def write(self, *steps: Step) -> list[int]:
        """Do all the steps or none, in one transaction; how many rows each changed."""
        return await self._run(self._transact, steps)

    async def close(self) -> None:
        """Close the file, if it was opened."""
        if self._connection is not None:
            with CancelScope(shield=True):
                await self._run(self._connection.close)
            self._connection = None

    async def _run(self, work: Callable[..., T], *args: object) -> T:
        return await to_thread.run_sync(self._explained, work, *args, limiter=self._turn)

    def _explained(self, work: Callable[..., T], *args: object) -> T:
        import sqlite3  # noqa: PLC0415  heavy: a server that makes nothing never needs it

        try:
            return work(*args)
        except sqlite3.Error as error:
            trouble = _trouble(self._path, error)
            if trouble is None:
                raise
            raise trouble from error
        except OSError as error:
            raise _unusable(self._path, error.strerror or "another process keeps it locked") from error

    def _select(self, make: Callable[[Row], T], sql: str, values: Mapping[str, object]) -> list[T]:
        if self._connection is None and not self._path.exists():
            return []
        rows = self._opened().execute(sql, values).fetchall()
        try:
            return [make(row) for row in rows]
        except (ValueError, TypeError, KeyError) as error:
            raise _damaged(self._path) from error

    def _transact(self, steps: Sequence[Step]) -> list[int]:
        connection = self._opened()
        # Taking the write lock first means waiting for it here: a reader that turns writer may be refused at once.
        connection.execute("BEGIN IMMEDIATE")
        try:
            changed = [connection.executemany(sql, rows).rowcount for sql, rows in steps]
            connection.execute("COMMIT")
        except BaseException:
            connection.rollback()
            raise
        return changed

    def _opened(self) -> Connection:
        if self._connection is None:
            self._connection = _open(self._path)
        return self._connection


def _open(path: Path) -> Connection:
    import sqlite3  # noqa: PLC0415  heavy: a server that makes nothing never needs it

    from filelock import FileLock  # noqa: PLC0415  heavy: loads asyncio's locks as well

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Switching to WAL does not wait for other processes as a transaction does, hence the lock file.
    with FileLock(f"{path}.lock", timeout=_PATIENCE, mode=0o600, poll_interval=0.01):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite gives the files beside it the same mode
        # The worker thread may be another one each time; the limiter lets only one in.
        connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
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
            f"The library {path} was written by a newer Mediasmith: it has version {version}, and this one reads up to "
            f"version {len(_MIGRATIONS)}.",
            "Update Mediasmith, or move that file away to start an empty library.",
        )
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    for number, sql in enumerate(_MIGRATIONS[version:], start=version + 1):
        connection.executescript(f"BEGIN IMMEDIATE; {sql} PRAGMA user_version = {number}; COMMIT;")
    connection.row_factory = _row


def _row(cursor: Cursor, values: tuple[Any, ...]) -> Row:
    return {column[0]: value for column, value in zip(cursor.description, values, strict=True)}


def _trouble(path: Path, error: Error) -> MediaError | None:
    """What the file's user can do something about; None when the fault is ours."""
    import sqlite3  # noqa: PLC0415  heavy: a server that makes nothing never needs it

    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the rest of the number is detail
    if code in {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}:
        return _damaged(path)
    if isinstance(error, sqlite3.OperationalError):
        return _unusable(path, getattr(error, "sqlite_errorname", "") or "SQLITE_ERROR")
    return None


def _damaged(path: Path) -> MediaError:
    return MediaError(
        f"The library {path} is damaged or is not a library.",
        "Nothing was changed. Move that file away, with those beside it that begin with its name, to start an empty "
        "library; the media files are not touched.",
    )


def _unusable(path: Path, reason: str) -> MediaError:
    return MediaError(
        f"The library {path} cannot be used: {reason}.",
        "Make sure that its folder exists and can be written to, and that the disk is not full.",
    )
