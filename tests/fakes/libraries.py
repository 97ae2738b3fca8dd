"""Libraries in either database."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeAlias

from mediasmith.storage.library.database import Database
from mediasmith.storage.library.overview import Overview
from mediasmith.storage.library.sqlite import SqliteDatabase
from mediasmith.storage.library.store import Library

Place: TypeAlias = "Path | str"
"""Where a library is: an SQLite file, or the address of a PostgreSQL database."""


@asynccontextmanager
async def open_database(place: Place) -> AsyncGenerator[Database]:
    """Return the database of a library at a place as a context manager that closes it."""
    if isinstance(place, Path):
        database = SqliteDatabase(place)
    else:
        from mediasmith.storage.library.postgres import PostgresDatabase  # noqa: PLC0415 - only a fleet needs it

        database = PostgresDatabase(place)
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def open_library(place: Place) -> AsyncGenerator[Library]:
    """Return the library at a place as a context manager that closes it."""
    if isinstance(place, Path):
        library = Library.in_file(place)
    else:
        from mediasmith.storage.library.postgres import PostgresDatabase  # noqa: PLC0415 - only a fleet needs it

        database = PostgresDatabase(place)
        library = Library(database, Overview(database))
    try:
        yield library
    finally:
        await library.close()
