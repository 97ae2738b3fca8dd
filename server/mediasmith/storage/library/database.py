"""What the library needs of a database, whichever it is.

Statements are in SQL that SQLite and PostgreSQL read alike, with `:name` for values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias, TypeVar

T = TypeVar("T")

Row: TypeAlias = "dict[str, Any]"
"""A row by column name."""

Statement: TypeAlias = "tuple[str, Iterable[Mapping[str, object]]]"
"""A statement with named placeholders, and the rows to run it with. The worker thread iterates over the rows."""

Query: TypeAlias = "tuple[str, Mapping[str, object]]"
"""A query with named placeholders, and their values."""


class NotWritten(Exception):
    """A transaction was rolled back because its check found a row."""


class Reader(Protocol):
    """A database to read. Every method raises `MediaError` when it cannot be used."""

    async def read(self, convert: Callable[[Row], T], sql: str, **values: object) -> list[T]:
        """Return each row, converted."""
        ...

    async def revision(self) -> int:
        """Return a number that is another one whenever something was written since it was last asked for."""
        ...

    async def close(self) -> None:
        """Close the connections, if there are any."""
        ...


class Database(Protocol):
    """A database that several processes write in transactions. Every method raises `MediaError` when it cannot be used.

    Transactions that name one of the same `locks` run one after the other, in all processes.
    """

    async def read(self, convert: Callable[[Row], T], sql: str, **values: object) -> list[T]:
        """Return each row, converted."""
        ...

    async def change(self, sql: str, **values: object) -> int:
        """Update existing rows in a transaction, and return how many there were."""
        ...

    async def write(self, *statements: Statement, unless: Query | None = None, locks: Sequence[str] = ()) -> list[int]:
        """Run all the statements or none, in one transaction, and return how many rows each changed.

        This is for what has happened and must be recorded: where the database is reached over a network that is down,
        it goes on trying until it is cancelled.

        Raises:
            NotWritten: the query `unless` found a row after the statements, so that they were undone.
        """
        ...

    async def write_if(
        self,
        condition: Statement,
        *statements: Statement,
        unless: Query | None = None,
        locks: Sequence[str] = (),
        patient: bool = False,
    ) -> bool:
        """Run the statements in one transaction if the first one changes a row; return whether it did.

        With `patient`, it goes on trying as `write` does.

        Raises:
            NotWritten: as `write`.
        """
        ...

    async def close(self) -> None:
        """Close the connections, if there are any."""
        ...
