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

from mediasmith.artifacts import FileSink
from mediasmith.clients import Clients
from mediasmith.clock import Clock
from mediasmith.contract import JSON, Accepted, Backend, Call, Capability, Pending, Result, Work
from mediasmith.errors import (
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
)
from mediasmith.library import Artifact, Library, Part, Phase
from mediasmith.live import Live
from mediasmith.money import estimate
from mediasmith.outputs import Outputs, json_size, token
from mediasmith.redact import Redactor, told
from mediasmith.selector import Choice
from mediasmith.settings import Settings
from mediasmith.waiting import Expired, within

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
class Parts:
    """Runs the parts of jobs; it owns nothing but the slots. `why_not` says why a capability is not ready."""

    library: Library
    clients: Clients
    clock: Clock
    outputs: Outputs
    settings: Settings
    redact: Redactor
    why_not: Callable[[Backend[Any], Capability[Any, Any]], str]
    slots: dict[str, anyio.CapacityLimiter] = field(default_factory=dict[str, anyio.CapacityLimiter])

    async def make(self, live: Live, part: Part, choice: Choice, *, state: JSON) -> None:
        """Send a part's paying request and save what comes of it.

        Raises:
            MediaError: with `billed` filled in; the record says the same.
        """
        async with self._recorded(live, part, choice), self._slot(live, part.backend):
            with live.stoppable():
                work = await self._work(live, part, choice)
            call = Call(
                client=work.client,
                model=work.model,
                file=work.file,
                report=work.report,
                warn=work.warn,
                prompt=part.prompt,
                params=choice.params(part.count, part.first),
                inputs=choice.inputs,
                state=state,
            )
            await self._save_part(live, replace(part, phase="sending", billed="unknown", error=None))
            if live.cancelled:
                raise Cancelled(billed="no")
            # Without its handle, work could neither be stopped nor collected.
            with live.start() if choice.capability.poll else live.stoppable():
                answer: object = await within(self.clock, self._deadline(choice), lambda: choice.capability.start(call))
            await self._collect(live, part.number, choice, work, answer)

    async def resume(self, live: Live, part: Part, choice: Choice) -> None:
        """Collect a part that the provider has accepted, perhaps for a process that is gone.

        Raises:
            MediaError: with `billed` filled in; the record says the same.
        """
        try:
            work = await self._work(live, part, choice)
            if reason := self.why_not(choice.backend, choice.capability):
                raise Unreachable(f"{choice.backend.title} cannot be asked about it now: {reason}.")
        except MediaError as error:  # without a client nothing can be said about the work
            self._explain(choice.backend, error, billed="yes").billed = "yes"
            await self._stuck(live, part, error)
            raise
        async with self._recorded(live, replace(part, error=None), choice):
            await self._collect(live, part.number, choice, work, Accepted(handle=part.handle))

    async def stop(self, live: Live, part: Part, choice: Choice) -> bool:
        """Tell the provider to stop, where it can be told; whether it was."""
        cancel = choice.capability.cancel
        if cancel is None or part.phase != "accepted":
            return False

        async def tell() -> None:
            await cancel(await self._work(live, part, choice), part.handle)

        try:
            await within(self.clock, _CANCEL_SECONDS, tell)
        except Exception as error:  # noqa: BLE001 - the cancel goes on without the provider
            _log.info("%s did not cancel: %s", part.backend, type(error).__name__)
            return False
        return True

    async def name_files(self, live: Live, part: Part, artifacts: Sequence[Artifact]) -> bool:
        """Give a part's finished temporary files their names; False when one is gone. Safe to repeat."""
        if not artifacts:
            return False
        settled: list[Artifact] = []
        for artifact in artifacts:
            path = Path(artifact.path)
            try:
                placed, renamed = await live.destination.settle(artifact.token, path.name)
            except FileNotFoundError:
                if not await to_thread.run_sync(_is_file, path, artifact.sha256):
                    return False
                placed, renamed = path, False
            if renamed:
                live.warn(f"{path.name} existed; the new file is {placed.name}.")
            settled.append(replace(artifact, path=str(placed), token=""))
        done = replace(part, phase="done", error=None)
        await self.library.settle(done, settled, at=self.clock.now())
        live.artifacts += settled
        live.parts[part.number] = done
        return True

    async def end(self, live: Live, number: int, phase: Phase, error: MediaError | None = None) -> None:
        """Record how a part ended, and remove its temporary files."""
        part = live.parts[number]
        if error:
            part = replace(part, billed=error.billed or "unknown", error=described(error))
        live.parts[number] = replace(part, phase=phase)
        await self._tidy(live, part)
        await self._save_part(live, live.parts[number])

    @asynccontextmanager
    async def _slot(self, live: Live, backend: str) -> AsyncGenerator[None]:
        slots = self.slots.setdefault(backend, anyio.CapacityLimiter(self.settings.concurrency))
        # A slot belongs to the part, not to the task that happens to run it.
        borrower = object()
        with live.stoppable():
            await slots.acquire_on_behalf_of(borrower)
        try:
            yield
        finally:
            slots.release_on_behalf_of(borrower)

    @asynccontextmanager
    async def _recorded(self, live: Live, part: Part, choice: Choice) -> AsyncGenerator[None]:
        """Whatever ends the part early is recorded, and left as a MediaError."""
        live.parts[part.number] = part
        try:
            yield
        except Exception as error:
            reached = live.parts[part.number]
            known = self._explain(choice.backend, error, billed=reached.billed)
            with anyio.CancelScope(shield=True):
                await self._fail(live, reached, known)
            if known is error:
                raise
            raise known from error

    async def _fail(self, live: Live, part: Part, error: MediaError) -> None:
        if _can_pass(error) and part.phase in {"accepted", "saving"}:
            error.billed = part.billed
            if part.phase == "accepted":
                await self._tidy(live, part)
                await self._stuck(live, part, error)
            return
        open_question = error.billed == "unknown" and not isinstance(error, Refused)
        phase: Phase = "unknown" if open_question else "failed"
        try:
            await self.end(live, part.number, "cancelled" if isinstance(error, Cancelled) else phase, error)
        except MediaError as trouble:
            _log.warning("how a part of job %s ended could not be recorded: %s", part.job_id, trouble.message)

    async def _stuck(self, live: Live, part: Part, error: MediaError) -> None:
        """Record what the collecting of a part has stopped at."""
        live.parts[part.number] = replace(part, error=described(error))
        try:
            await self.library.save_part(live.parts[part.number], at=self.clock.now())
        except MediaError as trouble:
            _log.warning("where job %s stands could not be recorded: %s", part.job_id, trouble.message)

    async def _save_part(self, live: Live, part: Part) -> None:
        await self.library.save_part(part, at=self.clock.now())
        live.parts[part.number] = part

    async def _tidy(self, live: Live, part: Part) -> None:
        """Remove a part's temporary files. What cannot be removed is no reason to lose what was made."""
        try:
            await live.destination.sweep(_prefix(part), keep=())
        except MediaError as error:
            _log.warning("temporary files of job %s are left: %s", part.job_id, error.message)

    async def _work(self, live: Live, part: Part, choice: Choice) -> Work[Any]:
        opened = count(_SINKS)

        def file(_mime: str) -> FileSink:
            return live.destination.sink(token(part, next(opened)), max_bytes=self.settings.max_output_bytes)

        def report(pending: Pending) -> None:
            live.report(replace(pending, message=self.redact.text(str(pending.message))))

        def warn(text: str) -> None:
            live.warn(self.redact.text(str(text)))

        try:
            client: object = await within(self.clock, _OPEN_SECONDS, lambda: self.clients.client(choice.backend))
        except Expired as error:
            raise Unreachable(f"{choice.backend.title} could not be opened in {_OPEN_SECONDS:.10g} seconds.") from error
        return Work(client=client, model=choice.model, file=file, report=report, warn=warn)

    def _deadline(self, choice: Choice) -> float:
        return self.settings.deadline_seconds or choice.capability.deadline

    async def _collect(self, live: Live, number: int, choice: Choice, work: Work[Any], answer: object) -> None:
        part = live.parts[number] = replace(live.parts[number], billed="yes")
        if isinstance(answer, Accepted):
            part = await self._accept(live, part, choice, answer.handle)
            answer = await self._follow(live, part, choice, work)
        result = _checked(choice, answer)
        artifacts = await self.outputs.store(live, part, choice, result)
        details = self.redact.json(result.details)
        part = replace(
            part,
            phase="saving",
            cost_usd=_amount(result.cost_usd),
            estimate_usd=_estimate(part, choice, artifacts),
            complete=result.complete,
            details=details or None,
        )
        # A cancel that came now would leave files that nobody knows of.
        with anyio.CancelScope(shield=True):
            await self.library.stage(part, artifacts, at=self.clock.now())
            live.parts[number] = part
            if not await self.name_files(live, part, artifacts):
                live.parts[number] = replace(part, phase="sending" if part.handle is None else "accepted")
                raise MediaError(f"A file was removed from {live.destination.folder} before it had its name.")
            # A process before this one may have begun files; of its own this one knows.
            if part.handle is not None or live.destination.has_begun(_prefix(part)):
                await self._tidy(live, part)

    async def _accept(self, live: Live, part: Part, choice: Choice, handle: JSON) -> Part:
        """Record the handle before anything waits. What it names is being paid for, so nothing may come between."""
        if json_size(handle) is None:
            raise ProviderError(f"The backend {choice.backend.name} gave a handle that is no JSON.")
        part = live.parts[part.number] = replace(part, phase="accepted", handle=handle)
        try:
            with anyio.CancelScope(shield=True):
                await self.library.save_part(part, at=self.clock.now())
        except MediaError as error:
            # To go on without the record is the only way left to collect it.
            _log.warning("the handle of job %s could not be recorded: %s", part.job_id, error.message)
        return part

    async def _follow(self, live: Live, part: Part, choice: Choice, work: Work[Any]) -> Result:
        """What the work comes to. Where the provider can be told to stop, a cancel of the job ends it."""
        if choice.capability.cancel is None:
            return await self._poll(live, part, choice, work)
        try:
            with live.stoppable():
                return await self._poll(live, part, choice, work)
        except Cancelled:
            if live.cancelled:
                await self.stop(live, part, choice)
            raise

    async def _poll(self, live: Live, part: Part, choice: Choice, work: Work[Any]) -> Result:
        every = choice.capability.every
        seconds = self._deadline(choice)
        ends = self.clock.now() + seconds
        wait = every
        while True:
            outcome = await self._poll_once(part, choice, work)
            if isinstance(outcome, Result):
                return outcome
            if isinstance(outcome, Pending):
                work.report(outcome)
                wait = every
            else:
                live.message = outcome.message
                advice = outcome.retry_after if isinstance(outcome, RateLimited) else None
                wait = max(min(wait * 2, max(_SLOWEST_POLL, every)), advice or 0)
            if self.clock.now() + wait > ends and isinstance(outcome, MediaError):
                raise Unreachable(f"{choice.backend.title} could not be asked any more: {outcome.message}")
            if self.clock.now() + wait > ends:
                raise TimedOut(f"{choice.backend.title} is still at work after {seconds:.10g} seconds of waiting.")
            await self.clock.sleep(wait)

    async def _poll_once(self, part: Part, choice: Choice, work: Work[Any]) -> Result | Pending | MediaError:
        """One poll. What the adapter itself raises is the provider's verdict; trouble on the way is only returned."""
        poll = choice.capability.poll
        if poll is None:
            raise ProviderError(f"{choice.backend.title} gave a handle, but its backend cannot ask about it.")
        try:
            answer = await within(self.clock, _POLL_SECONDS, lambda: poll(work, part.handle))
        except Exception as error:
            trouble = self._explain(choice.backend, error, billed="yes")
            if trouble is error and not isinstance(trouble, _PASSING):
                raise
            if trouble is not error:
                trouble.billed = "yes"  # what a poll meets does not undo what was begun
            if isinstance(trouble, _VERDICTS):
                raise trouble from error
            return trouble
        return answer if isinstance(answer, Pending) else _checked(choice, answer)

    def _explain(self, backend: Backend[Any], error: Exception, *, billed: Billed) -> MediaError:
        """Any exception as a MediaError with clean text; `billed` unless the adapter knew better."""
        known = error if isinstance(error, MediaError) else _explained(backend, error)
        known.message = self.redact.text(str(known.message))
        known.hint = self.redact.text(str(known.hint))
        # What is unsuitable is found before anything is sent.
        known.billed = known.billed or ("no" if isinstance(known, Unsuitable) else billed)
        return known


def _prefix(part: Part) -> str:
    """How the tokens of a part's temporary files start."""
    return f"{part.job_id}-{part.number}-"


def _is_file(path: Path, sha256: str) -> bool:
    """Whether this very file stands there, and not another one of its name."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except OSError:
        return False


def described(error: MediaError) -> dict[str, JSON]:
    """An error as the library keeps it."""
    return {"type": type(error).__name__, "message": error.message, "hint": error.hint, "billed": error.billed}


def _checked(choice: Choice, answer: object) -> Result:
    """A backend's answer, if it is one: a plug-in's types may not hold what they say."""
    if not isinstance(answer, Result):
        raise ProviderError(f"The backend {choice.backend.name} answered with {type(answer).__name__}, not a Result.")
    if not answer.outputs:
        raise ProviderError(f"{choice.backend.title} answered without a file.")
    return answer


def _estimate(part: Part, choice: Choice, artifacts: Sequence[Artifact]) -> float | None:
    """What it may have cost, now that it is known how long the files are; a part of them may have been there before."""
    lengths = [artifact.duration_seconds for artifact in artifacts]
    seconds = sum(length for length in lengths if length is not None) if None not in lengths else None
    of_length = estimate(choice, prompt=part.prompt, count=part.count, seconds=seconds)
    return min((usd for usd in (part.estimate_usd, of_length) if usd is not None), default=None)


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
    _log.error("%s failed: %s", backend.name, told(error))
    return ProviderError(f"{backend.title} failed in a way its backend does not know ({type(error).__name__}).")
