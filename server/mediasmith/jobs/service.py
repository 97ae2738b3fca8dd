"""Jobs: start, wait for, cancel and adopt them. A job outlives the call that started it, and the process.

The work runs in the server's own task group, never in the request: a client's timeout looks just like a user's Esc,
so a cancelled call never cancels a job.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial

import anyio
from anyio import to_thread
from anyio.abc import TaskGroup

from mediasmith.config.caller import Notify
from mediasmith.jobs.active_job import ActiveJob
from mediasmith.jobs.attach import Attachments
from mediasmith.jobs.cancellation import Canceller
from mediasmith.jobs.dispatch import Dispatcher, JobPlan
from mediasmith.jobs.recovery import Recovery
from mediasmith.jobs.runner.protocols import Owners, Wakeups
from mediasmith.jobs.running_jobs import RunningJobs
from mediasmith.jobs.saved_plans import SavedPlans
from mediasmith.jobs.waiting_calls import WaitingCalls
from mediasmith.plugin.errors import InvalidRequest, MediaError
from mediasmith.runtime.clock import Clock
from mediasmith.runtime.redaction import describe_exception
from mediasmith.runtime.timeouts import wait_for_event
from mediasmith.storage.library.calls import CallKey
from mediasmith.storage.library.records import Job, Task
from mediasmith.storage.library.store import Library

_log = logging.getLogger(__name__)

_NOTIFY_SECONDS = 5.0
"""Seconds between two signs of life to a waiting caller."""

ELSEWHERE = "another server process works on it"
"""The progress message of a job that this process only watches."""


@dataclass(kw_only=True)
class JobService:
    """The jobs of this process, and through the library those of others."""

    task_group: TaskGroup
    library: Library
    running: RunningJobs
    dispatcher: Dispatcher
    recovery: Recovery
    canceller: Canceller
    attachments: Attachments
    waiting: WaitingCalls
    plans: SavedPlans
    owners: Owners
    wakeups: Wakeups
    clock: Clock
    _plans: dict[str, JobPlan] = field(default_factory=dict[str, JobPlan])
    _sweeping: anyio.Lock = field(default_factory=anyio.Lock)
    _adopting: anyio.Lock = field(default_factory=anyio.Lock)
    _swept: bool = False

    def active(self, job_id: str) -> ActiveJob | None:
        """Return the job, while this process works on it."""
        return self.running.get(job_id)

    async def start(self, plan: JobPlan, key: CallKey, *, replaces: str = "") -> bool:
        """Record the job for a call that has thereby joined it, and run it in the background.

        Return False, with nothing done, where an earlier job is to answer that call: see `Library.add_job`. A
        cancelled call leaves nothing half done.

        Raises:
            OverBudget: other requests have used up the day's budget since this one was planned.
        """
        active = ActiveJob(job=plan.job, spec=plan.spec, destination=plan.destination)
        tasks = self.dispatcher.first_tasks(plan, active)
        with anyio.CancelScope(shield=True):
            allowance = plan.allowance
            if not await self.library.add_job(active.job, tasks, key=key, replaces=replaces, allowance=allowance):
                return False
        self.waiting.joined(active.job.id)
        self._plans[active.job.id] = plan
        self.running.start(active, partial(self._make, plan, active, tasks))
        return True

    async def _make(self, plan: JobPlan, active: ActiveJob, tasks: Sequence[Task]) -> None:
        try:
            await self.dispatcher.run(plan, active, tasks)
        finally:
            del self._plans[active.job.id]
            if any(candidate.inputs for candidate in plan.candidates):  # else nothing was kept there
                with anyio.CancelScope(shield=True):
                    await to_thread.run_sync(shutil.rmtree, plan.scratch, True)

    async def promise(self, job_id: str) -> None:
        """Let another process send what is still queued, if this one ends first. Call this before saying `running`.

        If the plan cannot be saved, such a job ends as not sent.
        """
        active, plan = self.running.get(job_id), self._plans.get(job_id)
        if active is None or plan is None:
            return
        try:
            await self.plans.save(plan, active)
        except MediaError as error:
            _log.warning("the plan of job %s could not be saved: %s", job_id, error.message)

    @contextmanager
    def waiting_on(self, job_id: str) -> Generator[None]:
        """Wait in this block for a job that the call has joined. If it fails, record that the wait is over."""
        try:
            with self.waiting.waiting_on(job_id):
                yield
        except BaseException:
            self.task_group.start_soon(self.waiting.left, job_id)
            raise

    async def wait(self, job: Job, *, seconds: float, notify: Notify | None = None) -> Job:
        """Return the job, which the call has joined, once it has ended, or in its current state after `seconds`."""
        started = self.clock.now()
        with self.wakeups.watch(job.id) as watch:
            while job.state == "running" and (left := seconds - (self.clock.now() - started)) > 0:
                active = self.running.get(job.id)
                if active is not None:
                    await wait_for_event(self.clock, min(_NOTIFY_SECONDS, left), active.done)
                    job = active.job
                    await self._notify(notify, job, started, active.describe_progress(), active.progress)
                elif await self.is_elsewhere(job):
                    await watch.wait(min(_NOTIFY_SECONDS, left))
                    job = await self.look_up(job)
                    await self._notify(notify, job, started, ELSEWHERE, None)
                else:
                    return await self.look_up(job)  # no process works on it: it has ended, or waits to be collected
        return job

    async def _notify(
        self, notify: Notify | None, job: Job, started: float, message: str, progress: float | None
    ) -> None:
        if notify is not None and job.state == "running":
            await notify(self.clock.now() - started, message, progress)

    async def look_up(self, job: Job) -> Job:
        """Return the job in its current state."""
        active = self.running.get(job.id)
        return active.job if active else await self.library.job(job.id, principal=job.principal) or job

    async def is_elsewhere(self, job: Job) -> bool:
        """Return whether another living process works on it."""
        return await self.waiting.belongs_to_other(job)

    async def cancel(self, job: Job) -> None:
        """Stop a job, at the provider too. One that has ended stays as it is.

        Raises:
            InvalidRequest: all or some of it continues; the message says why.
        """
        async with self._adopting:
            job = await self.look_up(job)
            if job.state != "running":
                return
            active = self.running.get(job.id)
            if active is None and not await self.is_elsewhere(job):
                if not await self._claim(job):
                    raise InvalidRequest("Another server process has just taken this job over.", "Ask again.")
                active = await self._take(job)
                self.running.start(active, partial(self.canceller.end_recovered, active))
            if active is not None:
                active.cancel.request()
        if active is None:
            await self.canceller.cancel_elsewhere(job)
        else:
            await self.canceller.finish(active)

    async def sweep(self) -> bool:
        """Adopt the unfinished jobs of processes that are gone, once in a process; return whether it was now."""
        async with self._sweeping:
            if self._swept:
                return False
            for job in await self.library.unfinished():
                await self._adopt_or_leave(job)
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
            job = await self.look_up(job)
            idle = job.state == "running" and self.running.get(job.id) is None and not await self.is_elsewhere(job)
            if not idle or not await self._claim(job):
                return
            try:
                active = await self._take(job)
            except MediaError as error:
                if not await self.recovery.end_unsent(job, error, at=self.clock.now()):
                    raise
            else:
                self.running.start(active, partial(self._continue, active))

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

    async def release(self) -> None:
        """Record where this process's jobs stand as for one that died, for others to continue."""
        with anyio.CancelScope(shield=True):
            await self.running.stopped()
            await self.attachments.flush()
            await self.running.record_all()
            with suppress(MediaError):  # the lock goes with the process
                await self.owners.release()

    async def _adopt_or_leave(self, job: Job) -> None:
        try:
            await self.adopt(job)
        except Exception as error:  # noqa: BLE001 - one record that cannot be read must not stop the others
            _log.warning("job %s stays as it was left: %s", job.id, describe_exception(error))

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
