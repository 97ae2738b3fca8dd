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

from mediasmith.caller import Notify
from mediasmith.clock import Clock
from mediasmith.errors import Billed, Cancelled, InvalidRequest, MediaError
from mediasmith.library import Job, JobState, Library, Phase
from mediasmith.live import Live
from mediasmith.making import Making, Plan
from mediasmith.owners import Owner, alive
from mediasmith.parts import described
from mediasmith.recovery import Recovery
from mediasmith.redact import told
from mediasmith.waiting import happens

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
class Jobs:
    """The jobs of this process, and through the library those of the others. `folder` holds the owners' locks."""

    tasks: TaskGroup
    library: Library
    making: Making
    recovery: Recovery
    clock: Clock
    folder: Path
    _live: dict[str, Live] = field(default_factory=dict[str, Live])
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

    def live(self, job_id: str) -> Live | None:
        """The job, while this process works on it."""
        return self._live.get(job_id)

    async def start(self, plan: Plan) -> None:
        """Record the job, and let it run in the background. A cancelled call leaves neither half done."""
        live = Live(job=plan.job, errand=plan.errand, destination=plan.destination)
        parts = self.making.begin(plan, live)
        with anyio.CancelScope(shield=True):
            await self.library.add_job(live.job, parts)
        self._live[live.job.id] = live

        async def make() -> None:
            try:
                await self.making.make(plan, live, parts)
            finally:
                if any(choice.inputs for choice in plan.choices):  # else nothing was put there
                    with anyio.CancelScope(shield=True):
                        await to_thread.run_sync(shutil.rmtree, plan.scratch, True)

        self.tasks.start_soon(self._run, live, make)

    async def wait(self, job: Job, *, seconds: float, notify: Notify | None = None) -> Job:
        """The job once it has ended, or as it stands after so many seconds."""
        started = self.clock.now()
        while job.state == "running" and (left := seconds - (self.clock.now() - started)) > 0:
            live = self._live.get(job.id)
            if live is None and not await self.elsewhere(job):
                break  # nobody works on it: it waits to be collected
            with _waited_for(live):
                await self._pause(live, left)
                job = live.job if live else await self.look(job)
                if notify is not None and job.state == "running":
                    await notify(self.clock.now() - started, standing(live), live.progress if live else None)
        return job

    def answered(self, job_id: str) -> None:
        """The job's answer is leaving the server."""
        self._answered.add(job_id)
        self.tasks.start_soon(self._record_answered, job_id)

    def was_answered(self, job_id: str) -> bool:
        """Whether the job's answer has left, and that is not recorded yet."""
        return job_id in self._answered

    async def look(self, job: Job) -> Job:
        """The job as it stands now."""
        live = self._live.get(job.id)
        return live.job if live else await self.library.job(job.id, principal=job.principal) or job

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
            live = self._live.get(job.id)
            mine = live is not None or not await self.elsewhere(job)
            if live is None and mine:
                if not await self._claimed(job):
                    raise InvalidRequest("Another server process has just taken this job over.", "Ask again.")
                live = await self._take(job)
                self.tasks.start_soon(self._run, live, partial(self.recovery.cancel, live))
            if live is not None:
                live.cancel()
        if live is None:
            await self._cancel_elsewhere(job)
            return
        self.tasks.start_soon(self._let_start, live)
        await live.settled.wait()
        self._refuse_unstoppable(live)
        if not await happens(self.clock, _ENDING, live.done):
            raise _goes_on(live, "What was made is still being saved, so the job goes on.")

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
                live = await self._take(job)
                self.tasks.start_soon(self._run, live, partial(self.recovery.collect, live))

    async def release(self) -> None:
        """What this process was still at is recorded as for one that died, for others to go on with."""
        with anyio.CancelScope(shield=True):
            with anyio.move_on_after(_UNWINDING):
                for live in list(self._live.values()):
                    await live.ended.wait()
            for job_id in list(self._answered):
                await self._record_answered(job_id)
            for live in list(self._live.values()):
                await self._quietly(live, self.recovery.mend(live))
                await self._finish(live)
            if self._owner is not None:
                with suppress(MediaError):  # the lock goes with the process
                    await to_thread.run_sync(self._owner.release)

    async def _adopt_or_leave(self, job: Job) -> None:
        try:
            await self.adopt(job)
        except Exception as error:  # noqa: BLE001 - one record that makes no sense must not stop the others
            _log.warning("job %s stays as it was left: %s", job.id, told(error))

    async def _claimed(self, job: Job) -> bool:
        """Whether the job is this process's from now on, and not that of one which was faster."""
        own = await self.owner()
        return job.owner == own or await self.library.claim(job.id, old=job.owner, new=own)

    async def _take(self, job: Job) -> Live:
        """The job as it was left, once it was claimed. Only one task at a time may do this."""
        own = await self.owner()
        try:
            live = await self.recovery.reopen(replace(job, owner=own, error=None))
        except MediaError:
            await self.library.claim(job.id, old=own, new=job.owner)  # another process may be able to
            raise
        self._live[job.id] = live
        return live

    async def _run(self, live: Live, work: Callable[[], Awaitable[None]]) -> None:
        """Do the work to its recorded end. No exception may leave: one would end the server."""
        try:
            try:
                await work()
            except Exception as error:  # noqa: BLE001 - the top of a job
                _log.error("job %s was stopped by %s", live.job.id, told(error))
                await self._quietly(live, self.recovery.mend(live))
                live.errors = dict.fromkeys(range(len(live.errand.prompts)), _own_fault(error))
            with anyio.CancelScope(shield=True):
                await self._finish(live)
            del self._live[live.job.id]
            live.done.set()
        finally:
            live.ended.set()

    async def _finish(self, live: Live) -> None:
        state = _state(live)
        error = _error(live, state)
        live.job = replace(live.job, state=state, updated=self.clock.now(), error=described(error) if error else None)
        await self._quietly(live, self.library.save_job(live.job))
        await self._quietly(live, live.destination.close())

    async def _quietly(self, live: Live, step: Awaitable[None]) -> None:
        """What cannot be recorded now is found as it was by whoever asks for the job next."""
        try:
            await step
        except Exception as error:  # noqa: BLE001 - as in `_run`
            _log.warning("the end of job %s could not be recorded: %s", live.job.id, told(error))

    async def _record_answered(self, job_id: str) -> None:
        try:
            await self.library.mark_answered(job_id)
        except MediaError as error:
            _log.warning("that job %s was answered could not be recorded: %s", job_id, error.message)
        else:
            self._answered.discard(job_id)

    async def _pause(self, live: Live | None, left: float) -> None:
        if live is None:
            await self.clock.sleep(min(_WATCH, left))
            return
        await happens(self.clock, min(_HEARTBEAT, left), live.done)

    async def _let_start(self, live: Live) -> None:
        """Wait a little for the handles of requests that are out, and cut off those that do not come."""
        ends = self.clock.now() + _STARTING
        for scope, over in list(live.starting.items()):
            if not await happens(self.clock, ends - self.clock.now(), over):
                scope.cancel()
                await happens(self.clock, _ENDING, over)  # a thread may bring it yet
        live.settled.set()

    def _refuse_unstoppable(self, live: Live) -> None:
        """What is being made will be billed, and nothing is gained by looking away."""
        going = {number: choice for number, part in live.parts.items() if (choice := self.recovery.unstoppable(part))}
        if not going:
            return
        title = next(iter(going.values())).backend.title
        wanted = len(live.errand.prompts) * live.errand.count
        files = sum(part.count for number, part in live.parts.items() if number in going or part.phase == "done")
        rest = f" with {files} of its {wanted} files" if files < wanted else ""
        raise _goes_on(live, f"{title} cannot stop what it has begun, so the job goes on{rest}.")

    async def _cancel_elsewhere(self, job: Job) -> None:
        """Tell the providers in the other process's stead; that process will hear of it at its next poll."""
        live = await self.recovery.reopen(job)
        try:
            stopped = await self.recovery.stop_all(live)
        finally:
            await live.destination.close()
        if any(part.phase in _UNFINISHED and number not in stopped for number, part in live.parts.items()):
            raise InvalidRequest(
                "Another server process works on this job: what it has not sent yet or cannot stop goes on.",
                "Cancel it in the session that started it, or let it end.",
            )


def _goes_on(live: Live, message: str) -> InvalidRequest:
    error = InvalidRequest(message, billed="yes")
    error.job_id = live.job.id
    return error


@contextmanager
def _waited_for(live: Live | None) -> Generator[None]:
    if live is None:
        yield
        return
    live.waiters += 1
    try:
        yield
    finally:
        live.waiters -= 1


def standing(live: Live | None) -> str:
    """How a running job stands, in a few words."""
    if live is None:
        return "another server process works on it"
    percent = f"{live.progress:.0%}" if live.progress is not None else ""
    finished = sum(part.phase == "done" for part in live.parts.values())
    parts = f"{finished} of {len(live.parts)} parts done" if len(live.parts) > 1 else ""
    return ", ".join(text for text in (percent, live.message, parts) if text) or "working"


def _state(live: Live) -> JobState:
    phases = {part.phase for part in live.parts.values()}
    if phases & {"accepted", "saving"}:
        return "running"  # our waiting ended, the provider's work did not
    if not _lacking(live):
        return "done"
    if live.artifacts:
        return "partial"
    if "cancelled" in phases or any(isinstance(error, Cancelled) for error in live.errors.values()):
        return "cancelled"
    return "unknown" if "unknown" in phases else "failed"


def _lacking(live: Live) -> set[int]:
    """The prompts of which less was made than was asked for."""
    made = Counter(live.parts[artifact.part].item for artifact in live.artifacts)
    cut = {part.item for part in live.parts.values() if part.phase == "done" and not part.complete}
    return cut | {item for item in range(len(live.errand.prompts)) if made[item] < live.errand.count}


def _error(live: Live, state: JobState) -> MediaError | None:
    """Why there is not all that was asked for, and whether anything was paid for."""
    lacking = _lacking(live)
    error = next((error for item, error in live.errors.items() if item in lacking), None)
    if state == "cancelled":
        error = Cancelled()
    if error is not None and state in {"failed", "cancelled", "unknown"}:
        error.billed = _billed(live)
    elif error is not None and error.billed == "no":
        error.billed = None  # it was not, but the rest may have been
    return error


def _billed(live: Live) -> Billed:
    billed = {part.billed for part in live.parts.values()}
    return "yes" if "yes" in billed else "unknown" if "unknown" in billed else "no"


def _own_fault(error: Exception) -> MediaError:
    return error if isinstance(error, MediaError) else MediaError(f"Mediasmith itself failed ({type(error).__name__}).")
