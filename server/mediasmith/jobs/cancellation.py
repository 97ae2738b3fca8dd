"""Everything about cancelling a job: what a cancel stops, what it lets finish, and what it asks of providers.

A cancelled call never cancels a job; only `get_job(cancel=true)` does. After it nothing more is sent. Work that the
provider can stop is stopped, a handle that is due is waited for a little so that its work can be stopped or collected,
and what cannot be stopped is collected, for it will be billed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio

from mediasmith.plugin.contract import Cancellation, Context
from mediasmith.plugin.errors import (
    Billed,
    Cancelled,
    InvalidRequest,
    MediaError,
    ProviderError,
    RateLimited,
    TimedOut,
    Unreachable,
    error_from_record,
)
from mediasmith.runtime.clock import Clock
from mediasmith.runtime.timeouts import is_task_cancelled, wait_for_event, with_timeout
from mediasmith.selection.candidate import Candidate

if TYPE_CHECKING:
    from anyio.abc import TaskGroup
    from pydantic import BaseModel

    from mediasmith.jobs.active_job import ActiveJob
    from mediasmith.jobs.recovery import Recovery
    from mediasmith.storage.library.records import Job, Phase, Task

_log = logging.getLogger(__name__)

_CANCEL_SECONDS = 5.0
"""How long a provider may take to answer a cancel."""

_PAUSES = (1.0, 1.0)
"""Seconds before a provider whose answer to a cancel did not come, or could not be read, is asked again."""

_MAY_PASS = (ProviderError, Unreachable, TimedOut, RateLimited)
"""Errors after which a cancel is tried again; what a backend does not explain is, too."""

_HANDLE_SECONDS = 10.0
"""How long a cancel waits for the handle of a request that is out."""

_END_SECONDS = 20.0
"""How long a cancel waits for the end, once nothing more is sent; asking the provider may take most of it."""

_UNFINISHED: frozenset[Phase] = frozenset({"queued", "sending", "accepted"})


class CancelRequest:
    """Whether a job's caller wants it cancelled, and the blocks of code that this stops."""

    def __init__(self) -> None:
        self.requested = False
        self.nothing_in_flight = anyio.Event()
        self._stoppable: set[anyio.CancelScope] = set()
        self._in_flight: dict[anyio.CancelScope, anyio.Event] = {}

    def request(self) -> None:
        """Cancel, and stop what may be stopped at once."""
        self.requested = True
        for scope in self._stoppable:
            scope.cancel()

    @contextmanager
    def stoppable(self) -> Generator[None]:
        """Run a block that a cancel ends, and that is not entered after one.

        Raises:
            Cancelled: the job was cancelled.
        """
        if self.requested:
            raise Cancelled
        with _cut_off() as scope:
            self._stoppable.add(scope)
            try:
                yield
            finally:
                self._stoppable.discard(scope)

    @contextmanager
    def in_flight(self) -> Generator[None]:
        """Run a block that sends a request for a handle. A cancel lets it finish, if that is soon.

        Raises:
            Cancelled: it did not finish soon enough.
        """
        over = anyio.Event()
        with _cut_off() as scope:
            self._in_flight[scope] = over
            try:
                yield
            finally:
                del self._in_flight[scope]
                over.set()

    async def wait_for_handles(self, clock: Clock) -> None:
        """Wait a little for the handles of requests that are out, and cut off those that do not come."""
        ends = clock.now() + _HANDLE_SECONDS
        for scope, over in list(self._in_flight.items()):
            if not await wait_for_event(clock, ends - clock.now(), over):
                scope.cancel()
                await wait_for_event(clock, _END_SECONDS, over)  # a worker thread may still bring it
        self.nothing_in_flight.set()


@contextmanager
def _cut_off() -> Generator[anyio.CancelScope]:
    """Run a block in a scope that, once cancelled, is left with an error, whatever the block made of that.

    Raises:
        Cancelled: the scope was cancelled before its block had finished.
    """
    scope = anyio.CancelScope()
    try:
        with scope:
            yield scope
    except (Exception, asyncio.CancelledError) as error:  # an SDK may raise one of its own for the scope's
        if not scope.cancel_called or is_task_cancelled():
            raise
        raise Cancelled from error
    if scope.cancelled_caught:
        raise Cancelled


@dataclass(frozen=True, kw_only=True)
class ProviderCancel:
    """Asks providers to stop."""

    clock: Clock

    async def stop(
        self, active: ActiveJob, candidate: Candidate, context: Context[Any], handle: BaseModel
    ) -> Cancellation | None:
        """Return what became of asking the provider to stop this work; None where it could not be asked."""
        cancel = candidate.capability.cancel
        if cancel is None:
            return None
        try:
            outcome = await self._ask(partial(cancel, context, handle))
        except Exception as error:  # noqa: BLE001 - the job is cancelled all the same
            warn_not_asked(active, candidate, error)
            return None
        if outcome in {"stopped", "too late"}:
            return outcome
        active.warn(
            f"{candidate.backend.title} was asked to stop, but its work may still finish{_and_be_billed(active)}."
        )
        return "asked"

    async def _ask(self, cancel: Callable[[], Awaitable[Cancellation]]) -> Cancellation:
        """Return the answer to a cancel, asking again after trouble that may pass."""
        for pause in _PAUSES:
            try:
                return await with_timeout(self.clock, _CANCEL_SECONDS, cancel)
            except Exception as error:
                if isinstance(error, MediaError) and not isinstance(error, _MAY_PASS):
                    raise
            await self.clock.sleep(pause)
        return await with_timeout(self.clock, _CANCEL_SECONDS, cancel)


def warn_not_asked(active: ActiveJob, candidate: Candidate, error: Exception) -> None:
    """Warn that a job is cancelled without its provider."""
    _log.info("%s did not cancel: %s", candidate.backend.name, type(error).__name__)
    active.warn(f"{candidate.backend.title} could not be asked to stop; its work may continue{_and_be_billed(active)}.")


def _and_be_billed(active: ActiveJob) -> str:
    return "" if _is_free(active) else " and be billed"


def _is_free(active: ActiveJob) -> bool:
    return all(task.estimate_usd == 0 for task in active.tasks.values())


def billed_if_cancelled(task: Task) -> Billed:
    """Return whether a task that was sent and then cancelled was billed: only where it is free is that certain."""
    return "no" if task.estimate_usd == 0 else "unknown"


@dataclass(frozen=True, kw_only=True)
class Canceller:
    """Cancels jobs of this process, jobs that it has taken over, and those of other processes."""

    recovery: Recovery
    clock: Clock
    task_group: TaskGroup = field(repr=False)

    async def finish(self, active: ActiveJob) -> None:
        """Wait until a cancelled job of this process has ended.

        Raises:
            InvalidRequest: it continues, for its provider cannot stop the work, or its files are being saved.
        """
        self.task_group.start_soon(active.cancel.wait_for_handles, self.clock)
        await active.cancel.nothing_in_flight.wait()
        self._check_stoppable(active)
        if not await wait_for_event(self.clock, _END_SECONDS, active.done):
            raise _continues(active, "Its files are still being saved, so the job continues.")

    async def end_recovered(self, active: ActiveJob) -> None:
        """End a job that was taken over: stop every task at its provider, and collect what cannot be stopped."""
        for task in active.queued:
            error = active.errors[task.item] = Cancelled(billed="no")
            await self.recovery.execution.end(active, task.number, "cancelled", error)
        await self.recovery.mend(active)
        async with anyio.create_task_group() as task_group:
            for task in list(active.tasks.values()):
                if task.phase == "accepted":
                    end = self.recovery.collect_task if self._unstoppable(task) else self._cancel_task
                    task_group.start_soon(end, active, task)

    async def cancel_elsewhere(self, job: Job) -> None:
        """Ask the providers of a job of another process to stop; that process learns of it at its next poll.

        Raises:
            InvalidRequest: not all of it could be stopped from here.
        """
        active = await self.recovery.reopen(job)
        stopped: set[int] = set()

        async def stop(task: Task) -> None:
            if await self._stop_task(active, task) in {"stopped", "asked"}:
                stopped.add(task.number)

        try:
            async with anyio.create_task_group() as task_group:
                for task in active.tasks.values():
                    task_group.start_soon(stop, task)
        finally:
            await active.destination.close()
        if any(task.phase in _UNFINISHED and task.number not in stopped for task in active.tasks.values()):
            error = InvalidRequest(
                "Another server process works on this job: what it has not sent yet, or cannot stop, continues.",
                "Cancel it in the session that started it, or let it end.",
            )
            error.job_id = job.id
            raise error

    async def check_recorded(self, job: Job) -> None:
        """Check, by the record of another process's job, that its providers can stop what they have accepted.

        Raises:
            InvalidRequest: one of them cannot.
        """
        active = await self.recovery.reopen(job)
        await active.destination.close()
        self._check_stoppable(active)

    async def _cancel_task(self, active: ActiveJob, task: Task) -> None:
        if await self._stop_task(active, task) == "too late":
            await self.recovery.collect_task(active, task, stoppable=False)
            return
        error = active.errors[task.item] = Cancelled(billed=billed_if_cancelled(task))
        await self.recovery.execution.end(active, task.number, "cancelled", error)

    async def _stop_task(self, active: ActiveJob, task: Task) -> Cancellation | None:
        """Ask the provider of an accepted task to stop; None where it could not be asked."""
        candidate = self.recovery.candidate(task)
        if candidate is None or candidate.capability.cancel is None or task.phase != "accepted":
            return None
        return await self.recovery.execution.stop_at_provider(active, task, candidate)

    def _unstoppable(self, task: Task) -> Candidate | None:
        """Return the candidate of an accepted task that its provider cannot stop and that is still being collected."""
        begun = task.handle is not None and task.phase in {"accepted", "saving"}
        # Collecting has stopped at any other error than a deadline, and does not resume by itself.
        stuck = bool(task.error) and not isinstance(error_from_record(task.error), TimedOut)
        candidate = self.recovery.candidate(task) if begun and not stuck else None
        return candidate if candidate and candidate.capability.cancel is None else None

    def _check_stoppable(self, active: ActiveJob) -> None:
        going = {number: one for number, task in active.tasks.items() if (one := self._unstoppable(task))}
        if not going:
            return
        title = next(iter(going.values())).backend.title
        files = sum(task.count for number, task in active.tasks.items() if number in going or task.phase == "done")
        rest = f" with {files} of its {active.spec.files} files" if files < active.spec.files else ""
        raise _continues(active, f"{title} cannot stop accepted work, so the job continues{rest}.")


def _continues(active: ActiveJob, message: str) -> InvalidRequest:
    error = InvalidRequest(message, billed="no" if _is_free(active) else "yes")
    error.job_id = active.job.id
    return error
