"""Take over jobs that no living process works on: continue them, or end them where their caller wants that."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from functools import partial

import anyio

from mediasmith.jobs.active_job import ActiveJob
from mediasmith.jobs.cancellation import Canceller
from mediasmith.jobs.dispatch import Dispatcher
from mediasmith.jobs.recovery import Recovery
from mediasmith.jobs.runner.ownership import UNCLAIMED, is_elsewhere
from mediasmith.jobs.runner.protocols import Owners
from mediasmith.jobs.running_jobs import RunningJobs
from mediasmith.jobs.saved_plans import SavedPlans
from mediasmith.plugin.errors import InvalidRequest, MediaError
from mediasmith.runtime.clock import Clock
from mediasmith.runtime.redaction import describe_exception
from mediasmith.storage.library.records import Job
from mediasmith.storage.library.store import Library

_log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class Adopter:
    """Takes jobs over.

    `works`: this process does jobs, and not only records them for others. `sweeps`: its first call has it look for
    unfinished jobs; in a fleet, a `Sweeper` does that all the time.
    """

    library: Library
    running: RunningJobs
    dispatcher: Dispatcher
    recovery: Recovery
    canceller: Canceller
    plans: SavedPlans
    owners: Owners
    clock: Clock
    works: bool = True
    sweeps: bool = True
    _sweeping: anyio.Lock = field(default_factory=anyio.Lock)
    _adopting: anyio.Lock = field(default_factory=anyio.Lock)
    _swept: bool = False
    _closed: bool = False

    async def sweep(self) -> bool:
        """Adopt the unfinished jobs of processes that are gone, at the first call; return whether this is that."""
        async with self._sweeping:
            if self._swept:
                return False
            for job in await self.library.unfinished() if self.sweeps else ():
                await self.adopt_or_leave(job)
            self._swept = True
            return True

    async def adopt(self, job: Job) -> None:
        """Continue an unfinished job, unless a living process does.

        With a handle it is collected in the background. What is queued and was promised is sent, if it still may be.
        Otherwise its answer is lost: that is recorded, and nothing is sent again.

        Raises:
            MediaError: its folder can no longer be opened.
        """
        async with self._adopting:
            if not self.works or self._closed:
                return
            job = await self.running.look_up(job)
            if not await self._is_idle(job) or not await self._claim(job):
                return
            try:
                active = await self._take(job)
            except MediaError as error:
                if not await self.recovery.end_unsent(job, error, at=self.clock.now()):
                    raise
            else:
                self.running.start(active, partial(self._continue, active))

    async def adopt_or_leave(self, job: Job) -> None:
        """Do as `adopt`, and leave a job that cannot be adopted as it is."""
        try:
            await self.adopt(job)
        except Exception as error:  # noqa: BLE001 - one record that cannot be read must not stop the others
            _log.warning("job %s stays as it was left: %s", job.id, describe_exception(error))

    async def disown(self, job: Job) -> None:
        """Leave a running job of this process to others, without what is queued, unless this one works on it."""
        async with self._adopting:
            if self.running.get(job.id) is None and await self.library.claim(job.id, old=job.owner, new=job.owner):
                await self.library.calls.delete_plan(job.id)
                await self.library.claim(job.id, old=job.owner, new=UNCLAIMED)

    async def take_to_cancel(self, job: Job) -> ActiveJob | None:
        """Cancel a running job that is this process's, or that no living process works on; return it.

        Return None for any other job.

        Raises:
            InvalidRequest: another process was faster.
        """
        async with self._adopting:
            job = await self.running.look_up(job)
            active = self.running.get(job.id)
            if active is None and await self._is_idle(job):
                if not await self._claim(job):
                    raise InvalidRequest("Another server process has just taken this job over.", "Ask again.")
                active = await self._take(job)
                self.running.start(active, partial(self.canceller.end_recovered, active))
            if active is not None and job.state == "running":
                active.cancel.request()
                return active
            return None

    def close(self) -> None:
        """Take nothing more over."""
        self._closed = True

    async def _continue(self, active: ActiveJob) -> None:
        """Do what is left of a job that was taken over."""
        await self.recovery.mend(active)
        async with anyio.create_task_group() as task_group:
            task_group.start_soon(self.recovery.collect, active)
            if active.queued:
                task_group.start_soon(self._send_queued, active)

    async def _send_queued(self, active: ActiveJob) -> None:
        try:
            plan = await self.plans.restore(active)
        except MediaError as error:
            for task in active.queued:
                active.errors[task.item] = error
                await self.recovery.execution.end(active, task.number, "failed", error)
            return
        await self.dispatcher.resume(plan, active)

    async def _is_idle(self, job: Job) -> bool:
        """Return whether a job is unfinished, and no living process works on it."""
        return job.state == "running" and self.running.get(job.id) is None and not await is_elsewhere(self.owners, job)

    async def _claim(self, job: Job) -> bool:
        """Return whether the job is this process's from now on, and not that of one which was faster."""
        own = await self.owners.own()
        return job.owner == own or await self.library.claim(job.id, old=job.owner, new=own)

    async def _take(self, job: Job) -> ActiveJob:
        """Return a claimed job as it was left. Only one task at a time may do this."""
        own = await self.owners.own()
        try:
            active = await self.recovery.reopen(replace(job, owner=own, error=None))
        except MediaError:
            await self.library.claim(job.id, old=own, new=job.owner)  # another process may be able to
            raise
        return active
