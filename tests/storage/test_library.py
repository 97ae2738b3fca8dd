"""The library: what is recorded is found again, by its principal alone, whatever happens to the processes."""

from __future__ import annotations

import multiprocessing
import os
import re
import sqlite3
import stat
import sys
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import anyio
import pytest
from filelock import FileLock

from mediasmith.plugin.contract import JSON
from mediasmith.plugin.errors import MediaError
from mediasmith.storage.library.records import Artifact, Job, Task
from mediasmith.storage.library.store import Library

spawn = multiprocessing.get_context("spawn")

STRANGE = ["", "x", "../x", "x' OR '1'='1", "a\0b", "\0", "\ud800", "é\u202e\U0001f600", "%", "x" * 1_000_000]

NESTED: JSON = {"a": [1, 2.5, None, True, {"b": "é\ud800\0"}], "": "x" * 1000}


def a_job(name: str = "job", **changes: Any) -> Job:
    job = Job(
        id=name,
        principal="ada",
        fingerprint="same",
        tool="generate_media",
        kind="image",
        request={"prompt": "a fox"},
        owner="owner",
        folder="/media",
        stem="fox",
        created=100.0,
        updated=100.0,
    )
    return replace(job, **changes)


def a_part(job: str = "job", **changes: Any) -> Task:
    part = Task(job_id=job, number=0, prompt="a fox", backend="test", capability="picture", model="one", params={})
    return replace(part, **changes)


def an_artifact(name: str = "fox", job: str = "job", **changes: Any) -> Artifact:
    artifact = Artifact(
        id=name,
        job_id=job,
        task=0,
        position=0,
        path=f"/media/{name}.png",
        mime="image/png",
        bytes=5,
        sha256="00",
        kind="image",
        backend="test",
        capability="picture",
        model="one",
        params={},
        prompts=("a fox",),
        principal="ada",
        created=100.0,
        used=100.0,
    )
    return replace(artifact, **changes)


async def fill(library: Library, job: Job, *artifacts: Artifact) -> None:
    """Record a job with one part and its settled artifacts."""
    part = a_part(job.id)
    await library.add_job(job, [part])
    await library.settle(part, artifacts, at=job.updated)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "library.db"


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[sqlite3.Connection]:
    """The connections that libraries have opened."""
    opened: list[sqlite3.Connection] = []
    connect = sqlite3.connect

    def recorded(*args: Any, **options: Any) -> sqlite3.Connection:
        opened.append(connect(*args, **options))
        return opened[-1]

    monkeypatch.setattr(sqlite3, "connect", recorded)
    return opened


@contextmanager
def beside(path: Path) -> Generator[sqlite3.Connection]:
    """Somebody else's connection to the file."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()


# What is recorded is found again


async def test_a_record_reads_back_as_it_was_written_also_after_a_restart(path: Path) -> None:
    job = a_job(
        request=NESTED,
        folder="/\udcff",
        warnings=("a", "b\ud800"),
        attempts=({"backend": "test"}, None),
        error={"message": "no"},
        answered=True,
        state="partial",
    )
    part = a_part(
        prompt="\0é\ud800",
        params=NESTED,
        handle=NESTED,
        details=NESTED,
        error="x",
        phase="done",
        billed="yes",
        cost_usd=0.1,
        estimate_usd=0.2,
        count=3,
        first=4,
        item=5,
        complete=False,
    )
    artifact = an_artifact(
        path="/\udcff\0.png", prompts=("one", "\ud800"), state=NESTED, params=NESTED, parent="p", width=1, height=2
    )
    async with Library.open(path) as library:
        await library.add_job(job, [part])
        await library.settle(part, [artifact], at=100.0)
    for _ in range(2):
        async with Library.open(path) as library:
            assert await library.job("job", principal="ada") == job
            assert await library.tasks("job") == [part]
            assert await library.artifacts("job") == [artifact]
            assert await library.artifact("fox", principal="ada") == artifact


async def test_a_saved_part_replaces_the_old_one_and_touches_its_job(path: Path) -> None:
    async with Library.open(path) as library:
        await library.add_job(a_job(), [a_part(), a_part(number=1)])
        saved = a_part(phase="accepted", handle={"id": 7}, billed="yes")
        await library.save_task(saved, at=200.0)
        await library.add_tasks([a_part(number=2)])
        assert await library.tasks("job") == [saved, a_part(number=1), a_part(number=2)]
        assert await library.job("job", principal="ada") == a_job(updated=200.0)


async def test_parts_and_artifacts_come_in_the_order_of_the_prompts_and_their_files(path: Path) -> None:
    parts = [a_part(number=0, item=1), a_part(number=1, item=0, first=2), a_part(number=2, item=0)]
    async with Library.open(path) as library:
        await library.add_job(a_job(), parts)
        for part in parts:
            artifacts = [an_artifact(f"{part.number}-{place}", task=part.number, position=place) for place in (1, 0)]
            await library.settle(part, artifacts, at=1.0)
        assert [part.number for part in await library.tasks("job")] == [2, 1, 0]
        names = [artifact.id for artifact in await library.artifacts("job")]
    assert names == ["2-0", "2-1", "1-0", "1-1", "0-0", "0-1"]


async def test_a_staged_artifact_is_listed_with_its_job_but_found_only_once_it_is_settled(path: Path) -> None:
    staged = an_artifact(token="part-0")
    saving = a_part(phase="saving")
    async with Library.open(path) as library:
        await library.add_job(a_job(), [a_part()])
        await library.stage(saving, [staged], at=200.0)
        assert await library.artifact("fox", principal="ada", used=300.0) is None
        assert await library.artifacts("job") == [staged]
        assert await library.tasks("job") == [saving]
        settled = replace(staged, token="", path="/media/fox-2.png")
        await library.settle(replace(saving, phase="done"), [settled], at=300.0)
        assert await library.artifact("fox", principal="ada") == settled
        assert await library.artifacts("job") == [settled]
        assert await library.tasks("job") == [a_part(phase="done")]
        assert await library.job("job", principal="ada") == a_job(updated=300.0)


async def test_what_an_earlier_attempt_staged_is_replaced(path: Path) -> None:
    other = an_artifact("other", task=1, token="b")
    async with Library.open(path) as library:
        await library.add_job(a_job(), [a_part(), a_part(number=1)])
        await library.stage(a_part(number=1), [other], at=1.0)
        await library.stage(a_part(), [an_artifact("lost", token="a")], at=1.0)
        await library.save_task(a_part(phase="accepted"), at=2.0)
        await library.stage(a_part(), [an_artifact(token="c")], at=3.0)
        assert await library.artifacts("job") == [an_artifact(token="c"), other]
        await library.settle(a_part(), [an_artifact()], at=4.0)
        assert await library.artifacts("job") == [an_artifact(), other]


async def test_recent_jobs_come_newest_first_up_to_the_limit(path: Path) -> None:
    async with Library.open(path) as library:
        for name, created in (("a", 1.0), ("b", 3.0), ("c", 2.0), ("d", 3.0)):
            await library.add_job(a_job(name, created=created), [])
        await library.save_job(a_job("b", created=3.0, state="done"))
        assert [job.id for job in await library.recent("ada", 3)] == ["d", "b", "c"]


async def test_unfinished_are_the_running_jobs_of_every_owner_and_principal(path: Path) -> None:
    async with Library.open(path) as library:
        await library.add_job(a_job("a", owner="x", created=2.0), [])
        await library.add_job(a_job("b", owner="y", principal="bob", created=1.0), [])
        for state in ("done", "partial", "failed", "cancelled", "unknown"):
            await library.add_job(a_job(state, state=state), [])
        assert [job.id for job in await library.unfinished()] == ["b", "a"]
        await library.save_job(a_job("a", state="done"))
        assert [job.id for job in await library.unfinished()] == ["b"]


# Who may see it


async def test_another_principal_finds_nothing(path: Path) -> None:
    async with Library.open(path) as library:
        await fill(library, a_job(), an_artifact())
        for other in ("", "bob", "ADA", "ada ", *STRANGE):
            assert await library.job("job", principal=other) is None
            assert await library.artifact("fox", principal=other, used=900.0) is None
            assert await library.recent(other, 10) == []
            assert await library.unanswered(other, "same", since=0.0) is None
        assert await library.artifact("fox", principal="ada") == an_artifact()


@pytest.mark.parametrize("name", STRANGE)
async def test_any_string_may_be_asked_for_and_is_just_unknown(path: Path, name: str) -> None:
    async with Library.open(path) as library:
        await fill(library, a_job(), an_artifact())
        assert await library.job(name, principal="ada") is None
        assert await library.artifact(name, principal="ada", used=1.0) is None
        assert await library.tasks(name) == []
        assert await library.artifacts(name) == []
        assert await library.unanswered("ada", name, since=0.0) is None
        assert not await library.claim(name, old="owner", new="x")
        await library.mark_answered(name)
        assert await library.job("job", principal="ada") == a_job()


# Owners


async def test_exactly_one_of_several_claimants_gets_the_job(path: Path) -> None:
    won: list[str] = []

    async def claim(library: Library, new: str) -> None:
        if await library.claim("job", old="owner", new=new):
            won.append(new)

    async with Library.open(path) as one, Library.open(path) as two, anyio.create_task_group() as tasks:
        await one.add_job(a_job(), [])
        for number in range(10):
            tasks.start_soon(claim, one, f"one-{number}")
            tasks.start_soon(claim, two, f"two-{number}")
    async with Library.open(path) as library:
        [winner] = won
        assert await library.job("job", principal="ada") == a_job(owner=winner)


async def test_a_job_that_ended_cannot_be_claimed(path: Path) -> None:
    async with Library.open(path) as library:
        await library.add_job(a_job(state="done"), [])
        assert not await library.claim("job", old="owner", new="x")


async def test_saving_a_job_takes_back_neither_a_claim_nor_an_answer(path: Path) -> None:
    async with Library.open(path) as library:
        await library.add_job(a_job(), [])
        await library.claim("job", old="owner", new="heir")
        await library.mark_answered("job")
        await library.save_job(a_job(warnings=("late",), updated=200.0))
        assert await library.job("job", principal="ada") == a_job(
            owner="heir", answered=True, warnings=("late",), updated=200.0
        )


# Attaching, money


async def test_the_newest_job_whose_answer_is_due_is_unanswered(path: Path) -> None:
    async with Library.open(path) as library:
        for name, created, state in (("a", 1.0, "done"), ("b", 2.0, "partial"), ("c", 3.0, "running")):
            await library.add_job(a_job(name, created=created, state=state), [])
        await library.add_job(a_job("d", created=4.0, fingerprint="other"), [])
        await library.add_job(a_job("e", created=5.0, state="unknown"), [])
        for state in ("failed", "cancelled"):
            await library.add_job(a_job(state, created=6.0, state=state), [])
        for name in ("e", "c", "b", "a"):
            found = await library.unanswered("ada", "same", since=1.0)
            assert found
            assert found.id == name
            await library.mark_answered(name)
        assert await library.unanswered("ada", "same", since=1.0) is None


async def test_an_old_job_is_not_attached_to(path: Path) -> None:
    async with Library.open(path) as library:
        await library.add_job(a_job(), [])
        assert await library.unanswered("ada", "same", since=100.0) == a_job()
        assert await library.unanswered("ada", "same", since=100.5) is None


async def test_spent_is_what_was_charged_or_else_estimated_where_money_may_have_gone(path: Path) -> None:
    parts = [
        a_part(number=0, billed="yes", cost_usd=1.0, estimate_usd=64.0),
        a_part(number=1, billed="unknown", estimate_usd=2.0),
        a_part(number=2, billed="no", estimate_usd=64.0),
        a_part(number=3, billed="yes"),
        a_part(number=4, billed="yes", cost_usd=0.0, estimate_usd=64.0),
    ]
    async with Library.open(path) as library:
        assert await library.spent(since=0.0) == 0.0
        await library.add_job(a_job(created=5.0), parts)
        await library.add_job(a_job("old", created=1.0), [a_part("old", billed="yes", cost_usd=4.0)])
        assert await library.spent(since=5.0) == 3.0
        assert await library.spent(since=1.0) == 7.0
        assert await library.spent(since=6.0) == 0.0


# Pruning


async def test_using_an_artifact_keeps_it(path: Path) -> None:
    async with Library.open(path) as library:
        await fill(library, a_job(state="done"), an_artifact("a"), an_artifact("b", position=1))
        assert await library.artifact("a", principal="ada", used=300.0) == an_artifact("a", used=300.0)
        assert await library.artifact("a", principal="ada", used=200.0) == an_artifact("a", used=300.0)
        assert await library.prune(before=300.0) == 1
        assert [artifact.id for artifact in await library.artifacts("job")] == ["a"]
        assert await library.job("job", principal="ada") == a_job(state="done")


async def test_a_job_is_forgotten_with_its_last_artifact(path: Path) -> None:
    async with Library.open(path) as library:
        await fill(library, a_job(state="done"), an_artifact())
        await library.add_job(a_job("failed", state="failed"), [a_part("failed")])
        await library.add_job(a_job("late", state="failed", updated=200.0), [])
        assert await library.prune(before=100.0) == 0
        assert await library.prune(before=101.0) == 1
        assert [job.id for job in await library.recent("ada", 10)] == ["late"]
        assert await library.tasks("job") == await library.tasks("failed") == []
        assert await library.artifact("fox", principal="ada") is None


async def test_nothing_is_forgotten_of_a_running_job_or_a_living_owner(path: Path) -> None:
    async with Library.open(path) as library:
        for name, changes in (("run", {}), ("live", {"state": "done", "owner": "me"}), ("dead", {"state": "done"})):
            await fill(library, a_job(name, **changes), an_artifact(name, name))
        assert await library.prune(before=900.0, alive=lambda owner: owner == "me") == 1
        assert sorted(job.id for job in await library.recent("ada", 10)) == ["live", "run"]
        assert await library.artifact("live", principal="ada")
        assert await library.artifact("run", principal="ada")


async def test_what_was_edited_from_a_forgotten_artifact_stays(path: Path) -> None:
    child = an_artifact("child", "edit", parent="fox", prompts=("a fox", "at night"), used=300.0)
    async with Library.open(path) as library:
        await fill(library, a_job(state="done"), an_artifact())
        await fill(library, a_job("edit", state="done"), child)
        assert await library.prune(before=200.0) == 1
        assert await library.artifact("fox", principal="ada") is None
        assert await library.artifact("child", principal="ada") == child


# The file


async def test_a_server_that_records_nothing_touches_nothing(path: Path) -> None:
    async with Library.open(path) as library:
        assert await library.unfinished() == await library.recent("ada", 5) == await library.tasks("job") == []
        assert await library.artifact("fox", principal="ada", used=1.0) is None
        assert await library.unanswered("ada", "same", since=0.0) is None
        assert await library.spent(since=0.0) == 0.0
        assert await library.prune(before=900.0) == 0
    assert not path.parent.exists()


async def test_importing_the_library_loads_neither_sqlite_nor_filelock() -> None:
    code = "import sys, mediasmith.storage.library, mediasmith.jobs.ownership; print({'sqlite3', 'filelock'} & set(sys.modules))"
    assert (await anyio.run_process([sys.executable, "-c", code])).stdout.strip() == b"set()"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
async def test_nobody_else_can_read_the_library(path: Path) -> None:
    async with Library.open(path) as library:
        await library.add_job(a_job(), [])
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    names = {"library.db", "library.db-wal", "library.db-shm", "library.db.lock"}
    assert modes == dict.fromkeys(names, 0o600)


async def test_a_closed_library_is_one_file_and_its_lock(path: Path) -> None:
    async with Library.open(path) as library:
        await library.add_job(a_job(), [])
    assert {file.name for file in path.parent.iterdir()} == {"library.db", "library.db.lock"}


async def test_what_is_recorded_is_on_the_disk(path: Path, connections: list[sqlite3.Connection]) -> None:
    async with Library.open(path) as library:
        await library.add_job(a_job(), [])
        [connection] = connections
        assert connection.execute("PRAGMA journal_mode").fetchone() == {"journal_mode": "wal"}
        assert connection.execute("PRAGMA synchronous").fetchone() == {"synchronous": 2}


async def test_every_record_costs_one_transaction(path: Path, connections: list[sqlite3.Connection]) -> None:
    asked: list[str] = []
    async with Library.open(path) as library:
        await library.add_job(a_job(), [])
        [connection] = connections
        connection.set_trace_callback(asked.append)
        await library.add_job(a_job("b"), [a_part("b"), a_part("b", number=1)])
        await library.save_task(a_part("b", phase="sending"), at=1.0)
        await library.stage(a_part("b"), [an_artifact(job="b", token="x")], at=2.0)
        await library.settle(a_part("b"), [an_artifact(job="b")], at=3.0)
        await library.save_job(a_job("b", state="done"))
        connection.set_trace_callback(None)
    assert asked.count("BEGIN IMMEDIATE") == asked.count("COMMIT") == 5


async def test_a_record_is_written_as_a_whole_or_not_at_all(path: Path) -> None:
    async with Library.open(path) as library:
        with pytest.raises(TypeError):
            await library.add_job(a_job(), [a_part(), a_part(number=1, params={"not": object()})])
        assert await library.job("job", principal="ada") is None
        await library.add_job(a_job(), [a_part()])
        with pytest.raises(TypeError):
            await library.settle(a_part(phase="done"), [an_artifact(state={"not": object()})], at=1.0)
        assert await library.tasks("job") == [a_part()]
        with pytest.raises(sqlite3.IntegrityError):
            await library.add_tasks([a_part("unknown")])


async def test_a_cancelled_caller_does_not_break_the_library(path: Path) -> None:
    async with Library.open(path) as library:
        for number in range(20):
            with anyio.CancelScope() as scope:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(library.add_job, a_job(str(number)), [a_part(str(number))])
                    await anyio.lowlevel.checkpoint()
                    scope.cancel()
        await library.add_job(a_job("last"), [a_part("last")])
        for job in await library.recent("ada", 100):
            assert await library.tasks(job.id) == [a_part(job.id)]


async def test_many_tasks_share_the_library(path: Path) -> None:
    async with Library.open(path) as library:
        async with anyio.create_task_group() as tasks:
            for number in range(50):
                tasks.start_soon(fill, library, a_job(f"{number}"), an_artifact(f"{number}", f"{number}"))
        assert len(await library.recent("ada", 100)) == 50


async def test_no_look_up_reads_a_whole_table(path: Path, connections: list[sqlite3.Connection]) -> None:
    asked: list[str] = []
    async with Library.open(path) as library:
        await fill(library, a_job(), an_artifact())
        [connection] = connections
        connection.set_trace_callback(asked.append)
        await library.add_job(a_job("b"), [a_part("b")])
        await library.save_task(a_part("b"), at=1.0)
        await library.save_job(a_job("b", state="done"))
        await library.stage(a_part("b"), [an_artifact("c", "b", token="x")], at=1.0)
        await library.job("b", principal="ada")
        await library.tasks("b")
        await library.artifacts("b")
        await library.artifact("fox", principal="ada", used=500.0)
        await library.recent("ada", 5)
        await library.unfinished()
        await library.claim("b", old="owner", new="heir")
        await library.unanswered("ada", "same", since=0.0)
        await library.mark_answered("b")
        await library.spent(since=0.0)
        await library.prune(before=900.0)
        connection.set_trace_callback(None)
        statements = [sql for sql in asked if re.match(r"\s*(SELECT|UPDATE|DELETE|INSERT)", sql)]
        plans = [row["detail"] for sql in statements for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}")]
    assert len(statements) >= 20
    assert [plan for plan in plans if "SEARCH" in plan]
    # The index of running jobs holds nothing but them.
    assert [plan for plan in plans if re.search(r"SCAN (TABLE )?(job|part|artifact)\b(?!.* job_running)", plan)] == []


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


async def test_a_library_of_a_newer_version_is_left_alone(path: Path) -> None:
    async with Library.open(path) as library:
        await fill(library, a_job(), an_artifact())
    with beside(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    await untouched(path, "newer Mediasmith: it has version 99")


async def test_a_file_that_is_no_library_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    await anyio.Path(path).write_bytes(b"something else\n" * 500)
    await untouched(path, "damaged or is not a library")


@pytest.mark.parametrize("size", [50, 1024, 5000])
async def test_a_library_that_was_cut_short_is_left_alone(path: Path, size: int) -> None:
    async with Library.open(path) as library:
        await fill(library, a_job(), an_artifact())
    os.truncate(path, size)
    await untouched(path, "damaged or is not a library")


@pytest.mark.parametrize("record", ["", "{", "[]", "{}", '{"unknown": 1}', "\0"])
async def test_a_record_that_makes_no_sense_is_said_to_be_damaged(path: Path, record: str) -> None:
    async with Library.open(path) as library:
        await fill(library, a_job(), an_artifact())
        with beside(path) as connection:
            connection.execute("UPDATE artifact SET record = ?", [record])
        with pytest.raises(MediaError, match="damaged"):
            await library.artifact("fox", principal="ada")
        assert await library.job("job", principal="ada") == a_job()


async def test_a_folder_that_cannot_be_made_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "library.db"
    async with Library.open(path) as library:
        with pytest.raises(MediaError, match=f"{re.escape(str(path))} cannot be used"):
            await library.add_job(a_job(), [])


async def test_a_full_disk_is_an_error_and_leaves_what_was_there(
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


async def test_a_process_that_never_lets_go_is_not_waited_for_for_ever(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mediasmith.storage.library.sqlite._PATIENCE", 0.01)
    async with Library.open(path) as library:
        await library.add_job(a_job(), [])
        with beside(path) as connection:
            connection.execute("BEGIN IMMEDIATE")
            assert await library.unfinished() == [a_job()]
            with pytest.raises(MediaError, match=r"cannot be used: SQLITE_BUSY\."):
                await library.add_job(a_job("late"), [])
        await library.add_job(a_job("late"), [])


async def test_a_process_that_never_ends_opening_is_not_waited_for_for_ever(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mediasmith.storage.library.sqlite._PATIENCE", 0.01)
    path.parent.mkdir()
    with FileLock(f"{path}.lock"):
        async with Library.open(path) as library:
            with pytest.raises(MediaError, match="another process keeps it locked"):
                await library.add_job(a_job(), [])


# Several processes


async def make_rounds(path: Path, name: str, rounds: int) -> None:
    """What a server does, with half of the rounds in a library opened anew."""
    for start in range(0, rounds, 2):
        async with Library.open(path) as library:
            for number in (start, start + 1):
                job = f"{name}-{number}"
                await library.add_job(a_job(job), [a_part(job)])
                await library.save_task(a_part(job, phase="sending"), at=1.0)
                await library.stage(a_part(job, phase="saving"), [an_artifact(job, job, token="x")], at=2.0)
                await library.settle(a_part(job, phase="done"), [an_artifact(job, job)], at=3.0)
                assert await library.artifact(job, principal="ada", used=500.0)
                assert await library.unfinished()
                await library.save_job(a_job(job, state="done"))


def work(pipe: Any, path: Path, name: str, rounds: int) -> None:
    pipe.send("ready")
    pipe.recv()
    try:
        anyio.run(make_rounds, path, name, rounds)
    except BaseException as error:  # noqa: BLE001 - the parent is to see it, whatever it is
        pipe.send(repr(error))
    else:
        pipe.send("done")


def stage_and_hang(pipe: Any, path: Path) -> None:
    async def stage() -> None:
        async with Library.open(path) as library:
            await library.add_job(a_job(), [a_part()])
            await library.save_task(a_part(phase="accepted", handle={"id": 7}), at=1.0)
            await library.stage(a_part(phase="saving", handle={"id": 7}), [an_artifact(token="x")], at=2.0)
            with beside(path) as connection:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("DELETE FROM artifact")
                pipe.send("staged")
                pipe.recv()

    anyio.run(stage)


def child(target: Callable[..., None], *args: object) -> tuple[Any, BaseProcess]:
    """A process, and the pipe that its `target` got the other end of. A pipe of a dead child raises EOFError."""
    here, there = spawn.Pipe()
    started = spawn.Process(target=target, args=(there, *args), daemon=True)
    started.start()
    there.close()
    return here, started


def test_eight_processes_that_start_together_never_meet_a_locked_database(path: Path) -> None:
    children = [child(work, path, f"child-{number}", 10) for number in range(8)]
    assert [pipe.recv() for pipe, _ in children] == ["ready"] * 8
    for pipe, _ in children:
        pipe.send("go")
    assert [pipe.recv() for pipe, _ in children] == ["done"] * 8
    for pipe, process in children:
        process.join()
        pipe.close()

    async def count() -> int:
        async with Library.open(path) as library:
            assert await library.unfinished() == []
            return len(await library.recent("ada", 1000))

    assert anyio.run(count) == 80


def test_what_was_recorded_before_a_kill_is_there_after_it(path: Path) -> None:
    pipe, process = child(stage_and_hang, path)
    assert pipe.recv() == "staged"
    process.kill()
    process.join()
    pipe.close()

    async def look() -> None:
        async with Library.open(path) as library:
            assert await library.unfinished() == [a_job(updated=2.0)]
            assert await library.tasks("job") == [a_part(phase="saving", handle={"id": 7})]
            assert await library.artifacts("job") == [an_artifact(token="x")]
            assert await library.claim("job", old="owner", new="heir")

    anyio.run(look)
