"""A job's files, made: split over paid calls, sent again or moved on to the next choice where nothing was billed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import anyio

from mediasmith.artifacts import Destination
from mediasmith.clock import Clock
from mediasmith.contract import JSON, Source
from mediasmith.errors import (
    Cancelled,
    InvalidRequest,
    MediaError,
    ModelGone,
    ProviderError,
    RateLimited,
    Refused,
    StateGone,
    Unreachable,
    Unsuitable,
)
from mediasmith.library import Artifact, Job, Library, Part
from mediasmith.listings import Listings
from mediasmith.live import Errand, Live
from mediasmith.money import estimate
from mediasmith.parts import Parts
from mediasmith.selector import Choice

_RESENDS = 3
"""How often a request that was provably not accepted is sent again, where there is no other choice."""

_LONGEST_PAUSE = 60.0
"""A provider that asks for a longer pause is not waited for with a paying request."""

_REST = 60.0
"""Seconds for which `auto` leaves out a backend that just failed."""

_MODEL_ONLY = (ModelGone, Unsuitable)
"""What says nothing against the backend's other models."""

_PASSING = (Unreachable, RateLimited, ProviderError)
"""What may be better in a moment."""

_NEW_VOICES = ("voice_design", "voice_clone")
"""Kinds after which a provider may list one voice more."""

_FINAL = (Refused, InvalidRequest, Cancelled)
"""What `auto` takes nowhere else, whether billed or not: a refusal, a mistake in the request, a change of mind."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A job about to start: what is asked for, the choices in order, and where the files go.

    The inputs of the choices may lie in `scratch`, which goes with the job. `origin` is the artifact that an edit
    continues, `origin_file` its saved file.
    """

    job: Job
    errand: Errand
    choices: tuple[Choice, ...]
    destination: Destination
    scratch: Path
    origin: Artifact | None = None
    origin_file: Source | None = None


@dataclass(frozen=True, kw_only=True)
class Making:
    """Makes the files of plans. `resting` tells until when each backend that just failed is left out."""

    parts: Parts
    library: Library
    listings: Listings
    clock: Clock
    resting: dict[str, float] = field(default_factory=dict[str, float])

    def left_out(self) -> frozenset[str]:
        """The backends that failed a moment ago; `auto` tries them last."""
        now = self.clock.now()
        return frozenset(name for name, until in self.resting.items() if until > now)

    def begin(self, plan: Plan, live: Live) -> list[Part]:
        """The parts of the first choice, ready to be recorded with the job."""
        for item, prompt in enumerate(plan.errand.prompts):
            self._split(live, plan.choices[0], item=item, prompt=prompt, first=0, count=plan.errand.count)
        return list(live.parts.values())

    async def make(self, plan: Plan, live: Live, parts: Sequence[Part]) -> None:
        """Make everything. What could not be made stands in `live.errors`."""
        await self._together(plan, live, parts, plan.choices)

    async def _together(self, plan: Plan, live: Live, parts: Sequence[Part], choices: tuple[Choice, ...]) -> None:
        async with anyio.create_task_group() as tasks:
            for part in parts:
                tasks.start_soon(self._one, plan, live, part, choices)

    async def _one(self, plan: Plan, live: Live, part: Part, choices: tuple[Choice, ...]) -> None:
        choice = choices[0]
        for warning in choice.warnings:
            live.warn(warning)
        try:
            await self._persist(plan, live, part, choices)
        except MediaError as error:
            if not live.cancelled:
                live.attempt(choice, f"{type(error).__name__}: {error.message}")
            self._rest(choice, error)
            if not live.cancelled and (left := await self._next(error, choices)):
                if isinstance(error, ModelGone):
                    live.warn(f"{_name(choice)} is no longer served; {_name(left[0])} was used instead.")
                await self._move_on(plan, live, part, left)
            else:
                live.errors[part.item] = error
        else:
            live.attempt(choice, "done")
            if choice.capability.kind in _NEW_VOICES:
                self.listings.forget(choice.backend)

    async def _move_on(self, plan: Plan, live: Live, part: Part, choices: tuple[Choice, ...]) -> None:
        """The same files from the next choice, which may take more calls for them."""
        parts = self._split(live, choices[0], item=part.item, prompt=part.prompt, first=part.first, count=part.count)
        try:
            await self.library.add_parts(parts)
        except MediaError as trouble:
            live.errors[part.item] = trouble
        else:
            await self._together(plan, live, parts, choices)

    async def _persist(self, plan: Plan, live: Live, part: Part, choices: tuple[Choice, ...]) -> None:
        """Make the part with the first choice; send again what was not accepted, when there is nobody else."""
        pause = 1.0
        for resend in range(_RESENDS + 1):
            try:
                return await self._with_state(plan, live, part, choices[0])
            except _PASSING as error:
                advice = error.retry_after if isinstance(error, RateLimited) else None
                wait = max(pause, advice or 0)
                if error.billed != "no" or resend == _RESENDS or wait > _LONGEST_PAUSE:
                    raise
                if live.cancelled or await self._next(error, choices):
                    raise
                live.message = error.message
                with live.stoppable():
                    await self.clock.sleep(wait)
                live.message = ""
                pause *= 2
        return None

    async def _with_state(self, plan: Plan, live: Live, part: Part, choice: Choice) -> None:
        state: JSON = plan.origin.state if plan.origin and choice.native else None
        try:
            await self.parts.make(live, part, choice, state=state)
        except StateGone as error:
            if plan.origin_file is None or choice.capability.edits is None or error.billed != "no" or state is None:
                raise
            live.warn(f"{error.message} The saved file was sent in its place.")
            await self.parts.make(live, part, choice.from_file(plan.origin_file), state=None)

    def _split(  # noqa: PLR0913 - what says which files of which prompt
        self, live: Live, choice: Choice, *, item: int, prompt: str, first: int, count: int
    ) -> list[Part]:
        """Parts of at most as many files as one call makes, added to the job."""
        parts = [
            Part(
                job_id=live.job.id,
                number=len(live.parts) + index,
                item=item,
                prompt=prompt,
                first=first + start,
                count=min(choice.per_call, count - start),
                backend=choice.backend.name,
                capability=choice.capability.name,
                model=choice.model.id,
                params=choice.values,
            )
            for index, start in enumerate(range(0, count, choice.per_call))
        ]
        parts = [replace(part, estimate_usd=estimate(choice, prompt=prompt, count=part.count)) for part in parts]
        live.parts |= {part.number: part for part in parts}
        return parts

    async def _next(self, error: MediaError, choices: tuple[Choice, ...]) -> tuple[Choice, ...]:
        """The choices that are left after this error of the first one, from the next not known to lack what is wanted.

        Where there is none for want of such a thing, as of a voice, the error says so.
        """
        lacking: str | None = ""
        left = _left(error, choices)
        while left:
            own = left[0].backend.name == choices[0].backend.name  # had it, or had a chance to say so
            lacking = "" if own else await self.listings.lacking(left[0])
            if not lacking:
                return left
            left = left[1:]
        note = f"No other backend lists {lacking}."
        if lacking and note not in error.hint:
            error.hint = f"{error.hint} {note}".strip()
        return ()

    def _rest(self, choice: Choice, error: MediaError) -> None:
        if _moves_on(error) and not isinstance(error, (*_MODEL_ONLY, StateGone)):
            self.resting[choice.backend.name] = self.clock.now() + _REST


def _moves_on(error: MediaError) -> bool:
    return error.billed == "no" and not isinstance(error, _FINAL)


def _left(error: MediaError, choices: tuple[Choice, ...]) -> tuple[Choice, ...]:
    """The choices that are left after this error of the first one; a stand-in is never among them."""
    if not _moves_on(error):
        return ()
    failed, *rest = choices
    return tuple(
        choice
        for choice in rest
        if choice.capability.preference >= 0
        and (isinstance(error, _MODEL_ONLY) or choice.backend.name != failed.backend.name)
    )


def _name(choice: Choice) -> str:
    return f"{choice.backend.name} {choice.model.id}"
