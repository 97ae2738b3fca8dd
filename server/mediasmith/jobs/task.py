"""One part of a job: one provider call, from sending it to its saved files.

Every step is recorded before the next is taken, so that a process that dies at any point leaves a record of what may
be done: nothing was sent; the answer is lost and may have been billed; there is a handle to collect with; or the
bytes are in temporary files that only want their names.
"""

from __future__ import annotations

import hashlib
import logging
import math
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

import anyio
from anyio import to_thread

from mediasmith.config.settings import Settings
from mediasmith.jobs.active_job import ActiveJob
from mediasmith.jobs.outputs import Outputs, json_size, token
from mediasmith.plugin.contract import JSON, Accepted, Backend, Call, Capability, Context, Pending, Result
from mediasmith.plugin.errors import (
    Billed,
    Cancelled,
    MediaError,
    MissingKey,
    NotAllowed,
    ProviderError,
    RateLimited,
    Refused,
    TimedOut,
    Unreachable,
    Unsuitable,
    error_record,
)
from mediasmith.runtime.client_pool import ClientPool
from mediasmith.runtime.clock import Clock
from mediasmith.runtime.redaction import Redactor, describe_exception
from mediasmith.runtime.timeouts import Expired, with_timeout
from mediasmith.selection.candidate import Candidate
from mediasmith.selection.pricing import estimate
from mediasmith.storage.artifacts.sink import FileSink
from mediasmith.storage.library.records import Artifact, Phase, Task
from mediasmith.storage.library.store import Library

_log = logging.getLogger(__name__)

_OPEN_SECONDS = 60.0
"""How long a client may take to open."""

_POLL_SECONDS = 60.0
"""One poll that takes longer has hung."""

_CANCEL_SECONDS = 5.0
"""How long a provider may take to hear of a cancel."""

_SLOWEST_POLL = 60.0
"""Failed polls back off to this many seconds."""

_VERDICTS = (Refused, MissingKey)
"""What ends a poll even when the SDK raised it; any other trouble on the way passes."""

_PASSING = (TimedOut, Unreachable, RateLimited)
"""What never ends a poll, not even when the adapter itself says so."""

_NOT_THE_PROVIDERS = (TimedOut, Unreachable, NotAllowed, MissingKey)
"""What says nothing against work that a provider has accepted: it can still be collected."""

_SINKS = 1000
"""Temporary files that backends open are numbered from here, those of whole answers from 0."""


@dataclass(frozen=True, kw_only=True)
class TaskExecution:
    """Runs the parts of jobs; it owns nothing but the slots. `why_not` says why a capability is not ready."""

    library: Library
    clients: ClientPool
    clock: Clock
    outputs: Outputs
    settings: Settings
    redact: Redactor
    why_not: Callable[[Backend[Any], Capability[Any, Any]], str]
    slots: dict[str, anyio.CapacityLimiter] = field(default_factory=dict[str, anyio.CapacityLimiter])

    async def make(self, active: ActiveJob, task: Task, candidate: Candidate, *, state: JSON) -> None:
        """Send a part's paying request and save what comes of it.

        Raises:
            MediaError: with `billed` filled in; the record says the same.
        """
        async with self._recorded(active, task, candidate), self._slot(active, task.backend):
            with active.stoppable():
                work = await self._work(active, task, candidate)
            call = Call(
                client=work.client,
                model=work.model,
                file=work.file,
                report=work.report,
                warn=work.warn,
                prompt=task.prompt,
                params=candidate.params(task.count, task.first),
                inputs=candidate.inputs,
                state=state,
            )
            await self._save_part(active, replace(task, phase="sending", billed="unknown", error=None))
            if active.cancelled:
                raise Cancelled(billed="no")
            # Without its handle, work could neither be stopped nor collected.
            with active.start() if candidate.capability.poll else active.stoppable():
                answer: object = await with_timeout(
                    self.clock, self._deadline(candidate), lambda: candidate.capability.start(call)
                )
            await self._collect(active, task.number, candidate, work, answer)

    async def resume(self, active: ActiveJob, task: Task, candidate: Candidate) -> None:
        """Collect a part that the provider has accepted, perhaps for a process that is gone.

        Raises:
            MediaError: with `billed` filled in; the record says the same.
        """
        try:
            work = await self._work(active, task, candidate)
            if reason := self.why_not(candidate.backend, candidate.capability):
                raise Unreachable(f"{candidate.backend.title} cannot be asked about it now: {reason}.")
        except MediaError as error:  # without a client nothing can be said about the work
            self._explain(candidate.backend, error, billed="yes").billed = "yes"
            await self._stuck(active, task, error)
            raise
        async with self._recorded(active, replace(task, error=None), candidate):
            await self._collect(active, task.number, candidate, work, Accepted(handle=task.handle))

    async def stop(self, active: ActiveJob, task: Task, candidate: Candidate) -> bool:
        """Tell the provider to stop, where it can be told; whether it was."""
        cancel = candidate.capability.cancel
        if cancel is None or task.phase != "accepted":
            return False

        async def tell() -> None:
            await cancel(await self._work(active, task, candidate), task.handle)

        try:
            await with_timeout(self.clock, _CANCEL_SECONDS, tell)
        except Exception as error:  # noqa: BLE001 - the cancel goes on without the provider
            _log.info("%s did not cancel: %s", task.backend, type(error).__name__)
            return False
        return True

    async def name_files(self, active: ActiveJob, task: Task, artifacts: Sequence[Artifact]) -> bool:
        """Give a part's finished temporary files their names; False when one is gone. Safe to repeat."""
        if not artifacts:
            return False
        settled: list[Artifact] = []
        for artifact in artifacts:
            path = Path(artifact.path)
            try:
                placed, renamed = await active.destination.commit(artifact.token, path.name)
            except FileNotFoundError:
                if not await to_thread.run_sync(_is_file, path, artifact.sha256):
                    return False
                placed, renamed = path, False
            if renamed:
                active.warn(f"{path.name} existed; the new file is {placed.name}.")
            settled.append(replace(artifact, path=str(placed), token=""))
        done = replace(task, phase="done", error=None)
        await self.library.commit(done, settled, at=self.clock.now())
        active.artifacts += settled
        active.tasks[task.number] = done
        return True

    async def end(self, active: ActiveJob, number: int, phase: Phase, error: MediaError | None = None) -> None:
        """Record how a part ended, and remove its temporary files."""
        task = active.tasks[number]
        if error:
            task = replace(task, billed=error.billed or "unknown", error=error_record(error))
        active.tasks[number] = replace(task, phase=phase)
        await self._tidy(active, task)
        await self._save_part(active, active.tasks[number])

    @asynccontextmanager
    async def _slot(self, active: ActiveJob, backend: str) -> AsyncGenerator[None]:
        slots = self.slots.setdefault(backend, anyio.CapacityLimiter(self.settings.concurrency))
        # A slot belongs to the part, not to the task that happens to run it.
        borrower = object()
        with active.stoppable():
            await slots.acquire_on_behalf_of(borrower)
        try:
            yield
        finally:
            slots.release_on_behalf_of(borrower)

    @asynccontextmanager
    async def _recorded(self, active: ActiveJob, task: Task, candidate: Candidate) -> AsyncGenerator[None]:
        """Whatever ends the part early is recorded, and left as a MediaError."""
        active.tasks[task.number] = task
        try:
            yield
        except Exception as error:
            reached = active.tasks[task.number]
            known = self._explain(candidate.backend, error, billed=reached.billed)
            with anyio.CancelScope(shield=True):
                await self._fail(active, reached, known)
            if known is error:
                raise
            raise known from error

    async def _fail(self, active: ActiveJob, task: Task, error: MediaError) -> None:
        if _can_pass(error) and task.phase in {"accepted", "saving"}:
            error.billed = task.billed
            if task.phase == "accepted":
                await self._tidy(active, task)
                await self._stuck(active, task, error)
            return
        open_question = error.billed == "unknown" and not isinstance(error, Refused)
        phase: Phase = "unknown" if open_question else "failed"
        try:
            await self.end(active, task.number, "cancelled" if isinstance(error, Cancelled) else phase, error)
        except MediaError as trouble:
            _log.warning("how a part of job %s ended could not be recorded: %s", task.job_id, trouble.message)

    async def _stuck(self, active: ActiveJob, task: Task, error: MediaError) -> None:
        """Record what the collecting of a part has stopped at."""
        active.tasks[task.number] = replace(task, error=error_record(error))
        try:
            await self.library.save_task(active.tasks[task.number], at=self.clock.now())
        except MediaError as trouble:
            _log.warning("where job %s stands could not be recorded: %s", task.job_id, trouble.message)

    async def _save_part(self, active: ActiveJob, task: Task) -> None:
        await self.library.save_task(task, at=self.clock.now())
        active.tasks[task.number] = task

    async def _tidy(self, active: ActiveJob, task: Task) -> None:
        """Remove a part's temporary files. What cannot be removed is no reason to lose what was made."""
        try:
            await active.destination.sweep(_prefix(task), keep=())
        except MediaError as error:
            _log.warning("temporary files of job %s are left: %s", task.job_id, error.message)

    async def _work(self, active: ActiveJob, task: Task, candidate: Candidate) -> Context[Any]:
        opened = count(_SINKS)

        def file(_mime: str) -> FileSink:
            return active.destination.sink(token(task, next(opened)), max_bytes=self.settings.max_output_bytes)

        def report(pending: Pending) -> None:
            active.report(replace(pending, message=self.redact.text(str(pending.message))))

        def warn(text: str) -> None:
            active.warn(self.redact.text(str(text)))

        try:
            client: object = await with_timeout(
                self.clock, _OPEN_SECONDS, lambda: self.clients.client(candidate.backend)
            )
        except Expired as error:
            raise Unreachable(
                f"{candidate.backend.title} could not be opened in {_OPEN_SECONDS:.10g} seconds."
            ) from error
        return Context(client=client, model=candidate.model, file=file, report=report, warn=warn)

    def _deadline(self, candidate: Candidate) -> float:
        return self.settings.deadline_seconds or candidate.capability.deadline

    async def _collect(
        self, active: ActiveJob, number: int, candidate: Candidate, work: Context[Any], answer: object
    ) -> None:
        task = active.tasks[number] = replace(active.tasks[number], billed="yes")
        if isinstance(answer, Accepted):
            task = await self._accept(active, task, candidate, answer.handle)
            answer = await self._follow(active, task, candidate, work)
        result = _checked(candidate, answer)
        artifacts = await self.outputs.store(active, task, candidate, result)
        details = self.redact.json(result.details)
        task = replace(
            task,
            phase="saving",
            cost_usd=_amount(result.cost_usd),
            estimate_usd=_estimate(task, candidate, artifacts),
            complete=result.complete,
            details=details or None,
        )
        # A cancel that came now would leave files that nobody knows of.
        with anyio.CancelScope(shield=True):
            await self.library.stage(task, artifacts, at=self.clock.now())
            active.tasks[number] = task
            if not await self.name_files(active, task, artifacts):
                active.tasks[number] = replace(task, phase="sending" if task.handle is None else "accepted")
                raise MediaError(f"A file was removed from {active.destination.folder} before it had its name.")
            # A process before this one may have begun files; of its own this one knows.
            if task.handle is not None or active.destination.has_partial_files(_prefix(task)):
                await self._tidy(active, task)

    async def _accept(self, active: ActiveJob, task: Task, candidate: Candidate, handle: JSON) -> Task:
        """Record the handle before anything waits. What it names is being paid for, so nothing may come between."""
        if json_size(handle) is None:
            raise ProviderError(f"The backend {candidate.backend.name} gave a handle that is no JSON.")
        task = active.tasks[task.number] = replace(task, phase="accepted", handle=handle)
        try:
            with anyio.CancelScope(shield=True):
                await self.library.save_task(task, at=self.clock.now())
        except MediaError as error:
            # To go on without the record is the only way left to collect it.
            _log.warning("the handle of job %s could not be recorded: %s", task.job_id, error.message)
        return task

    async def _follow(self, active: ActiveJob, task: Task, candidate: Candidate, work: Context[Any]) -> Result:
        """What the work comes to. Where the provider can be told to stop, a cancel of the job ends it."""
        if candidate.capability.cancel is None:
            return await self._poll(active, task, candidate, work)
        try:
            with active.stoppable():
                return await self._poll(active, task, candidate, work)
        except Cancelled:
            if active.cancelled:
                await self.stop(active, task, candidate)
            raise

    async def _poll(self, active: ActiveJob, task: Task, candidate: Candidate, work: Context[Any]) -> Result:
        every = candidate.capability.every
        seconds = self._deadline(candidate)
        ends = self.clock.now() + seconds
        wait = every
        while True:
            outcome = await self._poll_once(task, candidate, work)
            if isinstance(outcome, Result):
                return outcome
            if isinstance(outcome, Pending):
                work.report(outcome)
                wait = every
            else:
                active.message = outcome.message
                advice = outcome.retry_after if isinstance(outcome, RateLimited) else None
                wait = max(min(wait * 2, max(_SLOWEST_POLL, every)), advice or 0)
            if self.clock.now() + wait > ends and isinstance(outcome, MediaError):
                raise Unreachable(f"{candidate.backend.title} could not be asked any more: {outcome.message}")
            if self.clock.now() + wait > ends:
                raise TimedOut(f"{candidate.backend.title} is still at work after {seconds:.10g} seconds of waiting.")
            await self.clock.sleep(wait)

    async def _poll_once(self, task: Task, candidate: Candidate, work: Context[Any]) -> Result | Pending | MediaError:
        """One poll. What the adapter itself raises is the provider's verdict; trouble on the way is only returned."""
        poll = candidate.capability.poll
        if poll is None:
            raise ProviderError(f"{candidate.backend.title} gave a handle, but its backend cannot ask about it.")
        try:
            answer = await with_timeout(self.clock, _POLL_SECONDS, lambda: poll(work, task.handle))
        except Exception as error:
            trouble = self._explain(candidate.backend, error, billed="yes")
            if trouble is error and not isinstance(trouble, _PASSING):
                raise
            if trouble is not error:
                trouble.billed = "yes"  # what a poll meets does not undo what was begun
            if isinstance(trouble, _VERDICTS):
                raise trouble from error
            return trouble
        return answer if isinstance(answer, Pending) else _checked(candidate, answer)

    def _explain(self, backend: Backend[Any], error: Exception, *, billed: Billed) -> MediaError:
        """Any exception as a MediaError with clean text; `billed` unless the adapter knew better."""
        known = error if isinstance(error, MediaError) else _explained(backend, error)
        known.message = self.redact.text(str(known.message))
        known.hint = self.redact.text(str(known.hint))
        # What is unsuitable is found before anything is sent.
        known.billed = known.billed or ("no" if isinstance(known, Unsuitable) else billed)
        return known


def _prefix(task: Task) -> str:
    """How the tokens of a part's temporary files start."""
    return f"{task.job_id}-{task.number}-"


def _is_file(path: Path, sha256: str) -> bool:
    """Whether this very file stands there, and not another one of its name."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except OSError:
        return False


def _checked(candidate: Candidate, answer: object) -> Result:
    """A backend's answer, if it is one: a plug-in's types may not hold what they say."""
    if not isinstance(answer, Result):
        raise ProviderError(
            f"The backend {candidate.backend.name} answered with {type(answer).__name__}, not a Result."
        )
    if not answer.outputs:
        raise ProviderError(f"{candidate.backend.title} answered without a file.")
    return answer


def _estimate(task: Task, candidate: Candidate, artifacts: Sequence[Artifact]) -> float | None:
    """What it may have cost, now that it is known how long the files are; a part of them may have been there before."""
    lengths = [artifact.duration_seconds for artifact in artifacts]
    seconds = sum(length for length in lengths if length is not None) if None not in lengths else None
    of_length = estimate(candidate, prompt=task.prompt, count=task.count, seconds=seconds)
    return min((usd for usd in (task.estimate_usd, of_length) if usd is not None), default=None)


def _amount(usd: object) -> float | None:
    return float(usd) if isinstance(usd, int | float) and 0 <= usd < math.inf else None


def _can_pass(error: MediaError) -> bool:
    # Of our own class, not of a subclass, are the errors of the disk and the library.
    return isinstance(error, _NOT_THE_PROVIDERS) or type(error) is MediaError


def _explained(backend: Backend[Any], error: Exception) -> MediaError:
    if isinstance(error, Expired):
        return TimedOut(f"{backend.title} did not answer in time.")
    try:
        known = backend.explain(error)
    except Exception as fault:  # noqa: BLE001 - a backend that cannot explain must not hide what happened
        _log.warning("%s could not explain a %s: %s", backend.name, type(error).__name__, type(fault).__name__)
        known = None
    if isinstance(known, MediaError):
        return known
    if isinstance(error, TimeoutError):
        return TimedOut(f"{backend.title} did not answer in time.")
    if isinstance(error, OSError):
        return Unreachable(f"The connection to {backend.title} failed ({type(error).__name__}).")
    _log.error("%s failed: %s", backend.name, describe_exception(error))
    return ProviderError(f"{backend.title} failed in a way its backend does not know ({type(error).__name__}).")
