"""Run the library's statements on a connection to PostgreSQL: a transaction once, however often it has to be tried."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from typing import TypeVar

import psycopg
from psycopg.errors import UniqueViolation

from mediasmith.plugin.errors import MediaError
from mediasmith.storage.library.database import NotWritten, Query, Row, Statement

T = TypeVar("T")

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
_PLACEHOLDER = re.compile(r"(?<!:):([a-z_]+)")

FORGET_TOKENS = "DELETE FROM written WHERE token < lpad(to_hex(extract(epoch FROM now())::bigint - 86400), 12, '0')"
"""A statement that forgets the tokens of transactions that are too old to be repeated: those of a day ago."""


@dataclass
class Transaction:
    """Statements to run together, as often as it takes until they are known to be committed or not.

    The token, which begins with its time, is recorded with them: where an earlier attempt was committed and its answer
    lost, it is there already.
    """

    statements: Iterable[Statement]
    unless: Query | None = None
    locks: Sequence[str] = ()
    needed: int = 0
    _token: str = field(default_factory=lambda: f"{int(time.time()):012x}{secrets.token_hex(12)}")
    _changed: list[int] = field(default_factory=list)
    _read: list[tuple[bytes, list[Mapping[str, object]]]] | None = None

    def run(self, connection: psycopg.Connection[Row]) -> list[int]:
        """Return how many rows each statement changed; none of them if the first changed fewer than are needed."""
        if self._read is None:  # the rows can be iterated over once
            self._read = [(_translated(sql), list(rows)) for sql, rows in self.statements]
        try:
            return self._run(connection, self._read)
        except BaseException:
            with suppress(psycopg.Error):
                connection.execute("ROLLBACK")
            raise

    def _run(
        self, connection: psycopg.Connection[Row], statements: Sequence[tuple[bytes, Sequence[Mapping[str, object]]]]
    ) -> list[int]:
        begin = f"BEGIN ISOLATION LEVEL READ COMMITTED; INSERT INTO written VALUES ('{self._token}')"  # noqa: S608 - ours
        try:
            connection.execute(begin.encode())
        except UniqueViolation:
            connection.execute("ROLLBACK")
            return self._changed
        for lock in sorted(self.locks):
            connection.execute(_LOCK, [lock])
        changed: list[int] = []
        for sql, rows in statements:
            changed.append(_execute(connection, sql, rows))
            if changed[0] < self.needed:
                connection.execute("ROLLBACK")
                return []
        if self.unless is not None:
            sql, values = self.unless
            if connection.execute(_translated(sql), values).fetchone() is not None:
                raise NotWritten
        self._changed = changed
        connection.execute("COMMIT")
        return changed


def select(
    convert: Callable[[Row], T], sql: str, values: Mapping[str, object], connection: psycopg.Connection[Row]
) -> list[T]:
    """Return each row, converted."""
    rows = connection.execute(_translated(sql), values).fetchall()
    for row in rows:
        row.pop("rowid", None)  # which SQLite does not select either
    try:
        return [convert(row) for row in rows]
    except (ValueError, TypeError, KeyError) as error:
        raise MediaError(
            "A record in the database is damaged.", "Nothing was changed. Restore the database from a backup."
        ) from error


def _execute(connection: psycopg.Connection[Row], sql: bytes, rows: Sequence[Mapping[str, object]]) -> int:
    match rows:
        case []:
            return 0
        case [row]:
            return connection.execute(sql, row).rowcount
        case _:
            with connection.cursor() as cursor:
                cursor.executemany(sql, rows)
                return cursor.rowcount


@cache
def _translated(sql: str) -> bytes:
    """Return a statement with its placeholders as psycopg writes them."""
    return _PLACEHOLDER.sub(r"%(\1)s", sql.replace("%", "%%")).encode()
