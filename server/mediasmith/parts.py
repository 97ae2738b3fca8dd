"""One part of a job: one provider call, from sending it to its saved files.

Every step is recorded before the next is taken, so that a process that dies at any point leaves a record of what may
be done: nothing was sent; the answer is lost and may have been billed; there is a handle to collect with; or the
bytes are in temporary files that only want their names.
"""

from __future__ import annotations

import hashlib
import logging
import traceback
from collections.abc import AsyncGenerator, Sequence
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
from mediasmith.contract import JSON, Accepted, Backend, Call, Pending, Result, Work
from mediasmith.errors import (
    Billed,
    InvalidRequest,
    MediaError,
    MissingKey,
    ProviderError,
    RateLimited,
    Refused,
    TimedOut,
    Unreachable,
)
from mediasmith.library import Artifact, Library, Part, Phase
from mediasmith.live import Live
from mediasmith.outputs import Outputs, token
from mediasmith.redact import Redactor
from mediasmith.selector import Choice
from mediasmith.settings import Settings
from mediasmith.waiting import within

_log = logging.getLogger(__name__)

_POLL_SECONDS = 60.0
"""One poll that takes longer has hung."""

_CANCEL_SECONDS = 5.0
"""How long a provider may take to hear of a cancel."""

_SLOWEST_POLL = 60.0
"""Failed polls back off to this many seconds."""

_VERDICTS = (Refused, MissingKey, InvalidRequest)
"""What ends a poll even when the SDK raised it; any other trouble on the way passes."""

_SINKS = 1000
"""Temporary files that backends open are numbered from here, those of whole answers from 0."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Runs the parts of jobs; it owns nothing but the slots."""

    library: Library
    clients: Clients
    clock: Clock
    outputs: Outputs
    settings: Settings
    redact: Redactor
    slots: dict[str, anyio.CapacityLimiter] = field(default_factory=dict[str, anyio.CapacityLimiter])

    async def make(self, live: Live, part: Part, choice: Choice, *, state: JSON) -> None:
        """Send a part's paying request and save what comes of it.

        Raises:
            MediaError: with `billed` filled in; the record says the same.
        """
        async with self._slot(part.backend), self._recorded(live, part, choice):
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
            answer = await within(self.clock, self._deadline(choice), lambda: choice.capability.start(call))
            await self._collect(live, part.number, choice, work, answer)

    async def resume(self, live: Live, part: Part, choice: Choice) -> None:
        """Collect a part that the provider has accepted, perhaps for a process that is gone.

        Raises:
            MediaError: with `billed` filled in; the record says the same.
        """
        async with self._recorded(live, part, choice):
            work = await self._work(live, part, choice)
            await self._collect(live, part.number, choice, work, Accepted(handle=part.handle))

    async def stop(self, live: Live, part: Part, choice: Choice) -> bool:
        """Tell the provider to stop, where it can be told; whether it was."""
        if choice.capability.cancel is None or part.phase != "accepted":
            return False
        told = False
        with anyio.CancelScope(shield=True), anyio.move_on_after(_CANCEL_SECONDS):
            try:
                await choice.capability.cancel(await self._work(live, part, choice), part.handle)
                told = True
            except Exception as error:  # noqa: BLE001 - the cancel goes on without the provider
                _log.info("%s did not cancel: %s", part.backend, type(error).__name__)
        return told

    async def name_files(self, live: Live, part: Part, artifacts: Sequence[Artifact]) -> bool:
        """Give a part's finished temporary files their names; False when one is gone. Safe to repeat."""
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
        live.artifacts += settled
        live.parts[part.number] = done = replace(part, phase="done")
        await self.library.settle(done, settled, at=self.clock.now())
        return True

    async def end(self, live: Live, number: int, phase: Phase, error: MediaError | None = None) -> None:
        """Record how a part ended, and remove its temporary files."""
        part = live.parts[number]
        if error:
            part = replace(part, billed=error.billed or "unknown", error=described(error))
        await self._save_part(live, replace(part, phase=phase))
        await live.destination.sweep(f"{part.job_id}-{number}-", keep=())

    @asynccontextmanager
    async def _slot(self, backend: str) -> AsyncGenerator[None]:
        slots = self.slots.setdefault(backend, anyio.CapacityLimiter(self.settings.concurrency))
        # A slot belongs to the part, not to the task that happens to run it.
        borrower = object()
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
        except anyio.get_cancelled_exc_class():
            if live.cancelled:
                with anyio.CancelScope(shield=True):
                    await self.stop(live, live.parts[part.number], choice)
                    await self.end(live, part.number, "cancelled")
            raise
        except Exception as error:
            reached = live.parts[part.number]
            known = self._explain(choice.backend, error, billed=reached.billed)
            if isinstance(known, TimedOut) and reached.phase == "accepted":
                raise known from error  # our patience ended, not the work: it stays collectable
            await self.end(live, part.number, "unknown" if known.billed == "unknown" else "failed", known)
            raise known from error

    async def _save_part(self, live: Live, part: Part) -> None:
        live.parts[part.number] = part
        await self.library.save_part(part, at=self.clock.now())

    async def _work(self, live: Live, part: Part, choice: Choice) -> Work[Any]:
        opened = count(_SINKS)

        def file(_mime: str) -> FileSink:
            return live.destination.sink(token(part, next(opened)), max_bytes=self.settings.max_output_bytes)

        def warn(text: str) -> None:
            live.warn(self.redact.text(text))

        client: object = await self.clients.client(choice.backend)
        return Work(client=client, model=choice.model, file=file, report=live.report, warn=warn)

    def _deadline(self, choice: Choice) -> float:
        return self.settings.deadline_seconds or choice.capability.deadline

    async def _collect(
        self, live: Live, number: int, choice: Choice, work: Work[Any], answer: Result | Accepted
    ) -> None:
        part = live.parts[number] = replace(live.parts[number], billed="yes")
        if isinstance(answer, Accepted):
            part = replace(part, phase="accepted", handle=answer.handle)
            await self._save_part(live, part)
            answer = await self._poll(live, part, choice, work)
        if not answer.outputs:
            raise ProviderError(f"{choice.backend.title} answered without a file.")
        artifacts = await self.outputs.store(live, part, choice, answer)
        details = self.redact.json(answer.details)
        part = replace(
            part, phase="saving", cost_usd=answer.cost_usd, complete=answer.complete, details=details or None
        )
        live.parts[number] = part
        await self.library.stage(part, artifacts, at=self.clock.now())
        await self.name_files(live, part, artifacts)

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
                live.report(outcome)
                wait = every
            else:
                live.message = outcome.message
                advice = outcome.retry_after if isinstance(outcome, RateLimited) else None
                wait = advice or min(wait * 2, max(_SLOWEST_POLL, every))
            if self.clock.now() + wait > ends:
                raise TimedOut(f"{choice.backend.title} is still at work after {seconds:.10g} seconds of waiting.")
            await self.clock.sleep(wait)

    async def _poll_once(self, part: Part, choice: Choice, work: Work[Any]) -> Result | Pending | MediaError:
        """One poll. What the adapter itself raises is the provider's verdict; trouble on the way is only returned."""
        poll = choice.capability.poll
        if poll is None:
            raise ProviderError(f"{choice.backend.title} gave a handle, but its backend cannot ask about it.")
        try:
            return await within(self.clock, _POLL_SECONDS, lambda: poll(work, part.handle))
        except MediaError:
            raise
        except Exception as error:
            trouble = self._explain(choice.backend, error, billed="yes")
            if isinstance(trouble, _VERDICTS):
                raise trouble from error
            return trouble

    def _explain(self, backend: Backend[Any], error: Exception, *, billed: Billed) -> MediaError:
        """Any exception as a MediaError with clean text; `billed` unless the adapter knew better."""
        known = error if isinstance(error, MediaError) else _explained(backend, error)
        known.message = self.redact.text(known.message)
        known.hint = self.redact.text(known.hint)
        known.billed = known.billed or billed
        return known


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


def _explained(backend: Backend[Any], error: Exception) -> MediaError:
    try:
        known = backend.explain(error)
    except Exception as fault:  # noqa: BLE001 - a backend that cannot explain must not hide what happened
        _log.warning("%s could not explain a %s: %s", backend.name, type(error).__name__, type(fault).__name__)
        known = None
    if known is not None:
        return known
    if isinstance(error, TimeoutError):
        return TimedOut(f"{backend.title} did not answer in time.")
    if isinstance(error, OSError):
        return Unreachable(f"The connection to {backend.title} failed ({type(error).__name__}).")
    # Its text may hold anything, a key too, so only the type and the place are told.
    place = traceback.extract_tb(error.__traceback__)[-1]
    _log.error("%s failed: %s at %s:%s", backend.name, type(error).__name__, place.filename, place.lineno)
    return ProviderError(f"{backend.title} failed in a way its backend does not know ({type(error).__name__}).")
