"""One task of a job: one provider call, from sending it to its saved files.

Every step is recorded before the next is taken, so that a process that dies at any point leaves a record of what may
be done: nothing was sent; the answer is lost and may have been billed; there is a handle to collect with; or the
bytes are in temporary files that only want their names.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import anyio
from pydantic import BaseModel

from mediasmith.jobs.active_job import ActiveJob
from mediasmith.jobs.cancellation import billed_if_cancelled, warn_not_asked
from mediasmith.jobs.context_factory import ContextFactory
from mediasmith.jobs.fallback import ends_backend
from mediasmith.jobs.outputs import kept_in, to_json
from mediasmith.jobs.polling import Poller, WorkFailed, checked_result, deadline, parse_handle
from mediasmith.jobs.runner.protocols import Slots
from mediasmith.jobs.task_files import TaskFiles
from mediasmith.plugin.contract import JSON, Accepted, Backend, Call, Cancellation, Capability, Context
from mediasmith.plugin.errors import (
    Cancelled,
    MediaError,
    ProviderError,
    Refused,
    Unreachable,
    error_from_record,
    error_record,
)
from mediasmith.runtime.clock import Clock
from mediasmith.runtime.error_mapping import ErrorMapper
from mediasmith.runtime.redaction import Redactor
from mediasmith.runtime.telemetry import ProviderCall, observe_call, observe_slot
from mediasmith.runtime.timeouts import with_timeout
from mediasmith.selection.candidate import Candidate
from mediasmith.storage.library.records import Phase, Task
from mediasmith.storage.library.store import Library
from mediasmith.storage.unreadable import UnreadableAnswers

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class _Lost:
    """In place of an answer that did not come; `error` says why."""

    error: MediaError


class TakenOver(Exception):
    """Another process has taken the job over, so that this one may send no more of it."""


@dataclass(frozen=True, kw_only=True)
class TaskExecution:
    """Runs tasks. `reason_missing` says why a capability is not ready, or ""."""

    library: Library
    clock: Clock
    contexts: ContextFactory
    poller: Poller
    files: TaskFiles
    slots: Slots
    errors: ErrorMapper
    redact: Redactor
    unreadable: UnreadableAnswers
    reason_missing: Callable[[Backend[Any], Capability[Any, Any]], str]

    async def execute(self, active: ActiveJob, task: Task, candidate: Candidate) -> None:
        """Send a task's paying request and save its result.

        Raises:
            MediaError: with `billed` filled in; the record says the same.
        """
        async with (
            self._recorded(active, task, candidate),
            observe_slot(self.slots.slot(active, task.backend), task.backend),
            _observe(active, task),
        ):
            if ended := active.ended.get(task.backend):  # while this one waited for its slot
                raise error_from_record(ended)
            with active.cancel.stoppable():
                context = await self.contexts.open(active, task, candidate)
            call = Call(
                client=context.client,
                model=context.model,
                file=context.file,
                report=context.report,
                warn=context.warn,
                prompt=task.prompt,
                params=candidate.params(task.count, task.first),
                inputs=candidate.inputs,
                options=candidate.options,
                state=candidate.state,
                lineage=active.spec.history if candidate.state is None else (),
                handle=partial(self._record_handle, active, task.number, candidate),
            )
            await self._begin(active, replace(task, phase="sending", billed="unknown", error=None))
            if active.cancel.requested:
                raise Cancelled(billed="no")
            await self._collect(
                active, task.number, candidate, context, await self._start(active, task.number, candidate, call)
            )

    async def resume(self, active: ActiveJob, task: Task, candidate: Candidate) -> None:
        """Collect a task that the provider has accepted, perhaps for a process that is gone.

        Raises:
            MediaError: with `billed` filled in; the record says the same.
        """
        try:
            context = await self.contexts.open(active, task, candidate)
            if reason := self.reason_missing(candidate.backend, candidate.capability):
                raise Unreachable(f"{candidate.backend.title} cannot be asked about it now: {reason}.")
        except MediaError as error:  # without a client nothing can be said about the work
            error.billed = task.billed
            error.hint = error.hint or f"get_job asks {candidate.backend.title} again."
            await self._record_trouble(active, task, error)
            raise
        async with self._recorded(active, replace(task, error=None), candidate), _observe(active, task):
            await self._poll(active, task.number, candidate, context, begun=active.job.created)

    async def stop_at_provider(self, active: ActiveJob, task: Task, candidate: Candidate) -> Cancellation | None:
        """Ask the provider of an accepted task to stop; None where it could not be asked."""
        try:
            context = await self.contexts.open(active, task, candidate)
            handle = parse_handle(candidate, task.handle)
        except MediaError as error:
            warn_not_asked(active, candidate, error)
            return None
        return await self.poller.provider_cancel.stop(active, candidate, context, handle)

    async def end(self, active: ActiveJob, number: int, phase: Phase, error: MediaError | None = None) -> bool:
        """Record how a task ended, and remove its temporary files.

        Return False where another process has recorded more of the task, which stays.
        """
        task = active.tasks[number]
        if error:
            task = replace(task, billed=error.billed or "unknown", error=error_record(error))
        active.tasks[number] = replace(task, phase=phase)
        await self.files.remove_temporary(active, task)
        return await self._record(active, active.tasks[number])

    async def _start(self, active: ActiveJob, number: int, candidate: Candidate, call: Call[Any, Any]) -> object:
        """Return the backend's answer; `_Lost` if it did not arrive, but the work has a handle recorded before."""
        seconds = deadline(self.poller.settings, candidate)
        # Without its handle, work could neither be stopped nor collected.
        may_stop = active.cancel.in_flight if candidate.capability.poll else active.cancel.stoppable
        try:
            with may_stop():
                return await with_timeout(self.clock, seconds, lambda: candidate.capability.start(call))
        except Exception as error:
            known = self.errors.map(candidate.backend, error, billed="unknown")
            if ends_backend(known):
                active.ended[candidate.backend.name] = error_record(known)
            if known.billed == "no" or isinstance(known, Refused):  # there is no work of that name
                active.tasks[number] = replace(active.tasks[number], handle=None)
            if active.tasks[number].handle is None:
                raise known from error
            _log.info("the answer of job %s is lost (%s); it is polled", active.job.id, type(error).__name__)
            return _Lost(error=known)

    async def _collect(
        self, active: ActiveJob, number: int, candidate: Candidate, context: Context[Any], answer: object
    ) -> None:
        if not isinstance(answer, _Lost):
            active.tasks[number] = replace(active.tasks[number], billed="yes")
        if isinstance(answer, Accepted) and candidate.capability.poll:
            await self._accept(active, replace(active.tasks[number], handle=_handle_json(candidate, answer.handle)))
        elif isinstance(answer, _Lost):
            await self._accept(active, active.tasks[number])
        else:
            save = self.files.save(active, number, candidate, checked_result(candidate, answer))
            del answer  # which would keep its files in memory
            await save
            return
        try:
            await self._poll(active, number, candidate, context, begun=self.clock.now())
        except WorkFailed as failed:
            if isinstance(answer, _Lost):  # which may be why there is no such work
                failed.error.message = f"{failed.error.message} Before that: {answer.error.message}"
            raise

    async def _poll(
        self, active: ActiveJob, number: int, candidate: Candidate, context: Context[Any], *, begun: float
    ) -> None:
        save = partial(self.files.save, active, number, candidate)
        await self.poller.collect(active, candidate, context, active.tasks[number].handle, save, begun=begun)

    async def _record_handle(self, active: ActiveJob, number: int, candidate: Candidate, handle: BaseModel) -> None:
        """Record a handle that the client has chosen, before anything is sent."""
        try:
            task = replace(active.tasks[number], handle=_handle_json(candidate, handle))
            await self._save_task(active, task)
        except MediaError as error:
            error.billed = "no"
            raise

    async def _accept(self, active: ActiveJob, task: Task) -> None:
        """Record the handle before anything waits. What it names is being paid for, so nothing may come between."""
        task = active.tasks[task.number] = replace(task, phase="accepted")
        try:
            with anyio.CancelScope(shield=True):
                await self._record(active, task)
        except MediaError as error:
            # Continuing without the record is the only way left to collect it.
            _log.warning("the handle of job %s could not be recorded: %s", task.job_id, error.message)

    @asynccontextmanager
    async def _recorded(self, active: ActiveJob, task: Task, candidate: Candidate) -> AsyncGenerator[None]:
        """Record whatever ends the task early, and raise it as a MediaError."""
        active.tasks[task.number] = task
        try:
            yield
        except TakenOver:
            raise
        except Exception as error:
            reached = active.tasks[task.number]
            verdict = isinstance(error, WorkFailed)
            known = error.error if verdict else self.errors.map(candidate.backend, error, billed=reached.billed)
            if known.answer:
                await self._keep_answer(reached, known)
            with anyio.CancelScope(shield=True):
                await self._record_failure(active, reached, known, verdict=verdict)
            if known is error:
                raise
            raise known from error

    async def _keep_answer(self, task: Task, error: MediaError) -> None:
        """Keep what a provider answered about work that may have been paid for, where it cannot be read."""
        if error.billed != "no" and (path := await self.unreadable.keep(f"{task.job_id}-{task.number}", error.answer)):
            error.hint = f"{kept_in(path)} {error.hint}".strip()
        error.answer = b""

    async def _record_failure(self, active: ActiveJob, task: Task, error: MediaError, *, verdict: bool) -> None:
        if isinstance(error, Cancelled) and error.billed != "no":
            error.billed = billed_if_cancelled(task)
        accepted = task.phase in {"accepted", "saving"}
        if accepted and not verdict and not isinstance(error, Cancelled):  # it can still be collected
            error.billed = task.billed
            if task.phase == "accepted":
                await self.files.remove_temporary(active, task)
                await self._record_trouble(active, task, error)
            return
        open_question = error.billed == "unknown" and not isinstance(error, Refused)
        phase: Phase = "unknown" if open_question else "failed"
        try:
            await self.end(active, task.number, "cancelled" if isinstance(error, Cancelled) else phase, error)
        except MediaError as trouble:
            _log.warning("how a task of job %s ended could not be recorded: %s", task.job_id, trouble.message)

    async def _record_trouble(self, active: ActiveJob, task: Task, error: MediaError) -> None:
        """Record what the collecting of a task has stopped at."""
        active.tasks[task.number] = replace(task, error=error_record(error))
        try:
            await self._record(active, active.tasks[task.number])
        except MediaError as trouble:
            _log.warning("the state of job %s could not be recorded: %s", task.job_id, trouble.message)

    async def _begin(self, active: ActiveJob, task: Task) -> None:
        """Record that a request is about to be sent, if no other process has taken the job over."""
        if active.held:
            await anyio.sleep_forever()
        queued, active.tasks[task.number] = active.tasks[task.number], task  # a drain waits from now on
        begun = False
        try:
            begun = await self.library.begin_task(task, owner=active.job.owner, at=self.clock.now())
        finally:
            if not begun:
                active.tasks[task.number] = queued
        if not begun:
            active.taken_over = True
            raise TakenOver

    async def _save_task(self, active: ActiveJob, task: Task) -> None:
        await self._record(active, task)
        active.tasks[task.number] = task

    async def _record(self, active: ActiveJob, task: Task) -> bool:
        return await self.library.save_task(task, at=self.clock.now(), owner=active.job.owner)


def _observe(active: ActiveJob, task: Task) -> AbstractAsyncContextManager[None]:
    call = ProviderCall(
        job_id=task.job_id,
        number=task.number,
        kind=active.job.kind,
        backend=task.backend,
        model=task.model,
        count=task.count,
    )
    return observe_call(call, lambda: _cost(active.tasks[task.number]))


def _cost(task: Task) -> float | None:
    """Return what a task that is done has cost, as far as is known."""
    if task.phase != "done" or task.billed == "no":
        return None
    return task.estimate_usd if task.cost_usd is None else task.cost_usd


def _handle_json(candidate: Candidate, handle: object) -> JSON:
    json = to_json(handle)
    if json is None:
        raise ProviderError(f"The backend {candidate.backend.name} gave a handle that is not a model of JSON.")
    return json
