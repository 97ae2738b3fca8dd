"""Poll accepted work until its result is saved. Trouble on the way never ends it; only the provider's verdict does.

Polls are paced by the work: from one to the next it is a tenth of the time that the work has taken so far, so that
waiting adds no more than that to what the provider needs. It is at most the capability's `every`, except where many
jobs wait for one backend.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

from pydantic import BaseModel, ValidationError

from mediasmith.config.settings import Settings
from mediasmith.jobs.active_job import ActiveJob, way_out
from mediasmith.jobs.cancellation import ProviderCancel
from mediasmith.plugin.contract import JSON, Capability, Context, Failed, Output, Pending, Result
from mediasmith.plugin.errors import Cancelled, MediaError, ProviderError, RateLimited, TimedOut, Unreachable
from mediasmith.runtime.clock import Clock
from mediasmith.runtime.error_mapping import ErrorMapper
from mediasmith.runtime.timeouts import with_timeout
from mediasmith.selection.candidate import Candidate

_POLL_SECONDS = 60.0
"""One poll that takes longer has hung."""

_FIRST_PAUSE = 0.25
"""Seconds before the first poll of new work, at most."""

_SHORTEST_PAUSE = 0.1
"""Seconds from one poll to the next, whatever a provider advises."""

_REST = 0.05
"""Seconds from the answer to a slow poll to the next one, at least."""

_SHARE = 0.1
"""A pause as a share of the time that the work has taken so far."""

_RATE = 10.0
"""Polls a second of one backend, for all jobs together."""

_SLOWEST_POLL = 60.0
"""Failed polls back off to this many seconds."""

Save = Callable[[Result], Awaitable[None]]
"""Saves a result's files."""


class WorkFailed(Exception):
    """The provider says that the work has ended without a result; `error` says why."""

    def __init__(self, error: MediaError) -> None:
        super().__init__(error.message)
        self.error = error


@dataclass(frozen=True, kw_only=True)
class Poller:
    """Polls the work of one task at a time."""

    clock: Clock
    settings: Settings
    errors: ErrorMapper
    provider_cancel: ProviderCancel
    _polled: Counter[str] = field(default_factory=Counter[str])

    async def collect(  # noqa: PLR0913 - one more than usual
        self,
        active: ActiveJob,
        candidate: Candidate,
        context: Context[Any],
        handle: JSON,
        save: Save,
        *,
        begun: float,
    ) -> None:
        """Poll until the result is saved. Where the provider can stop the work, a cancel of the job ends it.

        `begun` is when the work began, by the clock.

        Raises:
            WorkFailed: the provider says that it failed.
            Cancelled: the job was cancelled, and the work with it.
            MediaError: the deadline has passed, or the files cannot be kept; the work can still be collected.
        """
        named = parse_handle(candidate, handle)
        poll = partial(self._poll, active, candidate, context, named, save, begun)
        if candidate.capability.cancel is None:
            return await poll()
        try:
            with active.cancel.stoppable():
                return await poll()
        except Cancelled:
            if not active.cancel.requested:
                raise
            if await self.provider_cancel.stop(active, candidate, context, named) != "too late":
                raise
        return await poll()

    async def _poll(  # noqa: PLR0913, PLR0917 - as above
        self,
        active: ActiveJob,
        candidate: Candidate,
        context: Context[Any],
        handle: BaseModel,
        save: Save,
        begun: float,
    ) -> None:
        backend, seconds = candidate.backend.name, deadline(self.settings, candidate)
        ends = self.clock.now() + seconds
        pause = min(first_pause(candidate.capability), seconds) - (self.clock.now() - begun)
        self._polled[backend] += 1
        try:
            while True:
                await self.clock.sleep(pause)
                asked = self.clock.now()
                outcome, finished = await self._poll_once(candidate, context, handle), False
                if isinstance(outcome, Failed):
                    raise WorkFailed(self._reason(candidate, outcome))
                if isinstance(outcome, Result):
                    saving = save(outcome)
                    del outcome  # which would keep its files in memory
                    try:
                        return await saving
                    except (ProviderError, Unreachable, TimedOut) as error:  # the next poll may name another place
                        outcome, finished = error, True
                if isinstance(outcome, Pending):
                    context.report(outcome)
                else:
                    active.report_trouble(outcome)
                now = self.clock.now()
                if now >= ends:
                    raise _deadline_error(candidate, outcome, seconds, finished=finished)
                pause = self._pause(candidate, outcome, pause, spent=now - begun)
                if isinstance(outcome, Pending):
                    pause = max(pause - (now - asked), _REST)
                pause = min(pause, ends - now)
        finally:
            self._polled[backend] -= 1

    def _pause(self, candidate: Candidate, outcome: Pending | MediaError, before: float, *, spent: float) -> float:
        """Return the seconds until the next poll, after a pause of `before`."""
        every = candidate.capability.every
        paced = min(every, max(_SHORTEST_PAUSE, spent * _SHARE))
        paced = max(paced, self._polled[candidate.backend.name] / _RATE)
        if isinstance(outcome, Pending):
            return _advised(outcome.after) or paced
        advice = _advised(outcome.retry_after) if isinstance(outcome, RateLimited) else None
        backed_off = min(max(before, _SHORTEST_PAUSE) * 2, max(_SLOWEST_POLL, every))
        return max(paced, backed_off, advice or 0)

    def _reason(self, candidate: Candidate, failed: Failed) -> MediaError:
        error = cast("object", failed.error)
        if not isinstance(error, MediaError):  # a plug-in's types may not hold what they say
            error = ProviderError(f"{candidate.backend.title} ended the work without a file.")
        return self.errors.map(candidate.backend, error, billed="yes")

    async def _poll_once(
        self, candidate: Candidate, context: Context[Any], handle: BaseModel
    ) -> Pending | Result | Failed | MediaError:
        """Poll once; whatever goes wrong is returned as an error."""
        poll = candidate.capability.poll
        if poll is None:
            return ProviderError(f"The installed backend {candidate.backend.name} cannot poll this work.")
        try:
            answer: object = await with_timeout(self.clock, _POLL_SECONDS, lambda: poll(context, handle))
            return answer if isinstance(answer, Pending | Failed) else checked_result(candidate, answer)
        except Exception as error:  # noqa: BLE001 - trouble of any type never ends what was accepted
            return self.errors.map(candidate.backend, error, billed="yes")


def first_pause(capability: Capability[Any, Any]) -> float:
    """Return the seconds from the start of new work to its first poll."""
    return min(_FIRST_PAUSE, capability.every)


def deadline(settings: Settings, candidate: Candidate) -> float:
    """Return the seconds until waiting for the provider ends."""
    return settings.deadline_seconds or candidate.capability.deadline


def parse_handle(candidate: Candidate, handle: JSON) -> BaseModel:
    """Return the capability's own handle from its JSON.

    Raises:
        MediaError: it does not validate; the work stays accepted.
    """
    try:
        if candidate.capability.handle is not None:
            return candidate.capability.handle.model_validate(handle)
    except ValidationError:
        pass
    raise MediaError(
        f"The installed backend {candidate.backend.name} cannot read the handle of this work, which is kept.",
        "Install the version of the backend that started it, and collect the job again.",
        billed="yes",
    )


def checked_result(candidate: Candidate, answer: object) -> Result:
    """Return a backend's answer, if it is a result with files.

    Raises:
        ProviderError: it is not; a plug-in's types may not hold what they say.
    """
    if not isinstance(answer, Result):
        raise ProviderError(
            f"The backend {candidate.backend.name} answered with {type(answer).__name__}, not a Result."
        )
    if not answer.outputs:
        raise ProviderError(f"{candidate.backend.title} answered without a file.")
    for output in answer.outputs:
        if not isinstance(output, Output):  # pyright: ignore[reportUnnecessaryIsInstance] - as above
            raise ProviderError(
                f"The backend {candidate.backend.name} answered with a {type(output).__name__} for a file."
            )
    return answer


def _advised(seconds: object) -> float | None:
    """Return a provider's advice on when to ask again, in seconds; None for what is no such number."""
    if isinstance(seconds, int | float) and 0 <= seconds < math.inf:
        return max(float(seconds), _SHORTEST_PAUSE)
    return None


def _deadline_error(
    candidate: Candidate, outcome: Pending | MediaError, seconds: float, *, finished: bool
) -> MediaError:
    title = candidate.backend.title
    if not isinstance(outcome, MediaError):
        late = f"{title} is still at work after {seconds:.10g} seconds of waiting."
        return TimedOut(late, f"get_job goes on waiting for {title}.")
    message = outcome.message if finished else f"{title} could not be asked any more: {outcome.message}"
    again = f"get_job asks {title} {'for a new link and tries again' if finished else 'again'}."
    error = Unreachable(message, f"{way_out(outcome)} {again}".strip())
    error.answer = outcome.answer
    return error
