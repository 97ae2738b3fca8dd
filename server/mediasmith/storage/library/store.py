"""Record jobs, tasks and artifacts, and find them again.

Ids and principals are looked up, never parsed: any string may be asked for, and an unknown one is simply not found.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from mediasmith.plugin.errors import OverBudget
from mediasmith.storage.library.calls import CallKey, CallRecords, call_statements
from mediasmith.storage.library.database import Database, NotWritten, Query, Row, Statement
from mediasmith.storage.library.overview import Overview, escape_pattern
from mediasmith.storage.library.records import Allowance, Artifact, Job, Task
from mediasmith.storage.library.rows import (
    ADD_JOB,
    SAVE_ARTIFACT,
    SAVE_TASK,
    artifact_row,
    intact_jobs,
    job_row,
    task_row,
    to_artifact,
    to_job,
    to_task,
)
from mediasmith.storage.library.sqlite import SqliteDatabase, SqliteReader

T = TypeVar("T")

# Only `claim`, `give_up` and late news change the owner, and only what became of an answer changes `answered`.
# What another process knows of a job that it has taken over stays, unless this brings its files. A job that has its
# files keeps them.
_SAVE_JOB = """
    UPDATE job SET state = :state, updated = :updated, record = :record
    WHERE id = :id AND (owner = :owner OR :state IN ('done', 'partial'))
        AND (state NOT IN ('done', 'partial') OR :state = 'done' OR state = :state)
"""
_CLAIM = "UPDATE job SET owner = :new WHERE id = :id AND owner = :old AND state = 'running'"
_GIVE_UP = "UPDATE job SET owner = '' WHERE id = :id AND owner = :owner"
_NEWS = frozenset({"accepted", "saving", "done"})
_TOUCH_JOB = "UPDATE job SET updated = :updated WHERE id = :id"
_TOUCH_OWN_JOB = "UPDATE job SET updated = :updated WHERE id = :id AND owner = :owner AND state = 'running'"
_RESUME_JOB = "UPDATE job SET state = 'running', owner = :owner WHERE id = :id AND state = 'unknown'"
# Files that an earlier attempt staged would be taken for files of this one.
_DROP_STAGED = "DELETE FROM artifact WHERE job_id = :job_id AND part = :number AND token <> ''"
_ARTIFACTS_OF_JOB = """
    SELECT artifact.* FROM artifact
    JOIN part ON part.job_id = artifact.job_id AND part.number = artifact.part
    WHERE artifact.job_id = :job_id ORDER BY part.item, part.first, artifact.part, artifact.position
"""
_ARTIFACTS_BY_ID = """
    SELECT * FROM artifact
    WHERE id >= :start AND id < :start || 'zz' AND principal = :principal AND token = ''
    ORDER BY rowid DESC LIMIT :limit
"""
_PATH = "json_extract(record, '$.path')"
_ARTIFACTS_BY_PATH = f"""
    SELECT * FROM artifact
    WHERE principal = :principal AND token = '' AND substr({_PATH}, length({_PATH}) - length(:end) + 1) = :end
    ORDER BY rowid DESC LIMIT :limit
"""  # noqa: S608 - a constant
_ARTIFACTS_BY_STEM = f"""
    SELECT * FROM artifact
    WHERE principal = :principal AND token = '' AND replace({_PATH}, '\\', '/') LIKE :pattern ESCAPE '!'
    ORDER BY rowid DESC LIMIT :limit
"""  # noqa: S608 - as above
_CHILDREN = """
    SELECT artifact.* FROM artifact JOIN artifact_facts AS facts ON facts.artifact_id = artifact.id
    WHERE facts.principal = :principal AND facts.parent = :id
    ORDER BY facts.created DESC, artifact.rowid DESC LIMIT :limit
"""
_SPENT = """
    SELECT coalesce(sum(coalesce(part.cost_usd, part.estimate_usd)), 0.0) AS usd
    FROM job JOIN part ON part.job_id = job.id
    WHERE job.created >= :since AND (
        part.billed <> 'no' OR (job.state = 'running' AND json_extract(part.record, '$.phase') = 'queued')
    )
"""
# 0.1 and 0.2 are not more than 0.3.
_OVERSPENT = f"SELECT usd FROM ({_SPENT}) AS spent WHERE usd > :usd + 0.000000001"  # noqa: S608 - constants
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


async def _none(_owners: Sequence[str]) -> Collection[str]:
    return ()


class Library:
    """The record of jobs, tasks and artifacts in a database.

    Several processes may share it. `job`, `artifact` and `recent` take a principal and return only what belongs to it;
    the other methods are for the server itself. `calls` has what is known of the calls that ask for jobs, `overview`
    what is asked about all artifacts. Every method raises `MediaError` when the database cannot be used.
    """

    def __init__(self, database: Database, overview: Overview) -> None:
        self._database = database
        self.calls = CallRecords(database)
        self.overview = overview

    @classmethod
    def in_file(cls, path: Path) -> Library:
        """Return the library in the SQLite file at `path`, which is created with the first record."""
        database = SqliteDatabase(path)
        return cls(database, Overview(SqliteReader(database)))

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path) -> AsyncGenerator[Library]:
        """Return the library in the SQLite file at `path` as a context manager that closes it."""
        library = cls.in_file(path)
        try:
            yield library
        finally:
            await library.close()

    async def close(self) -> None:
        """Close the database, if it was opened."""
        await self.overview.close()
        await self._database.close()

    async def add_job(
        self,
        job: Job,
        tasks: Sequence[Task],
        *,
        key: CallKey | None = None,
        replaces: str = "",
        allowance: Allowance | None = None,
    ) -> bool:
        """Record a new job with its tasks, and return whether it was recorded.

        With the `key` of a call, that call waits for the job, which is recorded only if no earlier job is to answer it:
        one with the same request id, other than the one that this `replaces`; or, without a request id, one of the same
        call whose answer is due and that no call waits for.

        Raises:
            OverBudget: all jobs would cost more than is allowed; nothing was recorded.
        """
        add, *others = call_statements(job, key, replaces) if key else [(ADD_JOB, [job_row(job)])]
        unless = _overspent(allowance, tasks)
        locks = [f"call {key.principal} {key.digest or key.fingerprint}"] if key else []
        with _over_budget():
            return await self._database.write_if(
                add, (SAVE_TASK, map(task_row, tasks)), *others, unless=unless, locks=[*locks, *_budget_lock(unless)]
            )

    async def add_tasks(
        self, tasks: Sequence[Task], *, owner: str, at: float, allowance: Allowance | None = None
    ) -> bool:
        """Record further tasks of a job if it is running and still this owner's; return whether it is.

        Raises:
            OverBudget: as `add_job`.
        """
        unless = _overspent(allowance, tasks)
        own = (_TOUCH_OWN_JOB, [{**update, "owner": owner} for update in _update(tasks[0], at)])
        add = (SAVE_TASK, map(task_row, tasks))
        with _over_budget():
            return await self._database.write_if(own, add, unless=unless, locks=_budget_lock(unless), patient=True)

    async def save_task(self, task: Task, *, at: float, owner: str = "") -> bool:
        """Replace a task as a whole, and record that its job was updated at `at`; return whether that was done.

        It is not where another process has recorded more: that the task is done, or its handle where this process does
        not know what became of it. Late news of a handle or of files makes a job whose end was unknown
        run again, and gives it to this `owner`.
        """
        return await self._save_task(task, at=at, owner=owner)

    async def begin_task(self, task: Task, *, owner: str, at: float) -> bool:
        """Do as `save_task` if the job is running and still this owner's; return whether it is."""
        [update] = _update(task, at)
        own = (_TOUCH_OWN_JOB, [{**update, "owner": owner}])
        return await self._database.write_if(own, (SAVE_TASK, map(task_row, [task])))

    async def save_job(self, job: Job) -> None:
        """Replace a job, except for its owner and `answered`, which have methods of their own."""
        await self._database.write((_SAVE_JOB, map(job_row, [job])))

    async def give_up(self, job: Job) -> None:
        """Do as `save_job`, and leave the job, if it is still its owner's, to whichever process claims it from ""."""
        await self._database.write((_SAVE_JOB, map(job_row, [job])), (_GIVE_UP, map(job_row, [job])))

    async def stage(self, task: Task, artifacts: Sequence[Artifact], *, at: float, owner: str = "") -> bool:
        """Do as `save_task` with a task whose bytes are in temporary files, which the artifacts' tokens name."""
        return await self._save_files(task, artifacts, at=at, owner=owner)

    async def commit(self, task: Task, artifacts: Sequence[Artifact], *, at: float, owner: str = "") -> bool:
        """Do as `save_task` with a task whose files have their final paths.

        Its artifacts, now without tokens, can be found.
        """
        return await self._save_files(task, artifacts, at=at, owner=owner)

    async def _save_files(self, task: Task, artifacts: Sequence[Artifact], *, at: float, owner: str) -> bool:
        files = ((_DROP_STAGED, map(task_row, [task])), (SAVE_ARTIFACT, map(artifact_row, artifacts)))
        return await self._save_task(task, *files, at=at, owner=owner)

    async def _save_task(self, task: Task, *files: Statement, at: float, owner: str) -> bool:
        [update] = _update(task, at)
        resumed = [{**update, "owner": owner}] if owner and task.phase in _NEWS else []
        save, touch, resume = (SAVE_TASK, map(task_row, [task])), (_TOUCH_JOB, [update]), (_RESUME_JOB, resumed)
        return await self._database.write_if(save, *files, touch, resume, patient=True)

    async def job(self, job_id: str, *, principal: str) -> Job | None:
        """Return the principal's job with this id, or None."""
        sql = "SELECT * FROM job WHERE id = :id AND principal = :principal"
        return _first(await self._database.read(to_job, sql, id=job_id, principal=principal))

    async def tasks(self, job_id: str) -> list[Task]:
        """Return a job's tasks, in the order of the prompts and their files."""
        sql = "SELECT * FROM part WHERE job_id = :job_id ORDER BY item, first, number"
        return await self._database.read(to_task, sql, job_id=job_id)

    async def artifacts(self, job_id: str) -> list[Artifact]:
        """Return a job's artifacts, staged ones too, in the order of the prompts and their files."""
        return await self._database.read(to_artifact, _ARTIFACTS_OF_JOB, job_id=job_id)

    async def artifact(self, artifact_id: str, *, principal: str, used: float | None = None) -> Artifact | None:
        """Return the principal's committed artifact with this id, or None. `used` records when it was asked for."""
        sql = "SELECT * FROM artifact WHERE id = :id AND principal = :principal AND token = ''"
        found = _first(await self._database.read(to_artifact, sql, id=artifact_id, principal=principal))
        if found is None or used is None or used <= found.used:
            return found
        await self._database.change(
            "UPDATE artifact SET used = :used WHERE id = :id AND used < :used", id=found.id, used=used
        )
        return replace(found, used=used)

    async def artifacts_by_id(self, start: str, *, principal: str, limit: int) -> list[Artifact]:
        """Return the principal's committed artifacts whose ids begin with `start`, newest first."""
        return await self._database.read(to_artifact, _ARTIFACTS_BY_ID, start=start, principal=principal, limit=limit)

    async def artifacts_by_path(self, end: str, *, principal: str, limit: int) -> list[Artifact]:
        """Return the principal's committed artifacts whose paths end with `end`, newest first."""
        return await self._database.read(to_artifact, _ARTIFACTS_BY_PATH, end=end, principal=principal, limit=limit)

    async def artifacts_by_stem(self, stem: str, *, principal: str, limit: int) -> list[Artifact]:
        """Return the principal's committed artifacts with a name in their paths that begins with `stem` and a dot."""
        pattern = f"%/{escape_pattern(stem)}.%"
        return await self._database.read(
            to_artifact, _ARTIFACTS_BY_STEM, pattern=pattern, principal=principal, limit=limit
        )

    async def children(self, artifact_id: str, *, principal: str, limit: int) -> list[Artifact]:
        """Return the principal's committed artifacts that were edited from this one, newest first."""
        return await self._database.read(to_artifact, _CHILDREN, id=artifact_id, principal=principal, limit=limit)

    async def delete_artifact(self, artifact_id: str, *, principal: str) -> bool:
        """Forget the principal's committed artifact with this id, and return whether there was one."""
        sql = "DELETE FROM artifact WHERE id = :id AND principal = :principal AND token = ''"
        return await self._database.change(sql, id=artifact_id, principal=principal) == 1

    async def owner(self, artifact_id: str) -> str | None:
        """Return the principal that a committed artifact belongs to, or None."""
        sql = "SELECT principal FROM artifact WHERE id = :id AND token = ''"
        return _first(await self._database.read(lambda row: str(row["principal"]), sql, id=artifact_id))

    async def recent(self, principal: str, limit: int) -> list[Job]:
        """Return up to `limit` of the principal's jobs, newest first."""
        sql = "SELECT * FROM job WHERE principal = :principal ORDER BY created DESC, rowid DESC LIMIT :limit"
        return await self._database.read(to_job, sql, principal=principal, limit=limit)

    async def unfinished(self) -> list[Job]:
        """Return the running jobs of every owner, oldest first, without those whose records are damaged."""
        return await intact_jobs(self._database, "SELECT * FROM job WHERE state = 'running' ORDER BY created, rowid")

    async def page(self, *, after: str, limit: int) -> list[Job]:
        """Return up to `limit` jobs of every owner and state whose ids come after this one, in the order of ids."""
        sql = "SELECT * FROM job WHERE id > :after ORDER BY id LIMIT :limit"
        return await self._database.read(to_job, sql, after=after, limit=limit)

    async def claim(self, job_id: str, *, old: str, new: str) -> bool:
        """Move a running job from owner `old` to `new`. Of several that try, exactly one gets True."""
        return await self._database.change(_CLAIM, id=job_id, old=old, new=new) == 1

    async def pass_on(self, job_id: str, *, old: str, new: str) -> None:
        """Do as `claim`, and go on trying as long as the database is away."""
        await self._database.write((_CLAIM, [{"id": job_id, "old": old, "new": new}]))

    async def spent(self, *, since: float) -> float:
        """Return the US dollars that jobs created since then have cost, may have cost, or will cost once they are sent.

        That is as charged, or else as estimated.
        """
        return sum(await self._database.read(lambda row: float(row["usd"]), _SPENT, since=since))

    async def prune(
        self, *, before: float, living: Callable[[Sequence[str]], Awaitable[Collection[str]]] = _none
    ) -> int:
        """Delete artifacts last used before then, and finished jobs as old that have none left.

        Return the number of artifacts deleted. Nothing that belongs to a living owner is deleted; `living` tells which
        of some owners are. Media files stay where they are, and an artifact edited from a deleted one can still be
        edited.
        """
        owners = await self._database.read(lambda row: str(row["owner"]), _OLD_OWNERS, before=before)
        if not owners:
            return 0
        values = [{"before": before, "living": json.dumps([*await living(owners)])}]
        pruned, _jobs = await self._database.write((_PRUNE_ARTIFACTS, values), (_PRUNE_JOBS, values), locks=["prune"])
        return pruned


def _first(found: list[T]) -> T | None:
    return found[0] if found else None


def _update(task: Task, at: float) -> list[Row]:
    return [{"id": task.job_id, "updated": at}]


def _overspent(allowance: Allowance | None, tasks: Sequence[Task]) -> Query | None:
    """Return the query that finds a row where these tasks make all jobs cost more than is allowed, if it is limited."""
    limited = allowance is not None and any(task.estimate_usd for task in tasks)
    return (_OVERSPENT, vars(allowance)) if limited else None


def _budget_lock(limited: Query | None) -> list[str]:
    return [] if limited is None else ["budget"]


@contextmanager
def _over_budget() -> Generator[None]:
    try:
        yield
    except NotWritten:
        raise OverBudget(
            "Other requests have just used what was left of today's budget.",
            "Ask for less or for a draft, or raise the limit.",
            billed="no",
        ) from None
