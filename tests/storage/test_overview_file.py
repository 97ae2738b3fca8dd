"""The overview of an SQLite file, which has a connection of its own that only reads."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from fakes.records import a_job, an_artifact, record
from mediasmith.plugin.errors import MediaError
from mediasmith.storage.library.overview import Filter
from mediasmith.storage.library.sqlite import SqliteDatabase, SqliteReader
from mediasmith.storage.library.store import Library


@pytest.fixture
async def library(path: Path) -> AsyncGenerator[Library]:
    async with Library.open(path) as library:
        yield library


async def made(library: Library, name: str) -> None:
    """Record a job with one artifact."""
    await record(library, a_job(f"job-{name}"), an_artifact(name, f"job-{name}"))


async def found(library: Library) -> list[str]:
    """Return the ids of the artifacts on the first page."""
    return [one.id for one in await library.overview.page(Filter(), principal="ada", limit=10)]


async def test_looking_creates_no_file(path: Path, library: Library) -> None:
    assert await found(library) == []
    assert not path.parent.exists()


async def test_the_overview_cannot_write(path: Path, library: Library) -> None:
    await made(library, "fox")
    reader = SqliteReader(SqliteDatabase(path))
    with pytest.raises(MediaError, match="READONLY"):
        await reader.change("DELETE FROM artifact")
    await reader.close()


async def test_a_page_is_read_while_the_library_is_being_written(path: Path, library: Library) -> None:
    await made(library, "fox")
    assert await found(library) == ["fox"]
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    assert await found(library) == ["fox"]
    writer.execute("ROLLBACK")
    writer.close()


async def test_every_query_uses_an_index(path: Path, library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    connect = sqlite3.connect

    def connect_and_trace(*args: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(*args, **options)
        if options.get("uri"):
            connection.set_trace_callback(asked.append)
        return connection

    monkeypatch.setattr(sqlite3, "connect", connect_and_trace)
    await made(library, "fox")
    for wanted in (
        Filter(),
        Filter(kind="image"),
        Filter(backend="test"),
        Filter(text="fox"),
        Filter(since=1, before=2),
    ):
        await library.overview.page(wanted, principal="ada", limit=5, after=(900.0, "zz"))
    await library.overview.counts(principal="ada")
    await library.overview.tree("fox", principal="ada", limit=5)
    await library.overview.spent(principal="ada", since=0.0)
    await library.overview.running(principal="ada", limit=5)
    monkeypatch.undo()
    connection = sqlite3.connect(path)
    plans = [row[3] for sql in asked for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}")]
    connection.close()
    assert len(asked) >= 11
    assert [
        plan
        for plan in plans
        if re.search(r"SCAN (TABLE )?(job|part|artifact|facts|\w+_facts)\b(?!.*job_running)", plan)
    ] == []
    sorts = [plan for plan in plans if "USE TEMP B-TREE FOR ORDER BY" in plan]
    assert len(sorts) <= 4  # the trees, which are small, and sums by day
