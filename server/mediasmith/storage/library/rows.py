"""Convert records to rows of the library, and back."""

from __future__ import annotations

import json
import logging
from functools import cache
from typing import Any

from mediasmith.storage.library.database import Database, Row
from mediasmith.storage.library.records import Artifact, Job, Task

_log = logging.getLogger(__name__)

ADD_JOB = """
    INSERT INTO job VALUES (:id, :principal, :fingerprint, :state, :owner, :created, :updated, :answered, :record)
"""

_PHASE = "coalesce(CASE WHEN json_valid(part.record) THEN json_extract(part.record, '$.phase') END, '')"

# What others know better stays: a task that is done is done, and one that was accepted is not unknown to a process
# that never heard of its handle.
SAVE_TASK = f"""
    INSERT INTO part VALUES (:job_id, :number, :item, :first, :billed, :cost_usd, :estimate_usd, :record)
    ON CONFLICT (job_id, number) DO UPDATE SET
        item = excluded.item, first = excluded.first, billed = excluded.billed, cost_usd = excluded.cost_usd,
        estimate_usd = excluded.estimate_usd, record = excluded.record
    WHERE {_PHASE} <> 'done' AND NOT (:phase = 'unknown' AND :has_handle = 0 AND {_PHASE} = 'accepted')
"""  # noqa: S608 - a constant

SAVE_ARTIFACT = """
    INSERT INTO artifact VALUES (:id, :job_id, :part, :position, :token, :principal, :used, :record)
    ON CONFLICT (id) DO UPDATE SET
        job_id = excluded.job_id, part = excluded.part, position = excluded.position, token = excluded.token,
        principal = excluded.principal, used = excluded.used, record = excluded.record
"""


def _row(record: Job | Task | Artifact, *columns: str) -> Row:
    """Return the named columns of a record, and all its other fields as JSON."""
    rest = dict(vars(record))
    row = {name: rest.pop(name) for name in columns}
    return row | {"record": json.dumps(rest)}


def job_row(job: Job) -> Row:
    """Return a job as a row."""
    row = _row(job, "id", "principal", "fingerprint", "state", "owner", "created", "updated", "answered")
    row["answered"] = int(job.answered)
    return row


def task_row(task: Task) -> Row:
    """Return a task as a row, with its phase and whether it has a handle, for which there are no columns."""
    row = _row(task, "job_id", "number", "item", "first", "billed", "cost_usd", "estimate_usd")
    row["phase"] = task.phase
    row["has_handle"] = int(task.handle is not None)
    return row


def artifact_row(artifact: Artifact) -> Row:
    """Return an artifact as a row."""
    row = _row(artifact, "id", "job_id", "task", "position", "token", "principal", "used")
    row["part"] = row.pop("task")  # the column keeps its name: older servers may share the file
    return row


def _values(row: Row) -> dict[str, Any]:
    return json.loads(row.pop("record")) | row


def to_job(row: Row) -> Job:
    """Return the job in a row."""
    values = _values(row)
    values["answered"] = bool(values["answered"])
    values["warnings"] = tuple(values["warnings"])
    values["attempts"] = tuple(values["attempts"])
    return Job(**values)


async def intact_jobs(database: Database, sql: str, **values: object) -> list[Job]:
    """Return the jobs that a query finds, without those whose records are damaged: these must not stop the others."""
    return [job for job in await database.read(_to_intact_job, sql, **values) if job is not None]


def _to_intact_job(row: Row) -> Job | None:
    try:
        return to_job(row)
    except (ValueError, TypeError, KeyError):
        _report_damaged(str(row["id"]))
        return None


@cache
def _report_damaged(job_id: str) -> None:
    """Log, once, that a record cannot be read."""
    _log.warning("the record of job %s is damaged, so that its work is not continued; restore it from a backup", job_id)


def to_task(row: Row) -> Task:
    """Return the task in a row."""
    return Task(**_values(row))


def to_artifact(row: Row) -> Artifact:
    """Return the artifact in a row."""
    values = _values(row)
    values["task"] = values.pop("part")
    values["prompts"] = tuple(values["prompts"])
    return Artifact(**values)
