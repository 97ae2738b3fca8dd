"""Record calls: which wait for an answer, their request ids, and the plans of what is not sent yet.

A row of `waiting` says whether calls of a process wait for a job. It counts while that process is alive, which the
caller of these methods checks. A job without any row was made by an older server, which does not keep this record.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mediasmith.plugin.contract import JSON
from mediasmith.storage.library.database import Database, Statement
from mediasmith.storage.library.records import Job
from mediasmith.storage.library.rows import ADD_JOB, job_row, to_job

_OPEN = "job.answered = 0 AND job.state IN ('running', 'done', 'partial', 'unknown')"
"""What a job must be for a call to attach to it: its answer is still due. The answer about an `unknown` job is that
it may have been billed."""

_SAME_CALL = "job.fingerprint = :fingerprint AND job.principal = :principal AND job.created >= :since"

_UNANSWERED = f"SELECT * FROM job WHERE {_SAME_CALL} AND {_OPEN} ORDER BY created DESC, rowid DESC"  # noqa: S608 - constants

_NEWEST_RUNNING = f"""
    SELECT * FROM job WHERE {_SAME_CALL} AND state = 'running' ORDER BY created DESC, rowid DESC LIMIT 1
"""  # noqa: S608 - as above

_UNLESS_ABANDONED = f"""
    WHERE NOT EXISTS (
        SELECT 1 FROM job WHERE {_SAME_CALL} AND {_OPEN}
            AND EXISTS (SELECT 1 FROM waiting WHERE waiting.job_id = job.id)
            AND NOT EXISTS (SELECT 1 FROM waiting WHERE waiting.job_id = job.id AND waits = 1)
    )
"""  # noqa: S608 - as above

_UNLESS_REQUESTED = """
    WHERE NOT EXISTS (
        SELECT 1 FROM request_id JOIN job ON job.id = request_id.job_id
        WHERE request_id.principal = :principal AND request_id.digest = :digest
            AND job.created >= :since AND job.id <> :replaces
    )
"""

_ADD_JOB_IF = ADD_JOB.replace("VALUES (", "SELECT ").rstrip().removesuffix(")")

_SAVE_REQUEST_ID = """
    INSERT INTO request_id VALUES (:principal, :digest, :job_id)
    ON CONFLICT (principal, digest) DO UPDATE SET job_id = excluded.job_id
"""

_JOB_OF_REQUEST = """
    SELECT job.* FROM job JOIN request_id ON request_id.job_id = job.id
    WHERE request_id.principal = :principal AND request_id.digest = :digest AND job.created >= :since
"""

_WAIT = "INSERT INTO waiting VALUES (:job_id, :owner, 1) ON CONFLICT (job_id, owner) DO UPDATE SET waits = 1"

_WAIT_ALONE = f"""
    INSERT INTO waiting SELECT job.id, :owner, 1 FROM job WHERE job.id = :job_id AND {_OPEN}
        AND NOT EXISTS (SELECT 1 FROM waiting WHERE waiting.job_id = job.id AND waits = 1)
    ON CONFLICT (job_id, owner) DO UPDATE SET waits = 1
"""  # noqa: S608 - as above

_LEAVE = "UPDATE waiting SET waits = 0 WHERE job_id = :job_id AND owner = :owner"

_SET_ANSWERED = "UPDATE job SET answered = :answered WHERE id = :job_id"


@dataclass(frozen=True, kw_only=True)
class CallKey:
    """What makes two calls the same one: of one principal, the same request id, or without one the same arguments.

    `digest` stands for the request id, and is empty where there is none. Jobs created before `since` do not count.
    """

    principal: str
    fingerprint: str
    digest: str = ""
    since: float


def call_statements(job: Job, key: CallKey, replaces: str) -> tuple[Statement, ...]:
    """Return the statements of `Library.add_job` for a call. The first one adds the job, or no row."""
    values = vars(key) | {"replaces": replaces, "job_id": job.id, "owner": job.owner}
    unless = _UNLESS_REQUESTED if key.digest else _UNLESS_ABANDONED
    return (
        (_ADD_JOB_IF + unless, [values | job_row(job)]),
        (_WAIT, [values]),
        (_SAVE_REQUEST_ID, [values] if key.digest else []),
    )


class CallRecords:
    """The calls in a library. Every method raises `MediaError` when its database cannot be used."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def unanswered(self, key: CallKey) -> list[Job]:
        """Return the jobs of this call whose answer is due, newest first."""
        return await self._database.read(to_job, _UNANSWERED, **vars(key))

    async def newest_running(self, key: CallKey) -> Job | None:
        """Return the newest job of this call that is running, answered or not."""
        return next(iter(await self._database.read(to_job, _NEWEST_RUNNING, **vars(key))), None)

    async def requested(self, key: CallKey) -> Job | None:
        """Return the job that was made for this request id, or None."""
        return next(iter(await self._database.read(to_job, _JOB_OF_REQUEST, **vars(key))), None)

    async def waiting(self, job_id: str) -> dict[str, bool]:
        """Return by owner whether calls of that process wait for the job; nothing for a job of an older server."""
        sql = "SELECT owner, waits FROM waiting WHERE job_id = :job_id"
        rows = await self._database.read(lambda row: (str(row["owner"]), bool(row["waits"])), sql, job_id=job_id)
        return dict(rows)

    async def wait(self, job_id: str, owner: str) -> None:
        """Record that calls of this process wait for the job."""
        await self._database.write((_WAIT, [{"job_id": job_id, "owner": owner}]))

    async def wait_alone(self, job_id: str, owner: str, *, gone: Iterable[str]) -> bool:
        """Do as `wait` if the job's answer is due and no process waits for it, other than those that are `gone`.

        Return whether that was the case. Of several calls that try, exactly one gets True.
        """
        await self._database.write((_LEAVE, [{"job_id": job_id, "owner": one} for one in gone]))
        wait = (_WAIT_ALONE, [{"job_id": job_id, "owner": owner}])
        return await self._database.write_if(wait, locks=[f"waiting {job_id}"])

    async def leave(self, job_id: str, owner: str) -> None:
        """Record that no call of this process waits for the job any more."""
        await self._database.write((_LEAVE, [{"job_id": job_id, "owner": owner}]))

    async def save_answer(self, job_id: str, owner: str, *, answered: bool, waits: bool) -> None:
        """Record whether the job's answer has left the server, and whether calls of this process still wait for it."""
        values = {"job_id": job_id, "owner": owner, "answered": int(answered)}
        await self._database.write((_SET_ANSWERED, [values]), (_LEAVE, [] if waits else [values]))

    async def save_plan(self, job_id: str, plan: JSON) -> None:
        """Record how to send what a job has queued."""
        sql = "INSERT INTO saved_plan VALUES (:job_id, :record) ON CONFLICT (job_id) DO UPDATE SET record = :record"
        await self._database.write_if((sql, [{"job_id": job_id, "record": json.dumps(plan)}]))

    async def plan(self, job_id: str) -> Any:
        """Return the JSON of a job's saved plan, or None."""
        sql = "SELECT record FROM saved_plan WHERE job_id = :job_id"
        return next(iter(await self._database.read(lambda row: json.loads(row["record"]), sql, job_id=job_id)), None)

    async def has_plan(self, job_id: str) -> bool:
        """Return whether a job has a saved plan."""
        return bool(await self._database.read(dict, "SELECT 1 FROM saved_plan WHERE job_id = :job_id", job_id=job_id))

    async def delete_plan(self, job_id: str) -> None:
        """Forget a job's saved plan, if there is one."""
        await self._database.change("DELETE FROM saved_plan WHERE job_id = :job_id", job_id=job_id)

    async def delete_old_plans(self) -> None:
        """Forget the saved plans of jobs that have ended."""
        # Not a join, for which SQLite would read all jobs instead of the few plans.
        ended = (
            "SELECT job_id FROM saved_plan "
            "WHERE EXISTS (SELECT 1 FROM job WHERE id = saved_plan.job_id AND state <> 'running')"
        )
        for job_id in await self._database.read(lambda row: str(row["job_id"]), ended):
            await self.delete_plan(job_id)
