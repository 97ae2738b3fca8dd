"""Measure the same calls on a large library and on a small one.

Both start with one real call. The rows that the server wrote for it are copied with new IDs, spread over the last
weeks, in one transaction, so that schema and records are real without a hundred thousand calls. The small library
fills a page of get_job's list.
"""

from __future__ import annotations

import random
import sqlite3
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Sequence
from contextlib import AbstractAsyncContextManager, closing
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from comparison import Row, alternate

from fakes.backends import fake
from fakes.engines import WAIT_FOR_END, continue_edit, generate
from mediasmith.config.registry import Registry
from mediasmith.config.settings import Settings
from mediasmith.engine.bootstrap import open_engine
from mediasmith.engine.use_cases import Engine
from mediasmith.plugin.contract import Takes
from mediasmith.storage.artifacts.file_names import new_id

_WEEKS = 11 * 7 * 86_400.0  # seconds; short enough that no record expires
_JOBS = 20  # of each process that has ended

_Record: TypeAlias = dict[str, Any]


async def rows(*, smoke: bool) -> AsyncGenerator[Row]:
    """Yield a row for the first call of a process, which sweeps, and one for each call that reads the library."""
    small, large, turns = (16, 300, 1) if smoke else (16, 100_000, 31)
    with tempfile.TemporaryDirectory() as folder:
        one = partial(_session, Path(folder, "large"), await _fill(Path(folder, "large"), large))
        other = partial(_session, Path(folder, "small"), await _fill(Path(folder, "small"), small))
        sessions = await alternate(one, other, turns=turns)
    for call in sessions[0][0]:
        pairs = [(ours[call], bare[call]) for ours, bare in sessions]
        yield Row(what=f"{call}, {large:,} artifacts beside {small}", pairs=pairs, unit="ms", accept=1.2, aim=1.1)


async def _session(folder: Path, ids: Sequence[str]) -> dict[str, float]:
    """Return the milliseconds of each call of a short session."""
    started = time.perf_counter()
    async with _opened(folder) as engine:
        await engine.get_job({}, WAIT_FOR_END)
        return {
            "first call": (time.perf_counter() - started) * 1e3,
            "generate_media": await _time(generate(engine)),
            "continue_edit": await _time(continue_edit(engine, random.choice(ids))),
            "get_job": await _time(engine.get_job({}, WAIT_FOR_END)),
        }


async def _time(call: Awaitable[object]) -> float:
    started = time.perf_counter()
    await call
    return (time.perf_counter() - started) * 1e3


def _opened(folder: Path) -> AbstractAsyncContextManager[Engine]:
    """Open an engine with one backend, which generates images without delay and edits any."""
    backend = fake(takes={"image": Takes()}, edits="image")
    return open_engine(
        settings=Settings(data_dir=folder / "data", output_dir=folder / "out"),
        env={},
        backends=Registry(backends={backend.name: backend}, broken={}),
    )


async def _fill(folder: Path, number: int) -> list[str]:
    """Create a library with a number of artifacts and return their IDs."""
    async with _opened(folder) as engine:
        await generate(engine)
    return _copy(folder, number)


def _copy(folder: Path, number: int) -> list[str]:
    [library] = folder.glob("data/*.sqlite3")
    with closing(sqlite3.connect(library)) as connection, connection:  # the second closes the transaction
        connection.row_factory = sqlite3.Row
        job, task, artifact = (_only_row(connection, table) for table in ("job", "part", "artifact"))
        jobs: list[_Record] = []
        for index in range(number):
            owner = jobs[-1]["owner"] if index % _JOBS else new_id()
            when = job["created"] - _WEEKS * index / number
            new = {"id": new_id(), "fingerprint": new_id(), "owner": owner, "created": when, "updated": when}
            jobs.append(job | new)
        artifacts = [artifact | {"id": new_id(), "job_id": one["id"], "used": one["created"]} for one in jobs]
        _insert(connection, "job", jobs)
        _insert(connection, "part", [task | {"job_id": one["id"]} for one in jobs])
        _insert(connection, "artifact", artifacts)
    return [one["id"] for one in artifacts]


def _only_row(connection: sqlite3.Connection, table: str) -> _Record:
    [row] = connection.execute(f"SELECT * FROM {table}")
    return dict(row)


def _insert(connection: sqlite3.Connection, table: str, rows: Sequence[_Record]) -> None:
    connection.executemany(f"INSERT INTO {table} VALUES ({', '.join(f':{column}' for column in rows[0])})", rows)
