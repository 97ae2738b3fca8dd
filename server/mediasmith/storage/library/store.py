"""The library itself: what can be recorded of jobs, parts and artifacts, and how it is found again.

Ids and principals are looked up, never parsed: any string may be asked for, and what is not known is just not found.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from anyio import to_thread

from mediasmith.storage.library.records import Artifact, Job, Task
from mediasmith.storage.library.sqlite import Database, Row

T = TypeVar("T")

_ADD_JOB = """
    INSERT INTO job VALUES (:id, :principal, :fingerprint, :state, :owner, :created, :updated, :answered, :record)
"""
# The owner is left alone, for only a claim may move it; and an answer that went out stays out, whoever sent it.
_SAVE_JOB = """
    UPDATE job SET state = :state, updated = :updated, answered = max(answered, :answered), record = :record
    WHERE id = :id
"""
_TOUCH_JOB = "UPDATE job SET updated = :updated WHERE id = :id"
_SAVE_PART = """
    INSERT OR REPLACE INTO part VALUES (:job_id, :number, :item, :first, :billed, :cost_usd, :estimate_usd, :record)
"""
# What an earlier attempt at saving left behind would be taken for files of this one.
_DROP_STAGED = "DELETE FROM artifact WHERE job_id = :job_id AND part = :number AND token <> ''"
_SAVE_ARTIFACT = """
    INSERT OR REPLACE INTO artifact VALUES (:id, :job_id, :part, :position, :token, :principal, :used, :record)
"""
_NEWEST_UNANSWERED = """
    SELECT * FROM job
    WHERE fingerprint = :fingerprint AND principal = :principal AND created >= :since
        AND answered = 0 AND state IN ('running', 'done', 'partial', 'unknown')
    ORDER BY created DESC, rowid DESC LIMIT 1
"""
_ARTIFACTS_OF_JOB = """
    SELECT artifact.* FROM artifact
    JOIN part ON part.job_id = artifact.job_id AND part.number = artifact.part
    WHERE artifact.job_id = :job_id ORDER BY part.item, part.first, artifact.part, artifact.position
"""
_SPENT = """
    SELECT coalesce(sum(coalesce(part.cost_usd, part.estimate_usd)), 0.0) AS usd
    FROM job JOIN part ON part.job_id = job.id WHERE job.created >= :since AND part.billed <> 'no'
"""
_OLD_OWNERS = "SELECT DISTINCT owner FROM job WHERE created < :before AND state <> 'running'"
_PRUNE_ARTIFACTS = """
    DELETE FROM artifact WHERE used < :before AND job_id IN (
        SELECT id FROM job WHERE created < :before AND state <> 'running'
            AND owner NOT IN (SELECT value FROM json_each(:living))
    )
"""
_PRUNE_JOBS = """
    DELETE FROM job WHERE created < :before AND updated < :before AND state <> 'running'
        AND owner NOT IN (SELECT value FROM json_each(:living))
        AND NOT EXISTS (SELECT 1 FROM artifact WHERE artifact.job_id = job.id)
"""


def _nobody(_owner: str) -> bool:
    return False


class Library:
    """The record of jobs and artifacts. Every method raises `MediaError` when its file cannot be used.

    Several processes may share it. Only `job`, `artifact`, `recent` and `unanswered` ask for a principal, and keep what
    is another's from them; the other methods are for the server itself.
    """

    def __init__(self, path: Path) -> None:
        """The library in the file at `path`, which is created when something is first recorded."""
        self._database = Database(path)

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path) -> AsyncGenerator[Library]:
        """The same, closed at the end."""
        library = cls(path)
        try:
            yield library
        finally:
            await library.close()

    async def close(self) -> None:
        """Close the file, if it was opened."""
        await self._database.close()

    async def add_job(self, job: Job, tasks: Sequence[Task]) -> None:
        """Record a new job with its parts."""
        await self._database.write((_ADD_JOB, map(_job_row, [job])), (_SAVE_PART, map(_task_row, tasks)))

    async def add_tasks(self, tasks: Sequence[Task]) -> None:
        """Record further parts of jobs."""
        await self._database.write((_SAVE_PART, map(_task_row, tasks)))

    async def save_task(self, task: Task, *, at: float) -> None:
        """Replace a part as a whole; its job was updated at that time."""
        await self._database.write((_SAVE_PART, map(_task_row, [task])), (_TOUCH_JOB, _touched(task, at)))

    async def save_job(self, job: Job) -> None:
        """Replace a job, but for its owner, which only `claim` moves, and `answered`, which never goes back."""
        await self._database.write((_SAVE_JOB, map(_job_row, [job])))

    async def stage(self, task: Task, artifacts: Sequence[Artifact], *, at: float) -> None:
        """Record that the part's bytes are in temporary files, named by the artifacts' tokens."""
        await self._put(task, artifacts, at)

    async def settle(self, task: Task, artifacts: Sequence[Artifact], *, at: float) -> None:
        """Record that the part's files stand at their paths; from now on the artifacts (without tokens) are found."""
        await self._put(task, artifacts, at)

    async def _put(self, task: Task, artifacts: Sequence[Artifact], at: float) -> None:
        await self._database.write(
            (_SAVE_PART, map(_task_row, [task])),
            (_DROP_STAGED, map(_task_row, [task])),
            (_SAVE_ARTIFACT, map(_artifact_row, artifacts)),
            (_TOUCH_JOB, _touched(task, at)),
        )

    async def job(self, job_id: str, *, principal: str) -> Job | None:
        """The principal's job of this id."""
        sql = "SELECT * FROM job WHERE id = :id AND principal = :principal"
        return _first(await self._database.read(_job, sql, id=job_id, principal=principal))

    async def tasks(self, job_id: str) -> list[Task]:
        """A job's parts, in the order of the prompts and their files."""
        sql = "SELECT * FROM part WHERE job_id = :job_id ORDER BY item, first, number"
        return await self._database.read(_task, sql, job_id=job_id)

    async def artifacts(self, job_id: str) -> list[Artifact]:
        """A job's artifacts, in the order of the prompts and their files; also those that are still being saved."""
        return await self._database.read(_artifact, _ARTIFACTS_OF_JOB, job_id=job_id)

    async def artifact(self, artifact_id: str, *, principal: str, used: float | None = None) -> Artifact | None:
        """The principal's artifact of this id, once it is settled. `used` records when it was asked for."""
        sql = "SELECT * FROM artifact WHERE id = :id AND principal = :principal AND token = ''"
        found = _first(await self._database.read(_artifact, sql, id=artifact_id, principal=principal))
        if found is None or used is None or used <= found.used:
            return found
        await self._database.change(
            "UPDATE artifact SET used = max(used, :used) WHERE id = :id", id=found.id, used=used
        )
        return replace(found, used=used)

    async def owner(self, artifact_id: str) -> str | None:
        """The principal whose artifact this is, once it is settled."""
        sql = "SELECT principal FROM artifact WHERE id = :id AND token = ''"
        return _first(await self._database.read(lambda row: str(row["principal"]), sql, id=artifact_id))

    async def recent(self, principal: str, limit: int) -> list[Job]:
        """The principal's jobs, the newest first."""
        sql = "SELECT * FROM job WHERE principal = :principal ORDER BY created DESC, rowid DESC LIMIT :limit"
        return await self._database.read(_job, sql, principal=principal, limit=limit)

    async def unfinished(self) -> list[Job]:
        """The running jobs of every owner, the oldest first."""
        return await self._database.read(_job, "SELECT * FROM job WHERE state = 'running' ORDER BY created, rowid")

    async def claim(self, job_id: str, *, old: str, new: str) -> bool:
        """Make a running job of one owner another's. True for exactly one of several that try."""
        sql = "UPDATE job SET owner = :new WHERE id = :id AND owner = :old AND state = 'running'"
        return await self._database.change(sql, id=job_id, old=old, new=new) == 1

    async def unanswered(self, principal: str, fingerprint: str, *, since: float) -> Job | None:
        """The newest job of this principal and fingerprint, made since then, that has or will have an unsent answer.

        An `unknown` one has: that it may have been billed.
        """
        values = {"principal": principal, "fingerprint": fingerprint, "since": since}
        return _first(await self._database.read(_job, _NEWEST_UNANSWERED, **values))

    async def mark_answered(self, job_id: str) -> None:
        """Record that the job's answer left the server."""
        await self._database.change("UPDATE job SET answered = 1 WHERE id = :id", id=job_id)

    async def spent(self, *, since: float) -> float:
        """US dollars that the jobs made since then did or may have cost: what was charged, else what was estimated."""
        return sum(await self._database.read(lambda row: float(row["usd"]), _SPENT, since=since))

    async def prune(self, *, before: float, alive: Callable[[str], bool] = _nobody) -> int:
        """Forget the artifacts last used before then, and finished jobs as old that have none; how many artifacts.

        Nothing of a living owner is forgotten; `alive` tells, and is called in a worker thread. The media files stay
        where they are, and what was edited from a forgotten artifact can still be edited.
        """
        owners = await self._database.read(lambda row: str(row["owner"]), _OLD_OWNERS, before=before)
        if not owners:
            return 0
        living = await to_thread.run_sync(lambda: [owner for owner in owners if alive(owner)])
        values = [{"before": before, "living": json.dumps(living)}]
        pruned, _jobs = await self._database.write((_PRUNE_ARTIFACTS, values), (_PRUNE_JOBS, values))
        return pruned


def _first(found: list[T]) -> T | None:
    return found[0] if found else None


def _row(record: Job | Task | Artifact, *columns: str) -> Row:
    """The columns as they are, and everything else as JSON."""
    rest = dict(vars(record))
    row = {name: rest.pop(name) for name in columns}
    return row | {"record": json.dumps(rest)}


def _job_row(job: Job) -> Row:
    return _row(job, "id", "principal", "fingerprint", "state", "owner", "created", "updated", "answered")


def _task_row(task: Task) -> Row:
    return _row(task, "job_id", "number", "item", "first", "billed", "cost_usd", "estimate_usd")


def _touched(task: Task, at: float) -> list[Row]:
    return [{"id": task.job_id, "updated": at}]


def _artifact_row(artifact: Artifact) -> Row:
    row = _row(artifact, "id", "job_id", "task", "position", "token", "principal", "used")
    row["part"] = row.pop("task")  # the column keeps its first name, for older servers may share the file
    return row


def _values(row: Row) -> dict[str, Any]:
    return json.loads(row.pop("record")) | row


def _job(row: Row) -> Job:
    values = _values(row)
    values["answered"] = bool(values["answered"])
    values["warnings"] = tuple(values["warnings"])
    values["attempts"] = tuple(values["attempts"])
    return Job(**values)


def _task(row: Row) -> Task:
    return Task(**_values(row))


def _artifact(row: Row) -> Artifact:
    values = _values(row)
    values["task"] = values.pop("part")
    values["prompts"] = tuple(values["prompts"])
    return Artifact(**values)
