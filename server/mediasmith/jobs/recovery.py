"""What a process that is gone left behind: a job opened again, mended, and collected where there is a handle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import anyio

from mediasmith.config.allowed_folders import AllowedFolders
from mediasmith.config.registry import Registry
from mediasmith.jobs.active_job import ActiveJob, JobSpec
from mediasmith.jobs.task import TaskExecution
from mediasmith.plugin.contract import Model
from mediasmith.plugin.errors import (
    Billed,
    Cancelled,
    MediaError,
    MissingKey,
    NotAllowed,
    ProviderError,
    Unreachable,
    error_from_record,
)
from mediasmith.selection.candidate import Candidate
from mediasmith.storage.artifacts.destination import Destination
from mediasmith.storage.library.records import Artifact, Job, Phase, Task
from mediasmith.storage.library.store import Library

_STUCK = {Unreachable, NotAllowed, MissingKey}
"""What the collecting of a part may have stopped at, so that it does not go on by itself."""


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """Goes on with jobs from their records."""

    library: Library
    tasks: TaskExecution
    registry: Registry
    roots: AllowedFolders

    async def reopen(self, job: Job) -> ActiveJob:
        """The job as it was left.

        Raises:
            MediaError: its folder cannot be opened any more.
        """
        destination = await Destination.open(self.roots, f"{job.folder}/")
        destination.stem = job.stem
        artifacts = await self.library.artifacts(job.id)
        tasks = await self.library.tasks(job.id)
        return ActiveJob(
            job=job,
            spec=JobSpec.of(job),
            destination=destination,
            tasks={task.number: task for task in tasks},
            artifacts=[artifact for artifact in artifacts if not artifact.token],
            errors={task.item: error_from_record(task.error) for task in tasks if task.error},
        )

    async def mend(self, active: ActiveJob) -> None:
        """Record what is certain of each unfinished part. Nothing is sent, and nothing is asked of a provider."""
        unsettled: dict[int, list[Artifact]] = {}
        for artifact in await self.library.artifacts(active.job.id):
            if artifact.token:
                unsettled.setdefault(artifact.task, []).append(artifact)
        for task in list(active.tasks.values()):
            await self._mend_part(active, task, unsettled.get(task.number, []))

    async def _mend_part(self, active: ActiveJob, task: Task, unsettled: Sequence[Artifact]) -> None:
        if task.phase == "queued":
            await self._stopped(active, task, "failed", "before anything was sent", "no")
        elif task.phase == "sending":
            await self._stopped(active, task, "unknown", "while its answer was due", "unknown")
        elif task.phase == "saving" and not await self.tasks.name_files(active, task, unsettled):
            phase: Phase = "accepted" if task.handle is not None else "unknown"
            await self._stopped(active, task, phase, "while its files were being saved", "yes")

    async def _stopped(self, active: ActiveJob, task: Task, phase: Phase, when: str, billed: Billed) -> None:
        error = MediaError(f"The server stopped {when}.", billed=billed)
        active.errors[task.item] = error
        await self.tasks.end(active, task.number, phase, error)

    async def collect(self, active: ActiveJob) -> None:
        """Mend, and collect every part that has a handle."""
        await self.mend(active)
        async with anyio.create_task_group() as task_group:
            for task in active.tasks.values():
                if task.phase == "accepted":
                    task_group.start_soon(self._collect, active, task)

    async def cancel(self, active: ActiveJob) -> None:
        """Mend, and stop every part at its provider. What cannot be stopped is collected, unless it is stuck."""
        await self.mend(active)
        async with anyio.create_task_group() as task_group:
            for task in active.tasks.values():
                if task.phase == "accepted":
                    task_group.start_soon(self._collect if self.unstoppable(task) else self._cancel, active, task)

    async def stop_all(self, active: ActiveJob) -> set[int]:
        """Tell the providers of all parts to stop, where they can be told; the numbers of those that were."""
        stopped: set[int] = set()

        async def stop(task: Task) -> None:
            if await self.stop(active, task):
                stopped.add(task.number)

        async with anyio.create_task_group() as task_group:
            for task in active.tasks.values():
                task_group.start_soon(stop, task)
        return stopped

    async def stop(self, active: ActiveJob, task: Task) -> bool:
        """Tell a part's provider to stop, where it can be told; whether it was."""
        candidate = self.candidate(task)
        return candidate is not None and await self.tasks.stop(active, task, candidate)

    def unstoppable(self, task: Task) -> Candidate | None:
        """The choice that a part was made with, if its provider has begun it, has no way to stop, and gets on."""
        begun = task.handle is not None and task.phase in {"accepted", "saving"}
        candidate = self.candidate(task) if begun and type(error_from_record(task.error)) not in _STUCK else None
        return candidate if candidate and candidate.capability.cancel is None else None

    async def _cancel(self, active: ActiveJob, task: Task) -> None:
        await self.stop(active, task)
        error = active.errors[task.item] = Cancelled(billed="yes")
        await self.tasks.end(active, task.number, "cancelled", error)

    async def _collect(self, active: ActiveJob, task: Task) -> None:
        candidate = self.candidate(task)
        if candidate is None:
            active.errors[task.item] = ProviderError(
                f"The backend {task.backend} that made it is not installed.", "Install it again to collect the job."
            )
            return
        try:
            await self.tasks.resume(active, task, candidate)
        except MediaError as error:
            active.errors[task.item] = error
            if not active.cancelled:
                active.attempt(candidate, f"{type(error).__name__}: {error.message}")
        else:
            active.errors.pop(task.item, None)
            active.attempt(candidate, "done")

    def candidate(self, task: Task) -> Candidate | None:
        """The choice that a part was made with, without its inputs; None when its backend is no longer installed."""
        backend = self.registry.find(task.backend)
        found = [c for c in backend.capabilities if c.name == task.capability] if backend else []
        if backend is None or not found:
            return None
        model = next((model for model in found[0].models if model.id == task.model), Model(id=task.model))
        values = task.params if isinstance(task.params, dict) else {}
        return Candidate(backend=backend, capability=found[0], model=model, values=values)
