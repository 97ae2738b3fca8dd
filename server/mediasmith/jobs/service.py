"""Jobs: start, wait, cancel, take over. A job outlives the call that started it, and the process.

The work runs in the server's own task group, never in the request: a client's timeout looks just like a user's Esc,
so a cancelled call never cancels a job.
"""

from __future__ import annotations

import logging
import shutil
from collections import Counter
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import anyio
from anyio import to_thread
from anyio.abc import TaskGroup

from mediasmith.config.caller import Notify
from mediasmith.jobs.active_job import ActiveJob
from mediasmith.jobs.dispatch import Dispatcher, JobPlan
from mediasmith.jobs.ownership import Owner, alive
from mediasmith.jobs.recovery import Recovery
from mediasmith.plugin.errors import Billed, Cancelled, InvalidRequest, MediaError, error_record
from mediasmith.runtime.clock import Clock
from mediasmith.runtime.redaction import describe_exception
from mediasmith.runtime.timeouts import wait_for_event
from mediasmith.storage.library.records import Job, JobState, Phase
from mediasmith.storage.library.store import Library

_log = logging.getLogger(__name__)

_HEARTBEAT = 5.0
"""Seconds between two signs of life to a waiting caller."""

_WATCH = 1.0
"""Seconds between two looks at a job that another process works on."""

_UNWINDING = 0.2
"""Seconds that stopped work is given before its state is recorded; a busy thread may take longer."""

_STARTING = 10.0
"""Seconds that a cancel waits for the handle of a request that is out."""

_ENDING = 10.0
"""Seconds that a cancel waits for the end, once nothing more is sent."""

_UNFINISHED: frozenset[Phase] = frozenset({"queued", "sending", "accepted"})


@dataclass(kw_only=True)
class JobService:
    """The jobs of this process, and through the library those of the others. `folder` holds the owners' locks."""

    task_group: TaskGroup
    library: Library
    making: Dispatcher
    recovery: Recovery
    clock: Clock
    folder: Path
    _live: dict[str, ActiveJob] = field(default_factory=dict[str, ActiveJob])
    _answered: set[str] = field(default_factory=set[str])
    _owner: Owner | None = None
    _claiming: anyio.Lock = field(default_factory=anyio.Lock)
    _sweeping: anyio.Lock = field(default_factory=anyio.Lock)
    _taking: anyio.Lock = field(default_factory=anyio.Lock)
    _swept: bool = False

    async def owner(self) -> str:
        """The id under which this process owns its jobs; claimed at its first use."""
        async with self._claiming:
            if self._owner is None:
                self._owner = await to_thread.run_sync(Owner.claim, self.folder)
        return self._owner.id

    def active(self, job_id: str) -> ActiveJob | None:
        """The job, while this process works on it."""
        return self._live.get(job_id)

    async def start(self, plan: JobPlan) -> None:
        """Record the job, and let it run in the background. A cancelled call leaves neither half done."""
        active = ActiveJob(job=plan.job, spec=plan.spec, destination=plan.destination)
        tasks = self.making.begin(plan, active)
        with anyio.CancelScope(shield=True):
            await self.library.add_job(active.job, tasks)
        self._live[active.job.id] = active

        async def make() -> None:
            try:
                await self.making.make(plan, active, tasks)
            finally:
                if any(candidate.inputs for candidate in plan.candidates):  # else nothing was put there
                    with anyio.CancelScope(shield=True):
                        await to_thread.run_sync(shutil.rmtree, plan.scratch, True)

        self.task_group.start_soon(self._run, active, make)

    async def wait(self, job: Job, *, seconds: float, notify: Notify | None = None) -> Job:
        """The job once it has ended, or as it stands after so many seconds."""
        started = self.clock.now()
        while job.state == "running" and (left := seconds - (self.clock.now() - started)) > 0:
            active = self._live.get(job.id)
            if active is None and not await self.elsewhere(job):
                break  # nobody works on it: it waits to be collected
            with _waited_for(active):
                await self._pause(active, left)
                job = active.job if active else await self.look(job)
                if notify is not None and job.state == "running":
                    await notify(
                        self.clock.now() - started, describe_progress(active), active.progress if active else None
                    )
        return job

    def answered(self, job_id: str) -> None:
        """The job's answer is leaving the server."""
        self._answered.add(job_id)
        self.task_group.start_soon(self._record_answered, job_id)

    def was_answered(self, job_id: str) -> bool:
        """Whether the job's answer has left, and that is not recorded yet."""
        return job_id in self._answered

    async def look(self, job: Job) -> Job:
        """The job as it stands now."""
        active = self._live.get(job.id)
        return active.job if active else await self.library.job(job.id, principal=job.principal) or job

    async def elsewhere(self, job: Job) -> bool:
        """Whether another living process works on it."""
        if job.owner == await self.owner():
            return False
        return await to_thread.run_sync(alive, self.folder, job.owner)

    async def cancel(self, job: Job) -> None:
        """Stop a job, at the provider too. One that has ended stays as it is.

        Nothing more is sent. What cannot be stopped is collected, unless that does not get on any more.

        Raises:
            InvalidRequest: the job goes on, for its provider cannot stop what it has begun, or has made it already; or
                another process works on it, and not all of it could be stopped from here.
        """
        async with self._taking:
            job = await self.look(job)
            if job.state != "running":
                return
            active = self._live.get(job.id)
            mine = active is not None or not await self.elsewhere(job)
            if active is None and mine:
                if not await self._claimed(job):
                    raise InvalidRequest("Another server process has just taken this job over.", "Ask again.")
                active = await self._take(job)
                self.task_group.start_soon(self._run, active, partial(self.recovery.cancel, active))
            if active is not None:
                active.cancel()
        if active is None:
            await self._cancel_elsewhere(job)
            return
        self.task_group.start_soon(self._let_start, active)
        await active.settled.wait()
        self._refuse_unstoppable(active)
        if not await wait_for_event(self.clock, _ENDING, active.done):
            raise _goes_on(active, "What was made is still being saved, so the job goes on.")

    async def sweep(self) -> bool:
        """Take over the unfinished jobs of processes that are gone, once in a process; whether it was now."""
        async with self._sweeping:
            if self._swept:
                return False
            for job in await self.library.unfinished():
                await self._adopt_or_leave(job)
            self._swept = True
            return True

    async def adopt(self, job: Job) -> None:
        """Go on with an unfinished job, unless a living process does.

        With a handle it is collected in the background. Without one its answer is lost: that is recorded, and
        nothing is sent again.

        Raises:
            MediaError: its folder cannot be opened any more.
        """
        async with self._taking:
            job = await self.look(job)
            idle = job.state == "running" and job.id not in self._live and not await self.elsewhere(job)
            if idle and await self._claimed(job):
                active = await self._take(job)
                self.task_group.start_soon(self._run, active, partial(self.recovery.collect, active))

    async def release(self) -> None:
        """What this process was still at is recorded as for one that died, for others to go on with."""
        with anyio.CancelScope(shield=True):
            with anyio.move_on_after(_UNWINDING):
                for active in list(self._live.values()):
                    await active.ended.wait()
            for job_id in list(self._answered):
                await self._record_answered(job_id)
            for active in list(self._live.values()):
                await self._quietly(active, self.recovery.mend(active))
                await self._finish(active)
            if self._owner is not None:
                with suppress(MediaError):  # the lock goes with the process
                    await to_thread.run_sync(self._owner.release)

    async def _adopt_or_leave(self, job: Job) -> None:
        try:
            await self.adopt(job)
        except Exception as error:  # noqa: BLE001 - one record that makes no sense must not stop the others
            _log.warning("job %s stays as it was left: %s", job.id, describe_exception(error))

    async def _claimed(self, job: Job) -> bool:
        """Whether the job is this process's from now on, and not that of one which was faster."""
        own = await self.owner()
        return job.owner == own or await self.library.claim(job.id, old=job.owner, new=own)

    async def _take(self, job: Job) -> ActiveJob:
        """The job as it was left, once it was claimed. Only one task at a time may do this."""
        own = await self.owner()
        try:
            active = await self.recovery.reopen(replace(job, owner=own, error=None))
        except MediaError:
            await self.library.claim(job.id, old=own, new=job.owner)  # another process may be able to
            raise
        self._live[job.id] = active
        return active

    async def _run(self, active: ActiveJob, work: Callable[[], Awaitable[None]]) -> None:
        """Do the work to its recorded end. No exception may leave: one would end the server."""
        try:
            try:
                await work()
            except Exception as error:  # noqa: BLE001 - one record that makes no sense must not stop the others
                _log.error("job %s was stopped by %s", active.job.id, describe_exception(error))
                await self._quietly(active, self.recovery.mend(active))
                active.errors = dict.fromkeys(range(len(active.spec.prompts)), _own_fault(error))
            with anyio.CancelScope(shield=True):
                await self._finish(active)
            del self._live[active.job.id]
            active.done.set()
        finally:
            active.ended.set()

    async def _finish(self, active: ActiveJob) -> None:
        state = _state(active)
        error = _error(active, state)
        active.job = replace(
            active.job, state=state, updated=self.clock.now(), error=error_record(error) if error else None
        )
        await self._quietly(active, self.library.save_job(active.job))
        await self._quietly(active, active.destination.close())

    async def _quietly(self, active: ActiveJob, step: Awaitable[None]) -> None:
        """What cannot be recorded now is found as it was by whoever asks for the job next."""
        try:
            await step
        except Exception as error:  # noqa: BLE001 - one record that makes no sense must not stop the others
            _log.warning("the end of job %s could not be recorded: %s", active.job.id, describe_exception(error))

    async def _record_answered(self, job_id: str) -> None:
        try:
            await self.library.mark_answered(job_id)
        except MediaError as error:
            _log.warning("that job %s was answered could not be recorded: %s", job_id, error.message)
        else:
            self._answered.discard(job_id)

    async def _pause(self, active: ActiveJob | None, left: float) -> None:
        if active is None:
            await self.clock.sleep(min(_WATCH, left))
            return
        await wait_for_event(self.clock, min(_HEARTBEAT, left), active.done)

    async def _let_start(self, active: ActiveJob) -> None:
        """Wait a little for the handles of requests that are out, and cut off those that do not come."""
        ends = self.clock.now() + _STARTING
        for scope, over in list(active.starting.items()):
            if not await wait_for_event(self.clock, ends - self.clock.now(), over):
                scope.cancel()
                await wait_for_event(self.clock, _ENDING, over)  # a thread may bring it yet
        active.settled.set()

    def _refuse_unstoppable(self, active: ActiveJob) -> None:
        """What is being made will be billed, and nothing is gained by looking away."""
        going = {
            number: candidate for number, task in active.tasks.items() if (candidate := self.recovery.unstoppable(task))
        }
        if not going:
            return
        title = next(iter(going.values())).backend.title
        wanted = len(active.spec.prompts) * active.spec.count
        files = sum(task.count for number, task in active.tasks.items() if number in going or task.phase == "done")
        rest = f" with {files} of its {wanted} files" if files < wanted else ""
        raise _goes_on(active, f"{title} cannot stop what it has begun, so the job goes on{rest}.")

    async def _cancel_elsewhere(self, job: Job) -> None:
        """Tell the providers in the other process's stead; that process will hear of it at its next poll."""
        active = await self.recovery.reopen(job)
        try:
            stopped = await self.recovery.stop_all(active)
        finally:
            await active.destination.close()
        if any(task.phase in _UNFINISHED and number not in stopped for number, task in active.tasks.items()):
            raise InvalidRequest(
                "Another server process works on this job: what it has not sent yet or cannot stop goes on.",
                "Cancel it in the session that started it, or let it end.",
            )


def _goes_on(active: ActiveJob, message: str) -> InvalidRequest:
    error = InvalidRequest(message, billed="yes")
    error.job_id = active.job.id
    return error


@contextmanager
def _waited_for(active: ActiveJob | None) -> Generator[None]:
    if active is None:
        yield
        return
    active.waiters += 1
    try:
        yield
    finally:
        active.waiters -= 1


def describe_progress(active: ActiveJob | None) -> str:
    """How a running job stands, in a few words."""
    if active is None:
        return "another server process works on it"
    percent = f"{active.progress:.0%}" if active.progress is not None else ""
    finished = sum(task.phase == "done" for task in active.tasks.values())
    tasks = f"{finished} of {len(active.tasks)} parts done" if len(active.tasks) > 1 else ""
    return ", ".join(text for text in (percent, active.message, tasks) if text) or "working"


def _state(active: ActiveJob) -> JobState:
    phases = {task.phase for task in active.tasks.values()}
    if phases & {"accepted", "saving"}:
        return "running"  # our waiting ended, the provider's work did not
    if not _lacking(active):
        return "done"
    if active.artifacts:
        return "partial"
    if "cancelled" in phases or any(isinstance(error, Cancelled) for error in active.errors.values()):
        return "cancelled"
    return "unknown" if "unknown" in phases else "failed"


def _lacking(active: ActiveJob) -> set[int]:
    """The prompts of which less was made than was asked for."""
    made = Counter(active.tasks[artifact.task].item for artifact in active.artifacts)
    cut = {task.item for task in active.tasks.values() if task.phase == "done" and not task.complete}
    return cut | {item for item in range(len(active.spec.prompts)) if made[item] < active.spec.count}


def _error(active: ActiveJob, state: JobState) -> MediaError | None:
    """Why there is not all that was asked for, and whether anything was paid for."""
    lacking = _lacking(active)
    error = next((error for item, error in active.errors.items() if item in lacking), None)
    if state == "cancelled":
        error = Cancelled()
    if error is not None and state in {"failed", "cancelled", "unknown"}:
        error.billed = _billed(active)
    elif error is not None and error.billed == "no":
        error.billed = None  # it was not, but the rest may have been
    return error


def _billed(active: ActiveJob) -> Billed:
    billed = {task.billed for task in active.tasks.values()}
    return "yes" if "yes" in billed else "unknown" if "unknown" in billed else "no"


def _own_fault(error: Exception) -> MediaError:
    return error if isinstance(error, MediaError) else MediaError(f"Mediasmith itself failed ({type(error).__name__}).")
