"""The jobs that this process works on, each until its end is recorded."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

import anyio
from anyio.abc import TaskGroup

from mediasmith.jobs.active_job import ActiveJob
from mediasmith.jobs.job_outcome import error_of, internal_error, state_of
from mediasmith.jobs.recovery import Recovery
from mediasmith.jobs.runner.protocols import Wakeups
from mediasmith.jobs.saved_plans import SavedPlans
from mediasmith.plugin.errors import MediaError, error_record
from mediasmith.runtime.clock import Clock
from mediasmith.runtime.redaction import describe_exception
from mediasmith.runtime.telemetry import observe_job
from mediasmith.storage.library.records import Job
from mediasmith.storage.library.store import Library

_log = logging.getLogger(__name__)

_UNWINDING_SECONDS = 0.2
"""Seconds that stopped work is given before its state is recorded; a busy thread may take longer."""


@dataclass(frozen=True, kw_only=True)
class RunningJobs:
    """Runs jobs in the background, and records how they ended."""

    task_group: TaskGroup
    library: Library
    recovery: Recovery
    plans: SavedPlans
    wakeups: Wakeups
    clock: Clock
    _active: dict[str, ActiveJob] = field(default_factory=dict[str, ActiveJob])

    def get(self, job_id: str) -> ActiveJob | None:
        """Return the job, while this process works on it."""
        return self._active.get(job_id)

    async def look_up(self, job: Job) -> Job:
        """Return a job, of whichever process, in its current state."""
        active = self._active.get(job.id)
        return active.job if active else await self.library.job(job.id, principal=job.principal) or job

    def all(self) -> list[ActiveJob]:
        """Return the jobs that this process works on."""
        return list(self._active.values())

    def start(self, active: ActiveJob, work: Callable[[], Awaitable[None]]) -> None:
        """Do the work of a job in the background, to its recorded end."""
        self._active[active.job.id] = active
        self.task_group.start_soon(self._run, active, work)

    async def stopped(self) -> None:
        """Wait a moment until no code works on the jobs, whose work was cancelled."""
        with anyio.move_on_after(_UNWINDING_SECONDS):
            for active in self.all():
                await active.released.wait()

    async def record_all(self) -> None:
        """Record where the jobs stand as for a process that died: they stay this owner's, for others to take over."""
        for active in self.all():
            await self._log_failure(active, self.recovery.mend(active))
            await self._finish(active, keep=True)

    async def _run(self, active: ActiveJob, work: Callable[[], Awaitable[None]]) -> None:
        """Do the work to its recorded end. No exception may leave: one would end the server."""
        try:
            with observe_job(active.job.id, active.job.kind) as observed:
                await self._work(active, work)
                theirs = False
                with anyio.CancelScope(shield=True):
                    theirs = active.taken_over and await self._is_theirs(active)
                    await (self._log_failure(active, active.destination.close()) if theirs else self._finish(active))
                observed.state = "running" if theirs else active.job.state
            del self._active[active.job.id]
            active.done.set()
        finally:
            active.released.set()

    async def _work(self, active: ActiveJob, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - the top of a job
            _log.error("job %s was stopped by %s", active.job.id, describe_exception(error))
            active.plan_saved = False  # another process would fail in the same way
            await self._log_failure(active, self.recovery.mend(active))
            active.errors = dict.fromkeys(range(len(active.spec.prompts)), internal_error(error))

    async def _is_theirs(self, active: ActiveJob) -> bool:
        """Return whether a job is still for the process that has taken it over to end; catch up on what that has done.

        If that has ended it meanwhile, its end has to be recorded again, with what was made here.
        """
        _log.warning("job %s was taken over by another process", active.job.id)
        own = active.job.owner
        try:
            job = await self.library.job(active.job.id, principal=active.job.principal)
            await self.recovery.read_again(active)
        except MediaError as error:
            _log.warning("what became of job %s cannot be read: %s", active.job.id, error.message)
            return True
        active.job = job or active.job
        return active.job.state == "running" and active.job.owner != own

    async def _finish(self, active: ActiveJob, *, keep: bool = False) -> None:
        """Record the end of the work on a job. One that is still running is left to other processes, unless kept."""
        await self._log_failure(active, self.recovery.hear_late_news(active))
        state = state_of(active)
        error = error_of(active, state)
        active.job = replace(
            active.job, state=state, updated=self.clock.now(), error=error_record(error) if error else None
        )
        if state == "running" and not keep:
            await self._log_failure(active, self.library.give_up(active.job))
        else:
            await self._log_failure(active, self.library.save_job(active.job))
        if not keep:
            self.wakeups.wake(active.job.id)
        await self._log_failure(active, self.plans.forget(active))
        await self._log_failure(active, active.destination.close())

    async def _log_failure(self, active: ActiveJob, step: Awaitable[None]) -> None:
        """Take a step of the job's end. What cannot be recorded now is found as it was by the next call."""
        try:
            await step
        except Exception as error:  # noqa: BLE001 - as in `_run`
            reason = error.message if isinstance(error, MediaError) else describe_exception(error)
            _log.warning("the end of job %s could not be recorded: %s", active.job.id, reason)
