"""Attach a call to an earlier one like it, whose answer never got out: a client's timeout is not paid for twice."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mediasmith.plugin.errors import MediaError, error_from_record
from mediasmith.runtime.clock import Clock
from mediasmith.selection.tool_request import ToolRequest
from mediasmith.storage.library.records import Job
from mediasmith.storage.library.store import Library

if TYPE_CHECKING:
    from anyio.abc import TaskGroup

    from mediasmith.jobs.service import JobService

_log = logging.getLogger(__name__)

_SECONDS = 3600.0
"""How long a call whose answer never got out can be attached to."""


@dataclass(frozen=True, kw_only=True)
class Attachments:
    """Which jobs have been answered, and which may be attached to."""

    library: Library
    clock: Clock
    task_group: TaskGroup
    _answered: set[str] = field(default_factory=set[str])

    def mark_answered(self, job_id: str) -> None:
        """Note that the job's answer is leaving the server: from now on the same call makes a new job."""
        self._answered.add(job_id)
        self.task_group.start_soon(self._record, job_id)

    async def find(self, jobs: JobService, fingerprint: str, principal: str) -> Job | None:
        """Return an earlier job of the same call, whose answer never got out and that no call waits for."""
        job = await self.library.unanswered(principal, fingerprint, since=self.clock.now() - _SECONDS)
        if job is None or job.id in self._answered:
            return None
        active = jobs.active(job.id)
        if active is not None:
            return None if active.waiters else active.job
        if await jobs.is_elsewhere(job):
            return None
        await jobs.adopt(job)
        return await jobs.look_up(job)

    async def flush(self) -> None:
        """Record what is not recorded yet."""
        for job_id in list(self._answered):
            await self._record(job_id)

    async def _record(self, job_id: str) -> None:
        try:
            await self.library.mark_answered(job_id)
        except MediaError as error:
            _log.warning("that job %s was answered could not be recorded: %s", job_id, error.message)
        else:
            self._answered.discard(job_id)


def fingerprint(tool: str, request: ToolRequest) -> str:
    """Return a text that is the same for calls that ask for the same; how long to wait is no part of it."""
    asked = vars(replace(request, wait_seconds=None))
    return hashlib.sha256(json.dumps([tool, asked], sort_keys=True).encode()).hexdigest()


def was_free(job: Job) -> bool:
    """Return whether a job failed before it cost anything, so that the same call had better try again."""
    return job.state == "failed" and error_from_record(job.error).billed == "no"
