"""Attach a call to an earlier identical one whose answer was never delivered: a client's timeout is not billed twice.

An answer counts as delivered as soon as it is handed to the transport, so that the client's next call is a new one;
this is recorded once its bytes have been written. A client that cancels a call drops the answer that is on its way:
then the delivery is taken back, and the same call attaches.
"""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import anyio

from mediasmith.jobs.runner.ownership import is_elsewhere
from mediasmith.jobs.waiting_calls import WaitingCalls
from mediasmith.plugin.errors import InvalidRequest, MediaError, error_from_record
from mediasmith.runtime.clock import Clock
from mediasmith.selection.tool_request import ToolRequest
from mediasmith.storage.library.calls import CallKey, CallRecords
from mediasmith.storage.library.records import Job

if TYPE_CHECKING:
    from anyio.abc import TaskGroup

_log = logging.getLogger(__name__)

_SECONDS = 3600.0
"""How long a call whose answer was not delivered can be attached to."""

_REQUEST_ID_SECONDS = 86_400.0
"""How long a request id refers to its job."""

_CROSSING_SECONDS = 0.25
"""How long to give another process to record that its caller has disconnected, who may be calling here by now."""


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """The earlier job that answers a call, if any; or else the id of the one that a new job has `replaced`."""

    job: Job | None = None
    replaced: str = ""


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """The answer about a job on its way to its caller. `lost` after `sent` takes it back."""

    attachments: Attachments
    job_id: str

    def begin(self) -> None:
        """Count the answer as delivered, though it may yet be lost: the caller's next call is a new one."""
        self.attachments.begin_delivery(self.job_id)

    def sent(self) -> None:
        """Record that the answer's bytes have been written."""
        self.attachments.mark_answered(self.job_id)

    def lost(self) -> None:
        """Record that the answer did not reach its caller."""
        self.attachments.mark_lost(self.job_id)


@dataclass(frozen=True, kw_only=True)
class Attachments:
    """Which jobs have been answered, and which may be attached to."""

    records: CallRecords
    waiting: WaitingCalls
    clock: Clock
    task_group: TaskGroup
    _answered: set[str] = field(default_factory=set[str])
    _unrecorded: dict[str, bool] = field(default_factory=dict[str, bool])

    def key(self, tool: str, request: ToolRequest, principal: str) -> CallKey:
        """Return what makes another call the same as this one."""
        text = request.request_id
        return CallKey(
            principal=principal,
            fingerprint=fingerprint(tool, request),
            digest=hashlib.sha256(text.encode()).hexdigest() if text else "",
            since=self.clock.now() - (_REQUEST_ID_SECONDS if text else _SECONDS),
        )

    async def find(self, key: CallKey) -> Earlier:
        """Return the earlier job that answers this call, if any, and let the call wait for it.

        That is the job with the same request id, unless it ended unbilled: a new one replaces that. Without an id, it
        is a job of the same call whose answer was not delivered and that no call waits for.

        Raises:
            InvalidRequest: the request id was used for something else.
        """
        for job_id in [job_id for job_id, answered in self._unrecorded.items() if not answered]:
            await self._record(job_id)
        return await self._find_requested(key) if key.digest else Earlier(job=await self._find_abandoned(key))

    async def newest_running(self, key: CallKey) -> Job | None:
        """Return the newest running job of the same call, which this call does not join; None with a request id."""
        return None if key.digest else await self.records.newest_running(key)

    def begin_delivery(self, job_id: str) -> None:
        """Count the job's answer as delivered: from now on, the same call makes a new job."""
        self._answered.add(job_id)

    def mark_answered(self, job_id: str) -> None:
        """Record that the job's answer has left the server."""
        self._answered.add(job_id)
        self._settle(job_id, answered=True)

    def mark_lost(self, job_id: str) -> None:
        """Record that the job's answer did not reach its caller, so that the same call attaches."""
        self._answered.discard(job_id)
        self._settle(job_id, answered=False)

    async def flush(self) -> None:
        """Record what is not recorded yet."""
        for job_id in list(self._unrecorded):
            await self._record(job_id)

    def _settle(self, job_id: str, *, answered: bool) -> None:
        self._unrecorded[job_id] = answered
        self.task_group.start_soon(self._record, job_id)

    async def _record(self, job_id: str) -> None:
        answered = self._unrecorded.get(job_id)
        if answered is None:
            return
        try:
            await self.waiting.answer(job_id, answered=answered)
        except MediaError as error:
            _log.warning("could not record whether job %s was answered: %s", job_id, error.message)
            return
        if self._unrecorded.get(job_id) is answered:
            del self._unrecorded[job_id]
            self._answered.discard(job_id)

    async def _find_requested(self, key: CallKey) -> Earlier:
        job = await self.records.requested(key)
        if job is None:
            return Earlier()
        if ended_unbilled(job):
            return Earlier(replaced=job.id)
        if job.fingerprint != key.fingerprint:
            raise InvalidRequest(
                f"This request_id was already used for a call with other arguments, job {job.id}.",
                "get_job returns that one. Use a new request_id for another request.",
                billed="no",
            )
        await self.waiting.join(job.id)
        return Earlier(job=job)

    async def _find_abandoned(self, key: CallKey) -> Job | None:
        found, waited_elsewhere = await self._join_abandoned(key)
        if found is None and waited_elsewhere:
            await anyio.sleep(_CROSSING_SECONDS)
            found, _ = await self._join_abandoned(key)
        return found

    async def _join_abandoned(self, key: CallKey) -> tuple[Job | None, bool]:
        """Return a job that this call has joined, and whether calls of other processes wait for one."""
        elsewhere = False
        for job in await self.records.unanswered(key):
            if job.id in self._answered or self.waiting.any_for(job.id):
                continue
            is_known = bool(await self.records.waiting(job.id))  # else an older server's, whose calls may wait
            may_join = is_known or not await is_elsewhere(self.waiting.owners, job)
            if may_join and await self.waiting.join_alone(job.id):
                return job, False
            elsewhere = elsewhere or is_known
        return None, elsewhere


def fingerprint(tool: str, request: ToolRequest) -> str:
    """Return a digest that is the same for calls that ask for the same thing, however long they wait."""
    asked = dict(vars(replace(request, wait_seconds=None)))
    del asked["request_id"]
    return hashlib.sha256(json.dumps([tool, asked], sort_keys=True).encode()).hexdigest()


def ended_unbilled(job: Job) -> bool:
    """Return whether a job ended without being billed, so that the same call should try again."""
    return job.state in {"failed", "cancelled"} and error_from_record(job.error).billed == "no"
