"""Count which calls of this process wait for which jobs, and record it in the library for other processes."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

import anyio

from mediasmith.jobs.runner.protocols import Owners
from mediasmith.plugin.errors import MediaError
from mediasmith.storage.library.calls import CallRecords

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class WaitingCalls:
    """The waiting calls of this process. A call that has joined a job waits in `waiting_on`."""

    records: CallRecords
    owners: Owners
    _counts: Counter[str] = field(default_factory=Counter[str])
    _joining: anyio.Lock = field(default_factory=anyio.Lock)

    def any_for(self, job_id: str) -> bool:
        """Return whether a call of this process waits for the job."""
        return self._counts[job_id] > 0

    def joined(self, job_id: str) -> None:
        """Count a call whose wait the library has recorded with its job."""
        self._counts[job_id] += 1

    async def join(self, job_id: str) -> None:
        """Let a call wait for a job, alongside any others."""
        async with self._joining:
            if not self.any_for(job_id):
                await self.records.wait(job_id, await self.owners.own())
            self.joined(job_id)

    async def join_alone(self, job_id: str) -> bool:
        """Let a call wait for a job if its answer is due and no other call of any running process waits for it."""
        own = await self.owners.own()
        async with self._joining:
            waiting = [owner for owner, waits in (await self.records.waiting(job_id)).items() if waits]
            gone = [owner for owner in waiting if owner != own and not await self.owners.responds(owner)]
            if self.any_for(job_id) or set(waiting) - {own, *gone}:
                return False
            if not await self.records.wait_alone(job_id, own, gone=[own, *gone]):
                return False
            self.joined(job_id)
            return True

    @contextmanager
    def waiting_on(self, job_id: str) -> Generator[None]:
        """Wait for a joined job in this block.

        If the block succeeds, `answer` later records that the wait is over; otherwise, call `left`.
        """
        try:
            yield
        finally:
            self._counts[job_id] -= 1
            if not self._counts[job_id]:
                del self._counts[job_id]

    async def left(self, job_id: str) -> None:
        """Record that no call of this process waits for the job, if that is the case."""
        async with self._joining:
            if not self.any_for(job_id):
                try:
                    await self.records.leave(job_id, await self.owners.own())
                except MediaError as error:
                    _log.warning("could not record that no call waits for job %s: %s", job_id, error.message)

    async def answer(self, job_id: str, *, answered: bool) -> None:
        """Record whether the job's answer has left the server, and whether calls still wait for it.

        Raises:
            MediaError: the library cannot be used.
        """
        async with self._joining:
            own = await self.owners.own()
            await self.records.save_answer(job_id, own, answered=answered, waits=self.any_for(job_id))
