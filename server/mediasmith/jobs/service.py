"""Jobs: start, wait for, cancel and adopt them. A job outlives the call that started it, and the process.

The work runs in the server's own task group, never in the request: a client's timeout looks just like a user's Esc,
so a cancelled call never cancels a job.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial

import anyio
from anyio import to_thread
from anyio.abc import TaskGroup

from mediasmith.config.caller import Notify
from mediasmith.jobs.active_job import ActiveJob
from mediasmith.jobs.adoption import Adopter
from mediasmith.jobs.attach import Attachments
from mediasmith.jobs.cancellation import Canceller
from mediasmith.jobs.dispatch import Dispatcher, JobPlan
from mediasmith.jobs.recovery import Recovery
from mediasmith.jobs.runner.ownership import UNCLAIMED, is_elsewhere
from mediasmith.jobs.runner.protocols import Owners, Wakeups
from mediasmith.jobs.running_jobs import RunningJobs
from mediasmith.jobs.saved_plans import SavedPlans
from mediasmith.jobs.waiting_calls import WaitingCalls
from mediasmith.plugin.errors import MediaError
from mediasmith.runtime.clock import Clock
from mediasmith.runtime.timeouts import wait_for_event
from mediasmith.storage.library.calls import CallKey
from mediasmith.storage.library.records import Job, Task
from mediasmith.storage.library.store import Library

_log = logging.getLogger(__name__)

_NOTIFY_SECONDS = 5.0
"""Seconds between two signs of life to a waiting caller."""

_DRAIN_SECONDS = 0.1
"""Seconds between two looks at the requests that are out, whose answers a process waits for before it ends."""

_RELEASE_SECONDS = 10.0
"""Seconds that a process that ends waits for a database. Every step was recorded before it was taken."""

_MOMENT = 1.0
"""Seconds after which a list shows a job that was just adopted, whether it has ended or not."""

ELSEWHERE = "another server process works on it"
"""The progress message of a job that this process only watches."""


@dataclass(kw_only=True)
class JobService:
    """The jobs of this process, and through the library those of others.

    `cancel_elsewhere` cancels a job of another process. `plan_after`: the plan of what is still queued after so many
    seconds is saved without being asked for, so that others can send it if this process dies.
    """

    task_group: TaskGroup
    library: Library
    running: RunningJobs
    adopter: Adopter
    dispatcher: Dispatcher
    recovery: Recovery
    canceller: Canceller
    attachments: Attachments
    waiting: WaitingCalls
    plans: SavedPlans
    owners: Owners
    wakeups: Wakeups
    clock: Clock
    cancel_elsewhere: Callable[[Job], Awaitable[None]]
    plan_after: float | None = None
    _plans: dict[str, JobPlan] = field(default_factory=dict[str, JobPlan])
    _handing_over: set[str] = field(default_factory=set[str])
    _draining: bool = False
    _waits: set[anyio.CancelScope] = field(default_factory=set[anyio.CancelScope])

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
        if not self.adopter.works:
            with anyio.CancelScope(shield=True):
                await self._hand_over(plan, active)
        self.waiting.joined(active.job.id)
        if self.adopter.works:
            self._work_on(plan, active, tasks)
        return True

    def _work_on(self, plan: JobPlan, active: ActiveJob, tasks: Sequence[Task]) -> None:
        self._plans[active.job.id] = plan
        self.running.start(active, partial(self._make, plan, active, tasks))
        if self.plan_after is not None:
            self.task_group.start_soon(self._promise_later, active, self.plan_after)

    async def _hand_over(self, plan: JobPlan, active: ActiveJob) -> None:
        """Leave a job that was recorded to the processes that work."""
        job = active.job
        self._handing_over.add(job.id)
        try:
            await self._save_plan(plan, active)
            await self.library.pass_on(job.id, old=job.owner, new=UNCLAIMED)
        finally:
            self._handing_over.remove(job.id)
        self.wakeups.announce_work()

    async def _save_plan(self, plan: JobPlan, active: ActiveJob) -> None:
        try:
            await self.plans.save(plan, active)
        except MediaError as error:
            await self.recovery.end_unsent(active.job, error, at=self.clock.now())
            await self.waiting.left(active.job.id)
            raise
        finally:
            await active.destination.close()
            await _remove_inputs(plan)

    async def resume_forgotten(self, job: Job) -> None:
        """Continue a running job of this process on which it does not work: its caller was told that it failed.

        A process that does no jobs leaves it to others, and what is queued is not sent: that caller may call again.

        Raises:
            MediaError: the library cannot be used.
        """
        if self.adopter.works:
            await self.adopter.adopt_or_leave(job)
        elif job.id not in self._handing_over:
            await self.adopter.disown(job)
            self.wakeups.announce_work()

    async def _promise_later(self, active: ActiveJob, seconds: float) -> None:
        await wait_for_event(self.clock, seconds, active.done)
        if active.queued:
            await self.promise(active.job.id)

    async def _make(self, plan: JobPlan, active: ActiveJob, tasks: Sequence[Task]) -> None:
        try:
            await self.dispatcher.run(plan, active, tasks)
        finally:
            del self._plans[active.job.id]
            await _remove_inputs(plan)

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
        with self._ended_by_drain(), self.wakeups.watch(job.id) as watch:
            while job.state == "running" and (left := seconds - (self.clock.now() - started)) > 0:
                active = self.running.get(job.id)
                if active is not None:
                    await wait_for_event(self.clock, min(_NOTIFY_SECONDS, left), active.done)
                    job = active.job
                    await self._notify(notify, job, started, active.describe_progress(), active.progress)
                elif not self.adopter.works or await is_elsewhere(self.owners, job):
                    await watch.wait(min(_NOTIFY_SECONDS, left))
                    job = await self.running.look_up(job)
                    await self._notify(notify, job, started, ELSEWHERE, None)
                else:
                    job = await self.running.look_up(job)
                    if job.state != "running" or not job.owner:
                        return job  # it has ended, or waits to be collected
                    await self.adopter.adopt_or_leave(job)  # its process has died
                    if self.running.get(job.id) is None:
                        await watch.wait(min(_NOTIFY_SECONDS, left))
        return job

    async def current(self, jobs: Sequence[Job]) -> list[Job]:
        """Return listed jobs as asking for each would show them: those whose process has died are adopted."""
        owners = {job.owner for job in jobs if job.state == "running" and job.owner not in {"", UNCLAIMED}}
        dead = owners - {*await self.owners.living(owners)} if owners and self.adopter.works else set[str]()
        orphans = {job.id: job for job in jobs if job.state == "running" and job.owner in dead}

        async def adopt(job: Job) -> None:
            await self.adopter.adopt_or_leave(job)
            orphans[job.id] = await self.wait(await self.running.look_up(job), seconds=_MOMENT)

        async with anyio.create_task_group() as task_group:
            for job in list(orphans.values()):
                task_group.start_soon(adopt, job)
        return [orphans.get(job.id, job) for job in jobs]

    @contextmanager
    def _ended_by_drain(self) -> Generator[None]:
        """Wait in this block, unless the process is about to end."""
        with anyio.CancelScope() as scope:
            self._waits.add(scope)
            try:
                if self._draining:
                    scope.cancel()
                yield
            finally:
                self._waits.discard(scope)

    async def _notify(
        self, notify: Notify | None, job: Job, started: float, message: str, progress: float | None
    ) -> None:
        if notify is not None and job.state == "running":
            await notify(self.clock.now() - started, message, progress)

    async def cancel(self, job: Job) -> None:
        """Stop a job, at the provider too. One that has ended stays as it is.

        Raises:
            InvalidRequest: all or some of it continues; the message says why.
        """
        active = await self.adopter.take_to_cancel(job)
        if active is not None:
            await self.canceller.finish(active)
        elif (await self.running.look_up(job)).state == "running":
            await self.cancel_elsewhere(job)

    def cancel_here(self, job_id: str) -> None:
        """Stop a job that another process was asked to stop, if this one works on it."""
        active = self.running.get(job_id)
        if active is not None and not active.cancel.requested:
            active.cancel.request()
            self.task_group.start_soon(active.cancel.wait_for_handles, self.clock)

    async def drain(self) -> None:
        """Prepare for the end of the process: end all waits, send nothing more, and wait for answers that are due.

        What is not sent is for other processes to send.
        """
        self._draining = True
        self.adopter.close()
        for scope in self._waits:
            scope.cancel()
        for active in self.running.all():
            active.held = True
            await self.promise(active.job.id)
        while any(active.is_sending for active in self.running.all()):
            await self.clock.sleep(_DRAIN_SECONDS)

    async def release(self) -> None:
        """Record where this process's jobs stand as for one that died, for others to continue, if that can be done."""
        with anyio.move_on_after(_RELEASE_SECONDS, shield=True):
            await self.running.stopped()
            await self.attachments.flush()
            await self.running.record_all()
            with suppress(MediaError):  # the lock goes with the process
                await self.owners.release()


async def _remove_inputs(plan: JobPlan) -> None:
    """Remove the files that were kept for a plan."""
    if plan.origin_file is not None or any(candidate.inputs for candidate in plan.candidates):  # else nothing is there
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(shutil.rmtree, plan.scratch, True)
