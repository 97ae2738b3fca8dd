"""Jobs: start, wait, cancel, take over. A job outlives the call that started it, and the process.

The work runs in the server's own task group, never in the request: a client's timeout looks just like a user's Esc,
so a cancelled call never cancels a job.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import anyio
from anyio import to_thread
from anyio.abc import TaskGroup

from mediasmith.caller import Notify
from mediasmith.clock import Clock
from mediasmith.errors import InvalidRequest, MediaError, ProviderError
from mediasmith.library import Job, JobState, Library, Part
from mediasmith.live import Live
from mediasmith.making import Making, Plan
from mediasmith.owners import Owner, alive
from mediasmith.parts import described
from mediasmith.recovery import Recovery
from mediasmith.waiting import happens

_log = logging.getLogger(__name__)

_HEARTBEAT = 5.0
"""Seconds between two signs of life to a waiting caller."""

_WATCH = 1.0
"""Seconds between two looks at a job that another process works on."""


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
    _owner: Owner | None = None
    _claiming: anyio.Lock = field(default_factory=anyio.Lock)
    _sweeping: anyio.Lock = field(default_factory=anyio.Lock)
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
        """Record the job, and let it run in the background."""
        live = Live(job=plan.job, errand=plan.errand, destination=plan.destination)
        parts = self.making.begin(plan, live)
        await self.library.add_job(live.job, parts)
        self._live[live.job.id] = live

        async def make() -> None:
            try:
                await self.making.make(plan, live, parts)
            finally:
                await to_thread.run_sync(shutil.rmtree, plan.scratch, True)

        self.tasks.start_soon(self._run, live, make)

    async def wait(self, job: Job, *, seconds: float, notify: Notify | None = None) -> Job:
        """The job once it has ended, or as it stands after so many seconds."""
        started = self.clock.now()
        while job.state == "running" and (left := seconds - (self.clock.now() - started)) > 0:
            live = self._live.get(job.id)
            if live is None and not await self.elsewhere(job):
                break  # nobody works on it: it waits to be collected
            await self._pause(live, left)
            job = await self.look(job)
            if notify is not None and job.state == "running":
                await notify(self.clock.now() - started, standing(live))
        return job

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
        """Stop a job, at the provider too where it can be told.

        Raises:
            InvalidRequest: another process works on it, and its provider cannot be told.
        """
        live = self._live.get(job.id)
        if live is None and await self.elsewhere(job):
            await self._cancel_elsewhere(job)
            return
        if live is None:
            stored = await self._take(job)
            stored.cancelled = True
            await self._run(stored, lambda: self.recovery.cancel(stored))
            return
        live.cancelled = True
        live.scope.cancel()
        await live.done.wait()

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
        if job.state == "running" and job.id not in self._live and not await self.elsewhere(job):
            live = await self._take(job)
            self.tasks.start_soon(self._run, live, lambda: self.recovery.collect(live))

    async def release(self) -> None:
        """What this process was still at is recorded as for one that died, for others to go on with."""
        with anyio.CancelScope(shield=True):
            for live in list(self._live.values()):
                await self.recovery.mend(live)
                await self._finish(live)
                await live.destination.close()
            if self._owner is not None:
                await to_thread.run_sync(self._owner.release)

    async def _adopt_or_leave(self, job: Job) -> None:
        try:
            await self.adopt(job)
        except MediaError as error:
            _log.warning("job %s stays as it was left: %s", job.id, error)

    async def _take(self, job: Job) -> Live:
        own = await self.owner()
        if job.owner != own and not await self.library.claim(job.id, old=job.owner, new=own):
            raise InvalidRequest("Another server process has just taken this job over.", "Ask again.", billed="no")
        live = await self.recovery.reopen(replace(job, owner=own))
        self._live[job.id] = live
        await self.recovery.mend(live)
        return live

    async def _run(self, live: Live, work: Callable[[], Awaitable[None]]) -> None:
        """Do the work to its recorded end. No exception may leave: one would end the server."""
        try:
            with live.scope:
                await work()
            await self._finish(live)
        except Exception as error:  # noqa: BLE001 - the top of a job
            _log.exception("job %s could not be recorded", live.job.id)
            live.errors[0] = error if isinstance(error, MediaError) else ProviderError(type(error).__name__)
            live.job = replace(live.job, state="failed", error=described(live.errors[0]))
        self._live.pop(live.job.id, None)
        live.done.set()
        await live.destination.close()

    async def _finish(self, live: Live) -> None:
        error = next(iter(live.errors.values()), None)
        with anyio.CancelScope(shield=True):
            live.job = replace(
                live.job,
                state=_state(live),
                updated=self.clock.now(),
                error=described(error) if error else None,
            )
            await self.library.save_job(live.job)

    async def _pause(self, live: Live | None, left: float) -> None:
        if live is None:
            await self.clock.sleep(min(_WATCH, left))
            return
        live.waiters += 1
        try:
            await happens(self.clock, min(_HEARTBEAT, left), live.done)
        finally:
            live.waiters -= 1

    async def _cancel_elsewhere(self, job: Job) -> None:
        """Tell the provider in the other process's stead; that process will hear of it at its next poll."""
        live = await self.recovery.reopen(job)
        told = [await self._stop(live, part) for part in live.parts.values()]
        await live.destination.close()
        if not any(told):
            raise InvalidRequest(
                "Another server process works on this job, and its provider cannot be told to stop.",
                "Cancel it in the session that started it, or let it end.",
            )

    async def _stop(self, live: Live, part: Part) -> bool:
        choice = self.recovery.choice(part)
        return choice is not None and await self.recovery.parts.stop(live, part, choice)


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
    errand = live.errand
    if "accepted" in phases and not live.cancelled:
        return "running"  # our waiting ended, the provider's work did not
    if len(live.artifacts) >= len(errand.prompts) * errand.count:
        return "done"
    if live.artifacts:
        return "partial"
    if live.cancelled:
        return "cancelled"
    return "unknown" if "unknown" in phases else "failed"
