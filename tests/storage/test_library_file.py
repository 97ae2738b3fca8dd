"""The library's file: transactions, locks, permissions, damage, and several processes on it."""

from __future__ import annotations

import os
import re
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Awaitable, Callable, Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from filelock import FileLock

from fakes.records import a_job, a_key, a_task, an_artifact, record
from mediasmith.plugin.errors import MediaError
from mediasmith.storage.library import sqlite
from mediasmith.storage.library.store import Library

TESTS = Path(__file__).parents[1]


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[sqlite3.Connection]:
    """The connections that libraries opened in the test."""
    opened: list[sqlite3.Connection] = []
    connect = sqlite3.connect

    def connect_and_record(*args: Any, **options: Any) -> sqlite3.Connection:
        opened.append(connect(*args, **options))
        return opened[-1]

    monkeypatch.setattr(sqlite3, "connect", connect_and_record)
    return opened


@contextmanager
def connected(path: Path) -> Generator[sqlite3.Connection]:
    """Open another connection to the file."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()


async def test_reading_creates_no_file(path: Path) -> None:
    async with Library.open(path) as library:
        assert await library.unfinished() == await library.recent("ada", 5) == await library.tasks("job") == []
        assert await library.artifact("fox", principal="ada", used=1.0) is None
        assert await library.calls.unanswered(a_key()) == []
        assert await library.spent(since=0.0) == 0.0
        assert await library.prune(before=900.0) == 0
    assert not path.parent.exists()


async def test_importing_the_library_loads_no_database() -> None:
    code = (
        "import sys, mediasmith.storage.library.store, mediasmith.jobs.runner.process_locks; "
        "print({'sqlite3', 'filelock', 'psycopg'} & set(sys.modules))"
    )
    assert (await anyio.run_process([sys.executable, "-c", code])).stdout.strip() == b"set()"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
async def test_only_the_user_can_read_the_library(path: Path) -> None:
    async with Library.open(path) as library:
        await library.add_job(a_job(), [])
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    names = {"library.db", "library.db-wal", "library.db-shm", "library.db.lock"}
    assert modes == dict.fromkeys(names, 0o600)


async def test_a_closed_library_leaves_one_file_and_its_lock(path: Path) -> None:
    async with Library.open(path) as library:
        await library.add_job(a_job(), [])
    assert {file.name for file in path.parent.iterdir()} == {"library.db", "library.db.lock"}


async def test_what_an_older_server_did_without_is_added(path: Path) -> None:
    await _use(path, "a")
    whole = _names(path)
    for kind, name in (("TABLE", "saved_plan"), ("TRIGGER", "part_facts_of_changed")):
        _execute(path, f"DROP {kind} {name}")
    assert len(_names(path)) < len(whole)
    await _use(path, "b")
    assert _names(path) == whole


async def _use(path: Path, job: str) -> None:
    async with Library.open(path) as library:
        await library.add_job(a_job(job), [])


def _names(path: Path) -> set[str]:
    """Return the names of the tables, indexes and triggers in a file."""
    return {name for [name] in _execute(path, "SELECT name FROM sqlite_master")}


def _execute(path: Path, sql: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


async def test_every_commit_is_synced_to_disk(
    path: Path, connections: list[sqlite3.Connection], monkeypatch: pytest.MonkeyPatch, synchronous: str
) -> None:
    monkeypatch.setattr(sqlite, "SYNCHRONOUS", synchronous)
    async with Library.open(path) as library:
        await library.add_job(a_job(), [])
        [connection] = connections
        assert connection.execute("PRAGMA journal_mode").fetchone() == {"journal_mode": "wal"}
        assert connection.execute("PRAGMA synchronous").fetchone() == {"synchronous": 2}


async def test_every_method_writes_in_one_transaction(path: Path, connections: list[sqlite3.Connection]) -> None:
    asked: list[str] = []
    async with Library.open(path) as library:
        await library.add_job(a_job(), [])
        [connection] = connections
        connection.set_trace_callback(asked.append)
        await library.add_job(a_job("b"), [a_task("b"), a_task("b", number=1)])
        await library.save_task(a_task("b", phase="sending"), at=1.0)
        await library.stage(a_task("b"), [an_artifact(job="b", token="x")], at=2.0)
        await library.commit(a_task("b"), [an_artifact(job="b")], at=3.0)
        await library.save_job(a_job("b", state="done"))
        connection.set_trace_callback(None)
    assert asked.count("BEGIN IMMEDIATE") == asked.count("COMMIT") == 5


async def test_a_write_is_applied_as_a_whole_or_not_at_all(path: Path) -> None:
    async with Library.open(path) as library:
        with pytest.raises(TypeError):
            await library.add_job(a_job(), [a_task(), a_task(number=1, params={"not": object()})])
        assert await library.job("job", principal="ada") is None
        await library.add_job(a_job(), [a_task()])
        with pytest.raises(TypeError):
            await library.commit(a_task(phase="done"), [an_artifact(state={"not": object()})], at=1.0)
        assert await library.tasks("job") == [a_task()]
        with pytest.raises(sqlite3.IntegrityError):
            await library.save_task(a_task("unknown"), at=1.0)


async def test_a_cancelled_call_leaves_no_half_written_job(path: Path) -> None:
    async with Library.open(path) as library:
        for number in range(20):
            with anyio.CancelScope() as scope:
                async with anyio.create_task_group() as group:
                    group.start_soon(library.add_job, a_job(str(number)), [a_task(str(number))])
                    await anyio.lowlevel.checkpoint()
                    scope.cancel()
        await library.add_job(a_job("last"), [a_task("last")])
        for job in await library.recent("ada", 100):
            assert await library.tasks(job.id) == [a_task(job.id)]


async def test_many_calls_share_a_library(path: Path) -> None:
    async with Library.open(path) as library:
        async with anyio.create_task_group() as group:
            for number in range(50):
                group.start_soon(record, library, a_job(f"{number}"), an_artifact(f"{number}", f"{number}"))
        assert len(await library.recent("ada", 100)) == 50


async def test_no_query_scans_a_whole_table(path: Path, connections: list[sqlite3.Connection]) -> None:
    asked: list[str] = []
    async with Library.open(path) as library:
        await record(library, a_job(), an_artifact())
        [connection] = connections
        connection.set_trace_callback(asked.append)
        await library.add_job(a_job("b"), [a_task("b")])
        await library.save_task(a_task("b"), at=1.0)
        await library.save_job(a_job("b", state="done"))
        await library.stage(a_task("b"), [an_artifact("c", "b", token="x")], at=1.0)
        await library.job("b", principal="ada")
        await library.tasks("b")
        await library.artifacts("b")
        await library.artifact("fox", principal="ada", used=500.0)
        await library.recent("ada", 5)
        await library.unfinished()
        await library.claim("b", old="owner", new="heir")
        await library.give_up(a_job("b"))
        await library.begin_task(a_task("b"), owner="owner", at=1.0)
        await library.add_job(a_job("c", fingerprint="c"), [], key=a_key(fingerprint="c"))
        await library.add_job(a_job("d"), [], key=a_key(digest="d"))
        await library.calls.unanswered(a_key())
        await library.calls.newest_running(a_key())
        await library.calls.requested(a_key(digest="d"))
        await library.calls.waiting("c")
        await library.calls.wait_alone("c", "heir", gone=["owner"])
        await library.calls.save_answer("c", "heir", answered=True, waits=False)
        await library.calls.save_plan("c", {})
        await library.calls.plan("c")
        await library.spent(since=0.0)
        await library.prune(before=900.0)
        connection.set_trace_callback(None)
        statements = [sql for sql in asked if re.match(r"\s*(SELECT|UPDATE|DELETE|INSERT)", sql)]
        plans = [row["detail"] for sql in statements for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}")]
    assert len(statements) >= 20
    assert [plan for plan in plans if "SEARCH" in plan]
    # The index of running jobs holds nothing but them.
    assert [
        plan
        for plan in plans
        if re.search(r"SCAN (TABLE )?(job|part|artifact|waiting|request_id)\b(?!.* job_running)", plan)
    ] == []


# Trouble


OPERATIONS: list[Callable[[Library], Awaitable[object]]] = [
    lambda library: library.recent("ada", 5),
    lambda library: library.artifact("fox", principal="ada", used=900.0),
    lambda library: library.add_job(a_job("new"), []),
]


async def untouched(path: Path, message: str) -> None:
    """Every operation fails with this message, which names the file, and leaves its bytes alone."""
    before = await anyio.Path(path).read_bytes()
    async with Library.open(path) as library:
        for operation in OPERATIONS:
            with pytest.raises(MediaError, match=message) as caught:
                await operation(library)
            assert str(path) in caught.value.message
            assert caught.value.hint
    assert await anyio.Path(path).read_bytes() == before


async def test_a_library_of_a_newer_version_is_left_unchanged(path: Path) -> None:
    async with Library.open(path) as library:
        await record(library, a_job(), an_artifact())
    with connected(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    await untouched(path, "newer Mediasmith: it has version 99")


async def test_a_file_that_is_not_a_library_is_left_unchanged(path: Path) -> None:
    path.parent.mkdir()
    await anyio.Path(path).write_bytes(b"something else\n" * 500)
    await untouched(path, "damaged or is not a library")


@pytest.mark.parametrize("size", [50, 1024, 5000])
async def test_a_truncated_library_is_left_unchanged(path: Path, size: int) -> None:
    async with Library.open(path) as library:
        await record(library, a_job(), an_artifact())
    os.truncate(path, size)
    await untouched(path, "damaged or is not a library")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"unknown": 1}', "\0"])
async def test_an_unreadable_record_is_reported_as_damage(path: Path, text: str) -> None:
    async with Library.open(path) as library:
        await record(library, a_job(), an_artifact())
        with connected(path) as connection:
            connection.execute("UPDATE artifact SET record = ?", [text])
        with pytest.raises(MediaError, match="damaged"):
            await library.artifact("fox", principal="ada")
        assert await library.job("job", principal="ada") == a_job()


async def test_a_folder_that_cannot_be_created_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "library.db"
    async with Library.open(path) as library:
        with pytest.raises(MediaError, match=f"{re.escape(str(path))} cannot be used"):
            await library.add_job(a_job(), [])


async def test_a_full_disk_is_an_error_and_keeps_earlier_records(
    path: Path, connections: list[sqlite3.Connection]
) -> None:
    async with Library.open(path) as library:
        await library.add_job(a_job(), [])
        [connection] = connections
        connection.execute("PRAGMA max_page_count = 1")
        with pytest.raises(MediaError, match=r"cannot be used: SQLITE_FULL\."):
            await library.add_job(a_job("big", request="x" * 100_000), [])
        connection.execute("PRAGMA max_page_count = 1000000")
        assert await library.recent("ada", 5) == [a_job()]
        await library.add_job(a_job("big", request="x" * 100_000), [])


async def test_waiting_for_a_write_lock_has_an_end(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mediasmith.storage.library.sqlite._BUSY_SECONDS", 0.01)
    async with Library.open(path) as library:
        await library.add_job(a_job(), [])
        with connected(path) as connection:
            connection.execute("BEGIN IMMEDIATE")
            assert await library.unfinished() == [a_job()]
            with pytest.raises(MediaError, match=r"cannot be used: SQLITE_BUSY\."):
                await library.add_job(a_job("late"), [])
        await library.add_job(a_job("late"), [])


async def test_waiting_for_another_process_to_open_the_library_has_an_end(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mediasmith.storage.library.sqlite._BUSY_SECONDS", 0.01)
    path.parent.mkdir()
    with FileLock(f"{path}.lock"):
        async with Library.open(path) as library:
            with pytest.raises(MediaError, match="another process keeps it locked"):
                await library.add_job(a_job(), [])


# Several processes


def start(path: Path, name: str, command: str) -> subprocess.Popen[str]:
    """Start a process that waits for a line before it runs a command of `fakes.library_process`."""
    arguments = [sys.executable, "-m", "fakes.library_process", str(path), name, command]
    return subprocess.Popen(arguments, cwd=TESTS, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def say(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin
    process.stdin.write(f"{line}\n")
    process.stdin.flush()


def hear(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


async def test_processes_that_start_together_never_find_the_database_locked(path: Path) -> None:
    processes = [start(path, f"process-{number}", "write") for number in range(4)]
    assert [hear(process) for process in processes] == ["ready"] * 4
    for process in processes:
        say(process, "go")
    for process in processes:
        process.communicate()
    assert [process.returncode for process in processes] == [0] * 4
    async with Library.open(path) as library:
        assert await library.unfinished() == []
        assert len(await library.recent("ada", 1000)) == 24


async def test_a_kill_undoes_the_open_transaction_and_nothing_else(path: Path) -> None:
    process = start(path, "job", "hang")
    say(process, "go")
    assert [hear(process), hear(process)] == ["ready", "staged"]
    process.kill()
    process.communicate()
    async with Library.open(path) as library:
        assert await library.unfinished() == [a_job(updated=2.0)]
        assert await library.tasks("job") == [a_task(phase="saving", handle={"id": 7})]
        assert await library.artifacts("job") == [an_artifact(token="x")]
        assert await library.claim("job", old="owner", new="heir")
