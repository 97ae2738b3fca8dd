"""Dispatch a job: split it over paid calls, retry or fall back to the next candidate where nothing was billed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import anyio

from mediasmith.jobs.active_job import ActiveJob
from mediasmith.jobs.fallback import RETRIED, Chain, may_fall_back, starts_cooldown
from mediasmith.jobs.job_spec import JobSpec
from mediasmith.jobs.task import TakenOver, TaskExecution
from mediasmith.plugin.errors import Cancelled, MediaError, RateLimited, StateGone, format_seconds
from mediasmith.plugin.files import Source
from mediasmith.runtime.clock import Clock
from mediasmith.selection.candidate import Candidate
from mediasmith.selection.cooldown import Cooldown
from mediasmith.selection.live_lists import LiveLists
from mediasmith.selection.matching import match_saved_file
from mediasmith.selection.pricing import estimate
from mediasmith.storage.artifacts.destination import Destination
from mediasmith.storage.library.records import Allowance, Job, Task
from mediasmith.storage.library.store import Library

_RETRIES = 3
"""How often a request that was provably not accepted is sent again, where there is no other candidate."""

_LONGEST_PAUSE = 60.0
"""A provider that asks for a longer pause is not waited for with a paying request."""

_NEW_VOICES = ("voice_design", "voice_clone")
"""Kinds after which a provider may list one voice more."""


@dataclass(frozen=True, kw_only=True)
class JobPlan:
    """A job about to start: what is asked for, the candidates in order, and where the files go.

    Downloaded inputs of the candidates lie in `scratch`, which goes with the job. `origin_file` is the saved file that
    an edit continues. `max_cost_usd` is the caller's limit, `allowance` what this job and all others may cost together.
    """

    job: Job
    spec: JobSpec
    candidates: tuple[Candidate, ...]
    destination: Destination
    scratch: Path
    origin_file: Source | None = None
    max_cost_usd: float | None = None
    allowance: Allowance | None = None


@dataclass(frozen=True, kw_only=True)
class Dispatcher:
    """Makes the files of plans."""

    execution: TaskExecution
    library: Library
    live_lists: LiveLists
    cooldown: Cooldown
    clock: Clock

    def first_tasks(self, plan: JobPlan, active: ActiveJob) -> list[Task]:
        """Return the tasks of the first candidate, to be recorded with the job."""
        for item, prompt in enumerate(plan.spec.prompts):
            self._split(active, plan.candidates[0], item=item, prompt=prompt, first=0, count=plan.spec.count)
        return list(active.tasks.values())

    async def run(self, plan: JobPlan, active: ActiveJob, tasks: Sequence[Task]) -> None:
        """Run every task. What could not be made is in `active.errors`."""
        await self._run_together(plan, active, tasks, Chain(candidates=plan.candidates))

    async def resume(self, plan: JobPlan, active: ActiveJob) -> None:
        """Run the tasks that another process has queued, each starting with the candidate that it was queued for."""
        made_for = [(one.backend.name, one.capability.name, one.model.id) for one in plan.candidates]
        async with anyio.create_task_group() as task_group:
            for task in active.queued:
                wanted = (task.backend, task.capability, task.model)
                if wanted in made_for:
                    chain = Chain(candidates=plan.candidates[made_for.index(wanted) :])
                    task_group.start_soon(self._run_task, plan, active, task, chain)
                else:
                    active.errors[task.item] = not_sent(f"{task.backend} {task.model} cannot be used now")
                    await self.execution.end(active, task.number, "failed", active.errors[task.item])

    async def _run_together(self, plan: JobPlan, active: ActiveJob, tasks: Sequence[Task], chain: Chain) -> None:
        async with anyio.create_task_group() as task_group:
            for task in tasks:
                task_group.start_soon(self._run_task, plan, active, task, chain)

    async def _run_task(self, plan: JobPlan, active: ActiveJob, task: Task, chain: Chain) -> None:
        candidate = chain.first
        for warning in candidate.warnings:
            active.warn(warning)
        try:
            await self._retry(plan, active, task, chain)
        except TakenOver:
            return  # but the other tasks that are out get their answers
        except MediaError as error:
            cancelled = active.cancel.requested
            if not cancelled:
                active.record_attempt(candidate, f"{type(error).__name__}: {error.message}")
            again = not cancelled and not _was_accepted(active, task)
            rest = await chain.after(error, self.live_lists) if again else None
            if starts_cooldown(error) and not (rest and rest.has(candidate.backend)):
                await self.cooldown.start(candidate.backend.name)
            if rest is None:
                active.errors[task.item] = chain.final_error(error)
                if chain.earlier:
                    await self._record_reasons(active, task, error)
                return
            active.withdraw(candidate)
            await self._fall_back(plan, active, task, rest)
        else:
            active.record_attempt(candidate, "done")
            _warn_of_earlier(active, chain)
            if candidate.capability.kind in _NEW_VOICES:
                self.live_lists.forget(candidate.backend)

    async def _record_reasons(self, active: ActiveJob, task: Task, error: MediaError) -> None:
        """Record the error of a task that has ended once more, now that it has every backend's reason."""
        with suppress(MediaError):  # the job's own error has them, too
            await self.execution.end(active, task.number, active.tasks[task.number].phase, error)

    async def _fall_back(self, plan: JobPlan, active: ActiveJob, task: Task, chain: Chain) -> None:
        """Make the same files with the next candidate, which may take more calls for them."""
        tasks = self._split(active, chain.first, item=task.item, prompt=task.prompt, first=task.first, count=task.count)
        own, now = active.job.owner, self.clock.now()
        try:
            added = await self.library.add_tasks(tasks, owner=own, at=now, allowance=plan.allowance)
            active.taken_over = active.taken_over or not added
        except MediaError as error:
            added = False
            active.errors[task.item] = error
        if added:
            await self._run_together(plan, active, tasks, chain)
        else:
            for one in tasks:
                del active.tasks[one.number]  # nothing of them is recorded

    async def _retry(self, plan: JobPlan, active: ActiveJob, task: Task, chain: Chain) -> None:
        """Run the task with the first candidate; send again what was not accepted, where there is no other one."""
        pause = 1.0
        for attempt in range(_RETRIES + 1):
            try:
                return await self._execute(plan, active, task, chain.first)
            except RETRIED as error:
                advice = error.retry_after if isinstance(error, RateLimited) else None
                wait = max(pause, advice or 0)
                if not may_fall_back(error) or _was_accepted(active, task):
                    raise
                if attempt == _RETRIES or wait > _LONGEST_PAUSE:
                    raise
                if active.cancel.requested or await chain.after(error, self.live_lists):
                    raise
                active.message = f"{error.message} Trying again in {format_seconds(wait)}."
                await self._pause(active, task, wait)
                active.message = ""
                pause *= 2
        return None

    async def _pause(self, active: ActiveJob, task: Task, seconds: float) -> None:
        """Wait with a task that will be sent again. It is recorded as queued, as it was before it was sent."""
        await self.library.save_task(task, at=self.clock.now())
        active.tasks[task.number] = task
        try:
            with active.cancel.stoppable():
                await self.clock.sleep(seconds)
        except Cancelled:
            await self.execution.end(active, task.number, "cancelled", Cancelled(billed="no"))
            raise

    async def _execute(self, plan: JobPlan, active: ActiveJob, task: Task, candidate: Candidate) -> None:
        """Run the task; where the provider no longer has what an edit continues, with the saved file instead."""
        try:
            await self.execution.execute(active, task, candidate)
        except StateGone as error:
            if plan.origin_file is None or error.billed != "no" or candidate.state is None:
                raise
            instead = match_saved_file(candidate, plan.origin_file, prompt=task.prompt, count=task.count)
            if isinstance(instead, str):
                reason = f"The saved file cannot be sent instead: {candidate.backend.name} {instead}."
                raise StateGone(f"{error.message} {reason}", error.hint) from error
            active.warn(f"{error.message} The saved file was sent instead.")
            await self.execution.execute(active, task, instead)

    def _split(  # noqa: PLR0913 - which files of which prompt
        self, active: ActiveJob, candidate: Candidate, *, item: int, prompt: str, first: int, count: int
    ) -> list[Task]:
        """Return tasks of at most as many files as one call makes, added to the job."""
        free = max(active.tasks, default=-1) + 1
        tasks = [
            Task(
                job_id=active.job.id,
                number=free + index,
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


def _was_accepted(active: ActiveJob, task: Task) -> bool:
    """Return whether the provider has taken the task on, so that it is not asked for again, whatever became of it."""
    return active.tasks[task.number].handle is not None


def _warn_of_earlier(active: ActiveJob, chain: Chain) -> None:
    """Warn of the models and backends that were tried before the one that was used."""
    used = f"{chain.first.label} was used instead."
    if gone := chain.gone():
        active.warn(f"{', '.join(gone)} {'is' if len(gone) == 1 else 'are'} no longer served; {used}")
    if failed := chain.failed_backends():
        active.warn(f"{'; '.join(failed)}; {used}")


def not_sent(reason: str) -> MediaError:
    """Return the error for queued tasks of a process that has ended, which this one may not send."""
    message = "The server stopped before anything was sent"
    return MediaError(f"{message}, and {reason}." if reason else f"{message}.", "Call again.", billed="no")
