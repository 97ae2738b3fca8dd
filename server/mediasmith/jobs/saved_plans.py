"""Save how to send what a job has queued, so that another process can send it if this one ends first.

A plan is saved before a call answers with the status `running`. It has the data of the candidates; their functions come
from the installed backends. Copies of the input files are kept with it. Both are deleted when the job ends: until then,
what was sent and turned away may be queued again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anyio import CancelScope, to_thread
from pydantic import BaseModel, ValidationError

from mediasmith.config.installation import Installation
from mediasmith.jobs.active_job import ActiveJob
from mediasmith.jobs.dispatch import JobPlan, not_sent
from mediasmith.plugin.contract import Model
from mediasmith.plugin.errors import MediaError
from mediasmith.plugin.files import Source
from mediasmith.plugin.kinds import Role
from mediasmith.runtime.clock import Clock
from mediasmith.selection.budget import Budget
from mediasmith.selection.candidate import Candidate
from mediasmith.selection.live_lists import LiveLists
from mediasmith.selection.lookups import Lookups
from mediasmith.selection.tool_request import ToolRequest
from mediasmith.selection.unlisted_models import Wanted
from mediasmith.storage.inputs.input_file import InputFile, version_of
from mediasmith.storage.inputs.kept_inputs import KeptInputs
from mediasmith.storage.library.store import Library

_SECONDS = 3600.0
"""How long after its call a job may still be sent by another process."""


class _SavedFile(BaseModel):
    """An input file. `number` is the name of its copy."""

    number: int
    name: str
    mime: str
    size: int
    dimensions: tuple[int, int] | None


class _SavedCandidate(BaseModel):
    """A candidate without its functions. `inputs` are numbers of files."""

    backend: str
    capability: str
    model: str
    values: dict[str, Any]
    inputs: dict[Role, list[int]]
    per_call: int
    state: Any
    warnings: list[str]


class _SavedPlan(BaseModel):
    """A plan. `origin_file` is the number of the saved file that an edit continues."""

    candidates: list[_SavedCandidate]
    files: list[_SavedFile]
    origin_file: int | None
    max_cost_usd: float | None


@dataclass(frozen=True, kw_only=True)
class SavedPlans:
    """The saved plans of the library. `inputs` has copies of the input files."""

    installation: Installation
    library: Library
    live_lists: LiveLists
    lookups: Lookups
    budget: Budget
    clock: Clock
    inputs: KeptInputs

    async def save(self, plan: JobPlan, active: ActiveJob) -> None:
        """Save the plan of a job, unless it is saved already or nothing of the job can be queued any more.

        Raises:
            MediaError: it cannot be saved.
        """
        if active.plan_saved or not active.may_queue:
            return
        sources = list({id(source): source for source in _sources(plan)}.values())
        numbers = {id(source): number for number, source in enumerate(sources)}
        saved = _SavedPlan(
            candidates=[_saved_candidate(candidate, numbers) for candidate in plan.candidates],
            files=[_saved_file(number, source) for number, source in enumerate(sources)],
            origin_file=None if plan.origin_file is None else numbers[id(plan.origin_file)],
            max_cost_usd=plan.max_cost_usd,
        )
        with CancelScope(shield=True):
            await self.library.calls.save_plan(active.job.id, saved.model_dump(mode="json"))
            active.plan_saved = True
            await self.inputs.keep(active.job.id, sources)

    async def restore(self, active: ActiveJob) -> JobPlan:
        """Return the saved plan of a job that was taken over, with the candidates that may still be used.

        Raises:
            MediaError: it may not be sent any more. Nothing was billed.
        """
        if self.clock.now() - active.job.created > _SECONDS:
            raise not_sent("its call is more than an hour old")
        record = await self.library.calls.plan(active.job.id)
        if record is None:
            raise not_sent("")
        active.plan_saved = True
        try:
            saved = _SavedPlan.model_validate(record)
        except ValidationError as error:
            raise not_sent("its plan cannot be read") from error
        files = await self._reopen(active.job.id, saved.files)
        candidates = [await self._candidate(one, files) for one in saved.candidates]
        ready = tuple(candidate for candidate in candidates if candidate is not None)
        if not ready:
            raise not_sent("no backend that it was planned for is ready now")
        queued = active.queued
        request = ToolRequest(
            prompts=tuple(task.prompt for task in queued),
            n=max(task.count for task in queued),
            max_cost_usd=saved.max_cost_usd,
        )
        counted = sum(task.estimate_usd or 0.0 for task in queued)
        return JobPlan(
            job=active.job,
            spec=active.spec,
            candidates=await self.budget.affordable(request, ready, counted=counted),
            destination=active.destination,
            scratch=self.inputs.folder(active.job.id),
            origin_file=None if saved.origin_file is None else files[saved.origin_file],
            max_cost_usd=saved.max_cost_usd,
            allowance=self.budget.day(),
        )

    async def forget(self, active: ActiveJob) -> None:
        """Delete a job's plan and the copies of its input files, if nothing is queued."""
        if not active.plan_saved or active.queued:
            return
        active.plan_saved = False
        await self.library.calls.delete_plan(active.job.id)
        await self.inputs.forget(active.job.id)

    async def remove_orphans(self) -> None:
        """Delete the plans of jobs that have ended, and the copies of their input files."""
        await self.library.calls.delete_old_plans()
        kept = await self.inputs.jobs()  # first, since a job is recorded before its files are kept
        for job_id in kept - {job.id for job in await self.library.unfinished()}:
            with suppress(MediaError):  # the next process tries again
                await self.inputs.forget(job_id)

    async def _reopen(self, job_id: str, saved: list[_SavedFile]) -> list[InputFile]:
        try:
            paths = await self.inputs.find(job_id, len(saved)) if saved else []
        except MediaError as error:
            raise not_sent(f"its input files cannot be read: {error.message.rstrip('.')}") from error
        except OSError as error:
            raise not_sent("its input files are gone") from error
        try:
            return await to_thread.run_sync(_input_files, saved, paths)
        except OSError as error:
            raise not_sent("its input files are gone") from error

    async def _candidate(self, saved: _SavedCandidate, files: list[InputFile]) -> Candidate | None:
        """Return a candidate, or None where its backend is not installed or not ready, or its model not found."""
        backend = self.installation.registry.find(saved.backend)
        capability = (
            next((one for one in backend.capabilities if one.name == saved.capability), None) if backend else None
        )
        if backend is None or capability is None or self.installation.reason_missing(backend, capability):
            return None
        backend = await self.live_lists.with_live_models(backend, [capability])
        capability = next(one for one in backend.capabilities if one.name == saved.capability)
        model = next((model for model in capability.models if model.id == saved.model), None)
        if model is None and capability.lookup:
            found = await self.lookups.find([Wanted(backend=backend, capability=capability, id=saved.model)])
            if not found.models:
                return None
            model = found.models[0][1]
        try:
            state = (
                None
                if saved.state is None or capability.state is None
                else capability.state.model_validate(saved.state)
            )
        except ValidationError:
            return None
        return Candidate(
            backend=backend,
            capability=capability,
            model=model or Model(id=saved.model),
            values=saved.values,
            inputs={role: tuple(files[number] for number in numbers) for role, numbers in saved.inputs.items()},
            per_call=saved.per_call,
            state=state,
            warnings=tuple(saved.warnings),
        )


def _sources(plan: JobPlan) -> Iterator[Source]:
    for candidate in plan.candidates:
        for sources in candidate.inputs.values():
            yield from sources
    if plan.origin_file is not None:
        yield plan.origin_file


def _saved_candidate(candidate: Candidate, numbers: dict[int, int]) -> _SavedCandidate:
    return _SavedCandidate(
        backend=candidate.backend.name,
        capability=candidate.capability.name,
        model=candidate.model.id,
        values=dict(candidate.values),
        inputs={role: [numbers[id(source)] for source in sources] for role, sources in candidate.inputs.items()},
        per_call=candidate.per_call,
        state=None if candidate.state is None else candidate.state.model_dump(mode="json"),
        warnings=list(candidate.warnings),
    )


def _saved_file(number: int, source: Source) -> _SavedFile:
    return _SavedFile(number=number, name=source.name, mime=source.mime, size=source.size, dimensions=source.dimensions)


def _input_files(saved: list[_SavedFile], paths: list[Path]) -> list[InputFile]:
    files = [_input_file(file, path) for file, path in zip(saved, paths, strict=True)]
    if any(file.size != file.path.stat().st_size for file in files):  # the server stopped while it copied them
        raise not_sent("its input files were not copied completely")
    return files


def _input_file(file: _SavedFile, path: Path) -> InputFile:
    version = version_of(path.stat())
    return InputFile(
        path=path, name=file.name, mime=file.mime, size=file.size, dimensions=file.dimensions, version=version
    )
