"""A job's files, made: split over paid calls, sent again or moved on to the next choice where nothing was billed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import anyio

from mediasmith.jobs.active_job import ActiveJob, JobSpec
from mediasmith.jobs.task import TaskExecution
from mediasmith.plugin.contract import JSON
from mediasmith.plugin.errors import (
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
from mediasmith.plugin.files import Source
from mediasmith.runtime.clock import Clock
from mediasmith.selection.candidate import Candidate
from mediasmith.selection.live_lists import LiveLists
from mediasmith.selection.pricing import estimate
from mediasmith.storage.artifacts.destination import Destination
from mediasmith.storage.library.records import Artifact, Job, Task
from mediasmith.storage.library.store import Library

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
class JobPlan:
    """A job about to start: what is asked for, the choices in order, and where the files go.

    The inputs of the choices may lie in `scratch`, which goes with the job. `origin` is the artifact that an edit
    continues, `origin_file` its saved file.
    """

    job: Job
    spec: JobSpec
    candidates: tuple[Candidate, ...]
    destination: Destination
    scratch: Path
    origin: Artifact | None = None
    origin_file: Source | None = None


@dataclass(frozen=True, kw_only=True)
class Dispatcher:
    """Makes the files of plans. `resting` tells until when each backend that just failed is left out."""

    tasks: TaskExecution
    library: Library
    live_lists: LiveLists
    clock: Clock
    resting: dict[str, float] = field(default_factory=dict[str, float])

    def left_out(self) -> frozenset[str]:
        """The backends that failed a moment ago; `auto` tries them last."""
        now = self.clock.now()
        return frozenset(name for name, until in self.resting.items() if until > now)

    def begin(self, plan: JobPlan, active: ActiveJob) -> list[Task]:
        """The parts of the first choice, ready to be recorded with the job."""
        for item, prompt in enumerate(plan.spec.prompts):
            self._split(active, plan.candidates[0], item=item, prompt=prompt, first=0, count=plan.spec.count)
        return list(active.tasks.values())

    async def make(self, plan: JobPlan, active: ActiveJob, tasks: Sequence[Task]) -> None:
        """Make everything. What could not be made stands in `live.errors`."""
        await self._together(plan, active, tasks, plan.candidates)

    async def _together(
        self, plan: JobPlan, active: ActiveJob, tasks: Sequence[Task], candidates: tuple[Candidate, ...]
    ) -> None:
        async with anyio.create_task_group() as task_group:
            for task in tasks:
                task_group.start_soon(self._one, plan, active, task, candidates)

    async def _one(self, plan: JobPlan, active: ActiveJob, task: Task, candidates: tuple[Candidate, ...]) -> None:
        candidate = candidates[0]
        for warning in candidate.warnings:
            active.warn(warning)
        try:
            await self._persist(plan, active, task, candidates)
        except MediaError as error:
            if not active.cancelled:
                active.attempt(candidate, f"{type(error).__name__}: {error.message}")
            self._rest(candidate, error)
            if not active.cancelled and (left := await self._next(error, candidates)):
                if isinstance(error, ModelGone):
                    active.warn(f"{_name(candidate)} is no longer served; {_name(left[0])} was used instead.")
                await self._move_on(plan, active, task, left)
            else:
                active.errors[task.item] = error
        else:
            active.attempt(candidate, "done")
            if candidate.capability.kind in _NEW_VOICES:
                self.live_lists.forget(candidate.backend)

    async def _move_on(self, plan: JobPlan, active: ActiveJob, task: Task, candidates: tuple[Candidate, ...]) -> None:
        """The same files from the next choice, which may take more calls for them."""
        tasks = self._split(
            active, candidates[0], item=task.item, prompt=task.prompt, first=task.first, count=task.count
        )
        try:
            await self.library.add_tasks(tasks)
        except MediaError as trouble:
            active.errors[task.item] = trouble
        else:
            await self._together(plan, active, tasks, candidates)

    async def _persist(self, plan: JobPlan, active: ActiveJob, task: Task, candidates: tuple[Candidate, ...]) -> None:
        """Make the part with the first choice; send again what was not accepted, when there is nobody else."""
        pause = 1.0
        for resend in range(_RESENDS + 1):
            try:
                return await self._with_state(plan, active, task, candidates[0])
            except _PASSING as error:
                advice = error.retry_after if isinstance(error, RateLimited) else None
                wait = max(pause, advice or 0)
                if error.billed != "no" or resend == _RESENDS or wait > _LONGEST_PAUSE:
                    raise
                if active.cancelled or await self._next(error, candidates):
                    raise
                active.message = error.message
                with active.stoppable():
                    await self.clock.sleep(wait)
                active.message = ""
                pause *= 2
        return None

    async def _with_state(self, plan: JobPlan, active: ActiveJob, task: Task, candidate: Candidate) -> None:
        state: JSON = plan.origin.state if plan.origin and candidate.native else None
        try:
            await self.tasks.make(active, task, candidate, state=state)
        except StateGone as error:
            if plan.origin_file is None or candidate.capability.edits is None or error.billed != "no" or state is None:
                raise
            active.warn(f"{error.message} The saved file was sent in its place.")
            await self.tasks.make(active, task, candidate.from_file(plan.origin_file), state=None)

    def _split(  # noqa: PLR0913 - what says which files of which prompt
        self, active: ActiveJob, candidate: Candidate, *, item: int, prompt: str, first: int, count: int
    ) -> list[Task]:
        """Parts of at most as many files as one call makes, added to the job."""
        tasks = [
            Task(
                job_id=active.job.id,
                number=len(active.tasks) + index,
                item=item,
                prompt=prompt,
                first=first + start,
                count=min(candidate.per_call, count - start),
                backend=candidate.backend.name,
                capability=candidate.capability.name,
                model=candidate.model.id,
                params=candidate.values,
            )
            for index, start in enumerate(range(0, count, candidate.per_call))
        ]
        tasks = [replace(task, estimate_usd=estimate(candidate, prompt=prompt, count=task.count)) for task in tasks]
        active.tasks |= {task.number: task for task in tasks}
        return tasks

    async def _next(self, error: MediaError, candidates: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
        """The choices that are left after this error of the first one, from the next not known to lack what is wanted.

        Where there is none for want of such a thing, as of a voice, the error says so.
        """
        lacking: str | None = ""
        left = _left(error, candidates)
        while left:
            own = left[0].backend.name == candidates[0].backend.name  # had it, or had a chance to say so
            lacking = "" if own else await self.live_lists.lacking(left[0])
            if not lacking:
                return left
            left = left[1:]
        note = f"No other backend lists {lacking}."
        if lacking and note not in error.hint:
            error.hint = f"{error.hint} {note}".strip()
        return ()

    def _rest(self, candidate: Candidate, error: MediaError) -> None:
        if _moves_on(error) and not isinstance(error, (*_MODEL_ONLY, StateGone)):
            self.resting[candidate.backend.name] = self.clock.now() + _REST


def _moves_on(error: MediaError) -> bool:
    return error.billed == "no" and not isinstance(error, _FINAL)


def _left(error: MediaError, candidates: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
    """The choices that are left after this error of the first one; a stand-in is never among them."""
    if not _moves_on(error):
        return ()
    failed, *rest = candidates
    return tuple(
        candidate
        for candidate in rest
        if candidate.capability.preference >= 0
        and (isinstance(error, _MODEL_ONLY) or candidate.backend.name != failed.backend.name)
    )


def _name(candidate: Candidate) -> str:
    return f"{candidate.backend.name} {candidate.model.id}"
