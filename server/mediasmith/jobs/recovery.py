"""Recover jobs that a process left unfinished: record what is certain, and collect where there is a handle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import anyio

from mediasmith.config.allowed_folders import AllowedFolders
from mediasmith.config.registry import Registry
from mediasmith.jobs.active_job import ActiveJob
from mediasmith.jobs.job_spec import JobSpec
from mediasmith.jobs.task import TaskExecution
from mediasmith.plugin.contract import Model
from mediasmith.plugin.errors import Billed, MediaError, ProviderError, error_from_record, error_record
from mediasmith.selection.candidate import Candidate
from mediasmith.storage.artifacts.artifact_store import Artifacts
from mediasmith.storage.library.records import Artifact, Job, Phase, Task
from mediasmith.storage.library.store import Library


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """Continues jobs from their records."""

    library: Library
    execution: TaskExecution
    registry: Registry
    folders: AllowedFolders
    files: Artifacts

    async def reopen(self, job: Job) -> ActiveJob:
        """Return the job as it was left.

        Raises:
            MediaError: its folder can no longer be opened.
        """
        destination = await self.files.reopen(self.folders, job)
        artifacts = await self.library.artifacts(job.id)
        tasks = await self.library.tasks(job.id)
        return ActiveJob(
            job=job,
            spec=JobSpec.from_job(job),
            destination=destination,
            tasks={task.number: task for task in tasks},
            artifacts=[artifact for artifact in artifacts if not artifact.token],
            errors={task.item: error_from_record(task.error) for task in tasks if task.error},
            plan_saved=await self.library.calls.has_plan(job.id),
        )

    async def end_unsent(self, job: Job, error: MediaError, *, at: float) -> bool:
        """End a job that cannot be reopened, if nothing of it was sent, and return whether that is so."""
        tasks = await self.library.tasks(job.id)
        if not all(task.phase in {"queued", "failed", "cancelled"} for task in tasks):
            return False
        error.billed = "no"
        for task in tasks:
            if task.phase == "queued":
                await self.library.save_task(replace(task, phase="failed", error=error_record(error)), at=at)
        await self.library.save_job(replace(job, state="failed", updated=at, error=error_record(error)))
        return True

    async def mend(self, active: ActiveJob) -> None:
        """Record what is certain of each unfinished task. Nothing is sent, and no provider is asked.

        What is queued and has a saved plan stays queued.
        """
        staged: dict[int, list[Artifact]] = {}
        for artifact in await self.library.artifacts(active.job.id):
            if artifact.token:
                staged.setdefault(artifact.task, []).append(artifact)
        for task in list(active.tasks.values()):
            await self._mend_task(active, task, staged.get(task.number, []))

    async def _mend_task(self, active: ActiveJob, task: Task, staged: Sequence[Artifact]) -> None:
        if task.phase == "queued":
            if not active.plan_saved:
                await self._end(active, task, "failed", "before anything was sent", "no")
        elif task.phase == "sending" and task.handle is not None:
            # Its handle was named before it was sent, so the provider can be asked whether it arrived.
            active.tasks[task.number] = replace(task, phase="accepted")
            await self.library.save_task(active.tasks[task.number], at=active.job.updated)
        elif task.phase == "sending":
            await self._end(active, task, "unknown", "while its answer was due", "unknown")
        elif task.phase == "saving" and not await self.execution.files.name(active, task, staged):
            phase: Phase = "accepted" if task.handle is not None else "unknown"
            await self._end(active, task, phase, "while its files were being saved", "yes")

    async def _end(self, active: ActiveJob, task: Task, phase: Phase, when: str, billed: Billed) -> None:
        error = MediaError(f"The server stopped {when}.", billed=billed)
        active.errors[task.item] = error
        if not await self.execution.end(active, task.number, phase, error):
            await self.read_again(active)

    async def read_again(self, active: ActiveJob) -> None:
        """Take over what a process that was thought dead has recorded meanwhile."""
        tasks = await self.library.tasks(active.job.id)
        active.tasks = {task.number: task for task in tasks}
        active.errors = {task.item: error_from_record(task.error) for task in tasks if task.error}
        active.artifacts = [one for one in await self.library.artifacts(active.job.id) if not one.token]

    async def hear_late_news(self, active: ActiveJob) -> None:
        """Take over what a process that was thought dead has recorded of the tasks whose end this one does not know."""
        if not any(task.phase == "unknown" for task in active.tasks.values()):
            return
        for task in await self.library.tasks(active.job.id):
            known = active.tasks.get(task.number)
            if known and known.phase == "unknown" and task.phase in {"accepted", "saving", "done"}:
                active.tasks[task.number] = task
                active.errors.pop(task.item, None)
                made = await self.library.artifacts(active.job.id)
                active.artifacts += [one for one in made if one.task == task.number and not one.token]

    async def collect(self, active: ActiveJob) -> None:
        """Collect every task of a mended job that has a handle."""
        async with anyio.create_task_group() as task_group:
            for task in list(active.tasks.values()):
                if task.phase == "accepted":
                    task_group.start_soon(self.collect_task, active, task)

    async def collect_task(self, active: ActiveJob, task: Task, *, stoppable: bool = True) -> None:
        """Collect a task that has a handle. What it stops at is in `active.errors`.

        `stoppable`: a cancel of the job asks the provider to stop it.
        """
        candidate = self.candidate(task)
        if candidate is None:
            active.errors[task.item] = ProviderError(
                f"The backend {task.backend} that made it is not installed.", "Install it again to collect the job."
            )
            return
        if not stoppable:
            candidate = replace(candidate, capability=replace(candidate.capability, cancel=None))
        try:
            await self.execution.resume(active, task, candidate)
        except MediaError as error:
            active.errors[task.item] = error
            if not active.cancel.requested:
                active.record_attempt(candidate, f"{type(error).__name__}: {error.message}")
        else:
            active.errors.pop(task.item, None)
            active.record_attempt(candidate, "done")

    def candidate(self, task: Task) -> Candidate | None:
        """Return what a task was sent with, without its inputs; None where its backend is no longer installed."""
        backend = self.registry.find(task.backend)
        found = [one for one in backend.capabilities if one.name == task.capability] if backend else []
        if backend is None or not found:
            return None
        model = next((model for model in found[0].models if model.id == task.model), Model(id=task.model))
        values = task.params if isinstance(task.params, dict) else {}
        return Candidate(backend=backend, capability=found[0], model=model, values=values)
