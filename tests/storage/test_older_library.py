"""A library that the first release shares: both servers read and write one file and see each other's rows whole.

The first release is a script here: its SQL, and the columns and JSON keys that it wrote and expects.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import anyio.to_thread
import pytest

from fakes.records import a_job, a_task, an_artifact
from mediasmith.storage.library.overview import Filter
from mediasmith.storage.library.records import Artifact, Job, Task
from mediasmith.storage.library.store import Library

FIRST_RELEASE = '''
import json, sqlite3, sys

SCHEMA = """
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
"""
COLUMNS = {
    "job": "id principal fingerprint state owner created updated answered",
    "part": "job_id number item first billed cost_usd estimate_usd",
    "artifact": "id job_id part position token principal used",
}
KEYS = {
    "job": "tool kind request folder stem warnings attempts error",
    "part": "prompt count backend capability model params phase handle details complete error",
    "artifact": "path mime bytes sha256 width height duration_seconds kind backend capability model params prompts"
    " parent state created",
}
SQL = {
    "add job": "INSERT INTO job VALUES (:id, :principal, :fingerprint, :state, :owner, :created, :updated, :answered,"
    " :record)",
    "save job": "UPDATE job SET state = :state, updated = :updated, answered = max(answered, :answered),"
    " record = :record WHERE id = :id",
    "touch job": "UPDATE job SET updated = :updated WHERE id = :id",
    "save part": "INSERT OR REPLACE INTO part VALUES (:job_id, :number, :item, :first, :billed, :cost_usd,"
    " :estimate_usd, :record)",
    "drop staged": "DELETE FROM artifact WHERE job_id = :job_id AND part = :number AND token <> ''",
    "save artifact": "INSERT OR REPLACE INTO artifact VALUES (:id, :job_id, :part, :position, :token, :principal,"
    " :used, :record)",
}


def row(table, values):
    rest = dict(values)
    columns = {name: rest.pop(name) for name in COLUMNS[table].split()}
    assert rest.keys() == set(KEYS[table].split()), rest
    return {**columns, "record": json.dumps(rest)}


def read(table, sql, *values):
    cursor = connection.execute(sql, values)
    names = [column[0] for column in cursor.description]
    rows = [dict(zip(names, found)) for found in cursor]
    read = [{**json.loads(found.pop("record")), **found} for found in rows]
    for found in read:
        assert found.keys() == {*COLUMNS[table].split(), *KEYS[table].split()}, found
    return read


def run(*steps):
    connection.execute("BEGIN IMMEDIATE")
    for name, values in steps:
        connection.execute(SQL[name], values)
    connection.execute("COMMIT")


def add_job(job, part):
    run(("add job", row("job", job)), ("save part", row("part", part)))


def save_part(part, at):
    run(("save part", row("part", part)), ("touch job", {"id": part["job_id"], "updated": at}))


def save_files(part, artifact, at):
    saved = row("part", part)
    run(("save part", saved), ("drop staged", saved), ("save artifact", row("artifact", artifact)),
        ("touch job", {"id": part["job_id"], "updated": at}))


def save_job(job):
    run(("save job", row("job", job)))


def see(job_id):
    return {
        "job": read("job", "SELECT * FROM job WHERE id = ?", job_id),
        "parts": read("part", "SELECT * FROM part WHERE job_id = ? ORDER BY item, first, number", job_id),
        "artifacts": read("artifact",
            "SELECT artifact.* FROM artifact JOIN part ON part.job_id = artifact.job_id AND part.number = artifact.part"
            " WHERE artifact.job_id = ? ORDER BY part.item, part.first, artifact.part, artifact.position", job_id),
    }


def keep_writing(part, artifact, rounds):
    for number in range(rounds):
        save_part({**part, "number": number, "phase": "sending"}, number)
        save_part({**part, "number": number, "phase": "accepted"}, number)
        numbered = {**artifact, "id": f"older-{number}", "part": number}
        save_files({**part, "number": number, "phase": "saving"}, {**numbered, "token": "t"}, number)
        save_files({**part, "number": number, "phase": "done"}, numbered, number)
        assert len(see(part["job_id"])["parts"]) == number + 1


connection = sqlite3.connect(sys.argv[1], timeout=60, isolation_level=None)
[version] = connection.execute("PRAGMA user_version").fetchone()
assert version <= 1, "written by a newer Mediasmith"
connection.execute("PRAGMA journal_mode = WAL")
connection.execute("PRAGMA foreign_keys = ON")
if not version:
    connection.executescript(f"BEGIN IMMEDIATE; {SCHEMA} PRAGMA user_version = 1; COMMIT;")
for line in sys.stdin:
    name, *given = json.loads(line)
    print(json.dumps(globals()[name](*given)), flush=True)
'''

JOB: Mapping[str, Any] = {
    "id": "older",
    "principal": "ada",
    "fingerprint": "same",
    "tool": "continue_edit",
    "kind": "image",
    "request": {"prompt": "a fox", "options": {"seed": 7}},
    "state": "running",
    "owner": "older-process",
    "folder": "/media",
    "stem": "fox",
    "created": 100.0,
    "updated": 100.0,
    "answered": False,
    "warnings": ["resized"],
    "attempts": [{"backend": "other", "error": "busy"}],
    "error": {"message": "no", "hint": "", "billed": "no", "type": "ProviderError"},
}
PART: Mapping[str, Any] = {
    "job_id": "older",
    "number": 0,
    "item": 0,
    "prompt": "a fox",
    "first": 0,
    "count": 2,
    "backend": "test",
    "capability": "picture",
    "model": "one",
    "params": {"size": "1K", "nested": [1, None, {"a": True}]},
    "phase": "accepted",
    "handle": {"id": "operation/7", "poll": ["https://api.example", 3]},
    "billed": "yes",
    "cost_usd": 0.1,
    "estimate_usd": 0.2,
    "details": {"seed": 7},
    "complete": False,
    "error": {"message": "late", "hint": "Wait.", "billed": "unknown", "type": "TimedOut"},
}
ARTIFACT: Mapping[str, Any] = {
    "id": "older-0",
    "job_id": "older",
    "part": 0,
    "position": 1,
    "path": "/media/fox.png",
    "token": "",
    "mime": "image/png",
    "bytes": 5,
    "sha256": "00",
    "width": 3,
    "height": 2,
    "duration_seconds": None,
    "kind": "image",
    "backend": "test",
    "capability": "picture",
    "model": "one",
    "params": {"size": "1K"},
    "prompts": ["a fox", "at night"],
    "parent": "gone",
    "state": {"response_id": "r", "turns": [1, 2]},
    "principal": "ada",
    "created": 100.0,
    "used": 100.0,
}
"""A job, a part and an artifact with a value in every field, as the first release wrote them."""

ROUNDS = 10

R = TypeVar("R", Job, Task, Artifact)


def ours(kind: Callable[..., R], values: Mapping[str, Any], **changes: object) -> R:
    """Return values of the first release as a record of this one."""
    renamed = {"task" if name == "part" else name: value for name, value in values.items()}
    tuples = {name: tuple(values[name]) for name in ("warnings", "attempts", "prompts") if name in values}
    return kind(**{**renamed, **tuples, **changes})


def theirs(record: Job | Task | Artifact) -> dict[str, Any]:
    """Return a record of this release as the values that the first one is to see."""
    values: dict[str, Any] = json.loads(json.dumps(vars(record)))
    if isinstance(record, Artifact):
        values["part"] = values.pop("task")
    return values


class Older:
    """A process of the first release."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(exist_ok=True)
        command = [sys.executable, "-I", "-c", FIRST_RELEASE, str(path)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdin
        assert self.process.stdout
        self.stdin, self.stdout = self.process.stdin, self.process.stdout

    def send(self, name: str, *given: object) -> None:
        self.stdin.write(f"{json.dumps([name, *given])}\n")
        self.stdin.flush()

    def receive(self) -> Any:
        return json.loads(self.stdout.readline())

    def call(self, name: str, *given: object) -> Any:
        self.send(name, *given)
        return self.receive()


@contextmanager
def started(path: Path) -> Generator[Older]:
    """Start the first release on a library, and check at the end that nothing there was strange to it."""
    older = Older(path)
    try:
        yield older
    finally:
        older.process.communicate()
    assert older.process.returncode == 0


@pytest.fixture
def older(path: Path) -> Generator[Older]:
    """A process of the first release, which has created the library."""
    with started(path) as older:
        yield older


async def test_rows_of_the_first_release_read_back_whole(path: Path, older: Older) -> None:
    older.call("add_job", JOB, PART)
    older.call("save_files", PART, ARTIFACT, 200.0)
    async with Library.open(path) as library:
        job = ours(Job, JOB, updated=200.0)
        assert await library.job("older", principal="ada") == job
        assert await library.unfinished() == await library.recent("ada", 5) == [job]
        assert await library.tasks("older") == [ours(Task, PART)]
        assert await library.artifacts("older") == [ours(Artifact, ARTIFACT)]
        assert await library.artifact("older-0", principal="ada") == ours(Artifact, ARTIFACT)


async def test_the_first_release_reads_our_rows_whole(path: Path) -> None:
    job, task = ours(Job, JOB, id="new"), ours(Task, PART, job_id="new", number=3)
    artifact = ours(Artifact, ARTIFACT, id="fox", job_id="new", task=3)
    async with Library.open(path) as library:
        await library.add_job(job, [task])
        await library.stage(task, [replace(artifact, token="t")], at=200.0)
        with started(path) as older:
            assert older.call("see", "new")["artifacts"] == [theirs(replace(artifact, token="t"))]
            await library.commit(task, [artifact], at=300.0)
            seen = older.call("see", "new")
    assert seen["job"] == [theirs(replace(job, updated=300.0))]
    assert seen["parts"] == [theirs(task)]
    assert seen["artifacts"] == [theirs(artifact)]


async def test_each_release_updates_what_the_other_one_wrote(path: Path, older: Older) -> None:
    older.call("add_job", JOB, PART)
    async with Library.open(path) as library:
        assert await library.claim("older", old="older-process", new="newer-process")
        task = ours(Task, PART, phase="saving")
        await library.stage(task, [ours(Artifact, ARTIFACT, token="t")], at=200.0)
        assert older.call("see", "older")["artifacts"] == [{**ARTIFACT, "token": "t"}]
        older.call("save_files", {**PART, "phase": "done"}, ARTIFACT, 300.0)
        older.call("save_job", {**JOB, "state": "partial"})
        assert await library.tasks("older") == [ours(Task, PART, phase="done")]
        assert await library.artifacts("older") == [ours(Artifact, ARTIFACT)]
        job = ours(Job, JOB, state="partial", owner="newer-process")
        assert await library.job("older", principal="ada") == job
        await library.save_job(job)
        assert older.call("see", "older")["job"] == [theirs(job)]


async def test_what_the_first_release_writes_is_in_the_overview(path: Path, older: Older) -> None:
    older.call("add_job", JOB, PART)
    older.call("save_files", PART, ARTIFACT, 200.0)
    async with Library.open(path) as library:
        first = ours(Artifact, ARTIFACT)
        assert await library.overview.page(Filter(kind="image"), principal="ada", limit=5) == [first]
        later = {**ARTIFACT, "id": "later", "part": 1, "parent": "older-0", "created": 300.0}
        older.call("save_files", {**PART, "number": 1, "cost_usd": 0.2}, {**later, "token": "t"}, 200.0)
        assert await library.overview.page(Filter(), principal="ada", limit=5) == [first]
        older.call("save_files", {**PART, "number": 1, "cost_usd": 0.3}, later, 300.0)
        assert await library.overview.page(Filter(), principal="ada", limit=5) == [ours(Artifact, later), first]
        [spent] = await library.overview.spent(principal="ada", since=0.0)
        assert (spent.backend, round(spent.usd, 9)) == ("test", 0.4)


async def test_both_releases_write_at_the_same_time(path: Path, older: Older) -> None:
    older.call("add_job", JOB, PART)
    older.send("keep_writing", PART, ARTIFACT, ROUNDS)
    async with Library.open(path) as library:
        await library.add_job(a_job("new"), [])
        for number in range(ROUNDS):
            task, artifact = a_task("new", number=number), an_artifact(f"new-{number}", "new", task=number)
            await library.add_tasks([task], owner="owner", at=1.0)
            await library.save_task(task, at=1.0)
            await library.commit(task, [artifact], at=2.0)
            assert await library.tasks("older")
        await anyio.to_thread.run_sync(older.receive)
        assert await library.tasks("older") == [
            ours(Task, PART, number=number, phase="done") for number in range(ROUNDS)
        ]
        assert await library.artifacts("older") == [
            ours(Artifact, ARTIFACT, id=f"older-{number}", task=number) for number in range(ROUNDS)
        ]
        written = [*await library.tasks("new"), *await library.artifacts("new")]
    seen = older.call("see", "new")
    assert [*seen["parts"], *seen["artifacts"]] == [theirs(record) for record in written]
    assert len(written) == 2 * ROUNDS
