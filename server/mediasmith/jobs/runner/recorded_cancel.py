"""Cancel jobs across a fleet: a request is recorded and signalled, and the process that works on the job heeds it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mediasmith.jobs.cancellation import Canceller
from mediasmith.jobs.runner.pace import Pace
from mediasmith.jobs.runner.protocols import Owners, Wakeups
from mediasmith.jobs.runner.signals import Signals
from mediasmith.plugin.errors import InvalidRequest, MediaError
from mediasmith.runtime.clock import Clock
from mediasmith.storage.library.records import Job
from mediasmith.storage.library.replicas import Replicas
from mediasmith.storage.library.store import Library

if TYPE_CHECKING:
    from anyio.abc import TaskGroup

_END_SECONDS = 30.0
"""How long a cancel waits for the process that works on the job."""


@dataclass(frozen=True, kw_only=True)
class RecordedCancel:
    """Cancels jobs that other replicas work on."""

    library: Library
    replicas: Replicas
    canceller: Canceller
    wakeups: Wakeups
    signals: Signals
    clock: Clock

    async def cancel(self, job: Job) -> None:
        """Ask the process that works on a job to cancel it, and wait until it has ended.

        Raises:
            InvalidRequest: all or some of it continues; the message says why.
        """
        with self.wakeups.watch(job.id) as watch:
            await self.replicas.ask_cancel(job.id)
            self.signals.send("cancel", job.id)
            await self.canceller.check_recorded(job)
            ends = self.clock.now() + _END_SECONDS
            while job.state == "running" and (left := ends - self.clock.now()) > 0:
                await watch.wait(left)
                job = await self.library.job(job.id, principal=job.principal) or job
        if job.state == "running":
            error = InvalidRequest("The job was asked to stop and has not ended yet.", "get_job shows when it has.")
            error.job_id = job.id
            raise error


@dataclass(frozen=True, kw_only=True)
class CancelRequests:
    """What other replicas ask this one to cancel."""

    replicas: Replicas
    owners: Owners
    signals: Signals
    pace: Pace
    clock: Clock
    task_group: TaskGroup

    async def heed(self, cancel: Callable[[str], None]) -> None:
        """Cancel the jobs of this process that others have asked to cancel, by their ids, from now on."""

        def heard(job_id: str) -> None:
            if job_id:
                cancel(job_id)
            else:
                self.task_group.start_soon(self._look, cancel)

        self.signals.subscribe("cancel", heard)
        while True:
            await self._look(cancel)
            await self.clock.sleep(self.pace.sweep)

    async def _look(self, cancel: Callable[[str], None]) -> None:
        try:
            for job_id in await self.replicas.cancels(await self.owners.own()):
                cancel(job_id)
        except MediaError:
            return  # the next look may find them
