"""The library's PostgreSQL database, which several replicas share.

Each call runs in a worker thread, as with SQLite, so that a cancelled caller leaves a transaction whole. There is no
pool of psycopg's: it says only that no connection could be had, not why, and tries again ever more seldom.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

import anyio
import psycopg
from anyio import CancelScope, CapacityLimiter, to_thread
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import dict_row

from mediasmith.plugin.errors import MediaError
from mediasmith.storage.library.database import Query, Row, Statement
from mediasmith.storage.library.postgres_schema import prepare
from mediasmith.storage.library.postgres_transaction import Transaction, select

T = TypeVar("T")

_log = logging.getLogger(__name__)

_MOST_CONNECTIONS = 8
_PATIENCE = 10.0
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 0.5

_DEFAULTS = {
    "application_name": "mediasmith",
    "connect_timeout": "5",
    # A server that has vanished is noticed within half a minute.
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "25000",
}

_MAY_PASS = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.ReadOnlySqlTransaction,
    psycopg.errors.IdleInTransactionSessionTimeout,  # this process was frozen
)
"""Errors after which the same may be tried again."""

# The driver has no code for why a server refused a connection, only the words of that server. In another language they
# are not recognised, and the connection is tried for as long as one that may succeed.
_REFUSED = re.compile(
    r"authentication failed for user|no password supplied|pg_hba\.conf"
    r'|(role|database) ".*" (does not exist|is not permitted to log in)|permission denied for database'
)
"""The server's words about a wrong password, user or database, which waiting does not correct."""

# What a process that was cut off has begun must not hold up the others, and no thread waits longer than this.
_SETTINGS = "SET idle_in_transaction_session_timeout = '30s'; SET lock_timeout = '10s'"


class PostgresDatabase:
    """The database at an address, `postgresql://…`. Every method raises `MediaError` when it cannot be used.

    A lost connection, a restart of the server or a deadlock is retried, for ten seconds or, in what must be recorded,
    until it is. What must be recorded also waits for a wrong password to be corrected; all else fails at once. A
    transaction whose COMMIT was not answered is not done twice.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._idle: list[psycopg.Connection[Row]] = []
        self._limiter = CapacityLimiter(_MOST_CONNECTIONS)
        self._prepared = False
        self._ends = math.inf
        self._given_up = ""

    async def read(self, convert: Callable[[Row], T], sql: str, **values: object) -> list[T]:
        """Return each row, converted."""
        try:
            return await self._run(partial(select, convert, sql, values), patient=False)
        except UnicodeEncodeError:
            return []  # no row holds text that UTF-8 cannot encode
        except psycopg.DataError as error:
            if error.sqlstate is None:
                return []  # nor text with NUL, which psycopg does not send
            raise

    async def revision(self) -> int:
        """Return a number that is another one whenever something was written since it was last asked for."""
        sql = "SELECT hashtextextended(pg_current_snapshot()::text, 0) AS revision"
        [revision] = await self.read(lambda row: int(row["revision"]), sql)
        return revision

    async def change(self, sql: str, **values: object) -> int:
        """Update existing rows in a transaction, and return how many there were."""
        transaction = Transaction([(sql, [values])])
        try:
            [changed] = await self._run(transaction.run, patient=False)
        except UnicodeEncodeError:
            return 0  # as in `read`
        except psycopg.DataError as error:
            if error.sqlstate is None:
                return 0
            raise
        return changed

    async def write(self, *statements: Statement, unless: Query | None = None, locks: Sequence[str] = ()) -> list[int]:
        """Run all the statements or none, in one transaction, and return how many rows each changed.

        Raises:
            NotWritten: the query `unless` found a row after the statements, so that they were undone.
        """
        return await self._run(Transaction(statements, unless=unless, locks=locks).run, patient=True)

    async def write_if(
        self,
        condition: Statement,
        *statements: Statement,
        unless: Query | None = None,
        locks: Sequence[str] = (),
        patient: bool = False,
    ) -> bool:
        """Run the statements in one transaction if the first one changes a row; return whether it did.

        Raises:
            NotWritten: as `write`.
        """
        transaction = Transaction([condition, *statements], unless=unless, locks=locks, needed=1)
        return bool(await self._run(transaction.run, patient=patient))

    async def connect(self) -> psycopg.Connection[Row]:
        """Return a new connection, which is the caller's, in autocommit mode. Raises `psycopg.Error` as it comes."""
        return await to_thread.run_sync(self._connect)

    def end_within(self, seconds: float) -> None:
        """Try nothing for longer than this from now on, not even what must be recorded: the process is about to end."""
        self._ends = min(self._ends, anyio.current_time() + seconds)

    async def close(self) -> None:
        """Close the connections that are open."""
        with CancelScope(shield=True):
            await to_thread.run_sync(self._close_idle)

    async def _run(self, work: Callable[[psycopg.Connection[Row]], T], *, patient: bool) -> T:
        deadline = math.inf if patient else anyio.current_time() + _PATIENCE
        pause = _FIRST_PAUSE
        while True:
            if self._given_up:
                raise _unreachable(self._given_up)
            try:
                return await to_thread.run_sync(self._attempt, work, limiter=self._limiter)
            except psycopg.DataError:
                raise  # of what was asked for
            except psycopg.Error as error:
                reason = self._reason(error)
                if not isinstance(error, _MAY_PASS) or (not patient and _REFUSED.search(reason)):
                    raise _unusable(reason) from error
                now = anyio.current_time()
                if now > self._ends:
                    self._given_up = reason
                if now > min(deadline, self._ends):
                    raise _unreachable(reason) from error
            if pause < _LONGEST_PAUSE <= 2 * pause:  # once
                _log.warning("The database cannot be reached, so it is tried again: %s", reason)
            await anyio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _attempt(self, work: Callable[[psycopg.Connection[Row]], T]) -> T:
        with self._connection() as connection:
            return work(connection)

    @contextmanager
    def _connection(self) -> Generator[psycopg.Connection[Row]]:
        connection = self._idle.pop() if self._idle else self._connect()
        try:
            if not self._prepared:
                prepare(connection)
                self._prepared = True
            yield connection
        finally:
            if connection.broken or connection.closed:
                self._close_idle()  # they have most likely been lost, too
            else:
                self._idle.append(connection)

    def _connect(self) -> psycopg.Connection[Row]:
        try:
            given = {name: str(value) for name, value in conninfo_to_dict(self._address).items() if value is not None}
            address = make_conninfo(**{**_DEFAULTS, **given})
        except psycopg.ProgrammingError:
            # Its message may hold the password.
            raise _unusable("its address cannot be read") from None
        connection = psycopg.Connection[Row].connect(address, autocommit=True, row_factory=dict_row)
        try:
            connection.execute(_SETTINGS)
        except BaseException:
            connection.close()
            raise
        return connection

    def _close_idle(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def _reason(self, error: psycopg.Error) -> str:
        """Return the first line of a message, without the password."""
        line, *_ = str(error).strip().splitlines() or [type(error).__name__]
        password = conninfo_to_dict(self._address).get("password")
        return line.replace(str(password), "…") if password else line


def _unreachable(reason: str) -> MediaError:
    return MediaError(
        f"The database cannot be reached: {reason}.",
        "Check that PostgreSQL is running and that MEDIASMITH_DATABASE_URL leads to it, and try again.",
    )


def _unusable(reason: str) -> MediaError:
    return MediaError(
        f"The database cannot be used: {reason}.",
        "Correct MEDIASMITH_DATABASE_URL, postgresql://user:password@host/name, or the rights of its user, and restart "
        "the server.",
    )
