"""The use cases, without MCP: generate, continue an edit, list the backends, look after a job.

Every front end (MCP, command line, library) calls these with plain arguments, which are checked here and nowhere else.
"""

from __future__ import annotations

import shutil
from collections.abc import Generator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import anyio
from anyio import to_thread

from mediasmith.config.allowed_folders import AllowedFolders
from mediasmith.config.caller import Caller
from mediasmith.config.installation import Installation
from mediasmith.config.settings import Settings
from mediasmith.engine.catalogue import Catalogue
from mediasmith.engine.presenter import present_forecast, present_job, present_summary
from mediasmith.engine.results import BackendList, JobList, MediaResult
from mediasmith.jobs.attach import fingerprint, was_free
from mediasmith.jobs.dispatch import JobPlan
from mediasmith.jobs.job_spec import JobSpec
from mediasmith.jobs.ownership import alive
from mediasmith.jobs.service import JobService
from mediasmith.plugin.errors import MediaError, UnknownContinuation, error_from_record
from mediasmith.runtime.client_pool import ClientPool
from mediasmith.runtime.clock import Clock, today
from mediasmith.selection.arguments import check_arguments
from mediasmith.selection.planning import Planner
from mediasmith.selection.tool_request import ToolRequest, parse_request
from mediasmith.storage.artifacts.destination import Destination
from mediasmith.storage.artifacts.file_names import new_id
from mediasmith.storage.library.records import Artifact, Job
from mediasmith.storage.library.store import Library

_RECENT = 10
"""Jobs that are listed."""

_DAY = 86_400.0

_ATTACHED = "This is the earlier call with the same arguments, whose answer was lost; nothing was sent again."

ToolName = Literal["generate_media", "continue_edit"]
"""The tools that make something."""

Answer = MediaResult | JobList | BackendList
"""What a use case returns."""


@dataclass(frozen=True, kw_only=True)
class Engine:
    """Everything that a front end calls."""

    installation: Installation
    catalogue: Catalogue
    clients: ClientPool
    clock: Clock
    library: Library
    jobs: JobService
    planner: Planner
    folders: AllowedFolders

    async def generate(self, given: Mapping[str, Any], caller: Caller) -> MediaResult:
        """Make something new.

        Raises:
            MediaError: nothing could be made; the text says what was spent and what to do.
        """
        request = parse_request(given, self.installation.tools["generate_media"].parameters)
        return await self._run("generate_media", request, caller)

    async def continue_edit(self, given: Mapping[str, Any], caller: Caller) -> MediaResult:
        """Change or extend an earlier result.

        Raises:
            MediaError: as `generate`; UnknownContinuation when this caller has no such continuation.
        """
        request = parse_request(given, self.installation.tools["continue_edit"].parameters)
        return await self._run("continue_edit", request, caller)

    async def list_backends(self, given: Mapping[str, Any]) -> BackendList:
        """Return what can be made here, by which backend, and what is missing for the rest.

        Raises:
            InvalidRequest: there is no such kind or backend.
        """
        asked = check_arguments(given, self.installation.tools["list_backends"].parameters)
        return await self.catalogue.list_backends(kind=asked.get("kind", ""), backend=asked.get("backend", ""))

    async def get_job(self, given: Mapping[str, Any], caller: Caller) -> MediaResult | JobList:
        """Wait for, collect or cancel a job; without an id, return the recent ones.

        Raises:
            UnknownContinuation: this caller has no such job.
        """
        asked = check_arguments(given, self.installation.tools["get_job"].parameters)
        job_id = asked.get("job_id", "").strip()
        if asked.get("cancel") and job_id:  # before the sweep, which would continue what is to be stopped
            job = await self._job(job_id, caller.principal)
            await self.jobs.cancel(job)
            return await self._present(await self.jobs.look_up(job))
        await self._sweep()
        if not job_id:
            recent = await self.library.recent(caller.principal, _RECENT)
            return JobList(jobs=tuple([present_summary(job, await self._present(job)) for job in recent]))
        job = await self._job(job_id, caller.principal)
        await self.jobs.adopt(job)
        job = await self.jobs.look_up(job)
        seconds = asked.get("wait_seconds", caller.wait)
        return await self._present(await self.jobs.wait(job, seconds=seconds, notify=caller.notify))

    @contextmanager
    def delivery(self, answer: Answer) -> Generator[None]:
        """Deliver an answer in this block: once it ends without an error, the same call makes a new job.

        Nothing may wait between the end of the block and the answer's leaving: a call that is cancelled before can be
        attached to.
        """
        yield
        if isinstance(answer, MediaResult) and answer.job_id:
            self.jobs.attachments.mark_answered(answer.job_id)

    async def artifact(self, artifact_id: str, principal: str) -> Artifact:
        """Return a saved file's record.

        Raises:
            UnknownContinuation: this caller has no such file, or did not use it for too long.
        """
        found = await self.library.artifact(artifact_id, principal=principal, used=self.clock.now())
        if found is None:
            raise UnknownContinuation(
                f"There is no continuation {artifact_id[:40]!r}, or it was not used for too long.",
                "The answer that made a file has its continuation_id; get_job without an id lists recent ones.",
                billed="no",
            )
        return found

    async def release(self) -> None:
        """Record where this process's jobs stand, for others to continue."""
        await self.jobs.release()

    async def close(self) -> None:
        """Close the clients and the library."""
        await self.clients.close()
        await self.library.close()

    async def _run(self, tool: ToolName, request: ToolRequest, caller: Caller) -> MediaResult:
        await self._sweep()
        call_print = fingerprint(tool, request)
        seconds = caller.wait if request.wait_seconds is None else request.wait_seconds
        wait = partial(self.jobs.wait, seconds=seconds, notify=caller.notify)
        earlier = await self.jobs.attachments.find(self.jobs, call_print, caller.principal)
        job = await wait(earlier) if earlier else None
        attached = job is not None and not was_free(job)
        if job is None or not attached:
            with _not_billed():
                started = await self._start(tool, request, call_print, caller.principal)
            if isinstance(started, MediaResult):
                return started
            job = await wait(started)
        result = await self._present(job)
        if result.status in {"failed", "unknown", "cancelled"}:
            self.jobs.attachments.mark_answered(result.job_id)
            raise error_from_record(job.error)
        if attached:
            return result.model_copy(update={"warnings": (_ATTACHED, *result.warnings)})
        return result

    async def _start(self, tool: ToolName, request: ToolRequest, call_print: str, principal: str) -> Job | MediaResult:
        """Start the job; for a dry run, return the answer that says what it would be."""
        owner = await self.jobs.owner()
        job_id = new_id()
        scratch = _scratch(self.installation.settings) / owner / job_id
        origin = await self.artifact(request.continuation_id, principal) if request.continuation_id else None
        async with AsyncExitStack() as unless_started:
            unless_started.push_async_callback(_remove, scratch)
            selection = await self.planner.plan(request, principal=principal, origin=origin, scratch=scratch)
            if request.dry_run:
                return present_forecast(selection, request)
            destination = await Destination.open(self.folders.for_principal(principal), request.output)
            unless_started.push_async_callback(destination.close)
            spec = JobSpec(
                prompts=request.prompts,
                count=request.n,
                parent=origin.id if origin else "",
                history=origin.prompts if origin else (),
            )
            now = self.clock.now()
            job = Job(
                id=job_id,
                principal=principal,
                fingerprint=call_print,
                tool=tool,
                kind=selection.request.kind,
                request=spec.to_json(),
                owner=owner,
                folder=str(destination.folder),
                stem=destination.stem,
                created=now,
                updated=now,
            )
            plan = JobPlan(
                job=job,
                spec=spec,
                candidates=selection.candidates,
                destination=destination,
                scratch=scratch,
                origin_file=selection.origin_file,
                allowance=selection.allowance,
            )
            await self.jobs.start(plan)
            unless_started.pop_all()
        return job

    async def _job(self, job_id: str, principal: str) -> Job:
        job = await self.library.job(job_id, principal=principal)
        if job is not None:
            return job
        if await self.library.artifact(job_id, principal=principal) is not None:
            raise UnknownContinuation(
                f"{job_id} is a file's id, not a job's.", "Use it as continuation_id with continue_edit.", billed="no"
            )
        raise UnknownContinuation(
            f"There is no job {job_id[:40]!r}.", "get_job without an id lists the recent ones.", billed="no"
        )

    async def _present(self, job: Job) -> MediaResult:
        tasks = await self.library.tasks(job.id)
        artifacts = await self.library.artifacts(job.id)
        first = next((artifact for artifact in artifacts if not artifact.token), None)
        day = today(self.clock)
        editable = first is not None and self.installation.can_edit(job.kind, first.mime, first.bytes, day)
        return present_job(job, tasks, artifacts, self.jobs.active(job.id), editable=editable)

    async def _sweep(self) -> None:
        """At the first call of a process: continue what dead processes left, and forget what is too old."""
        if await self.jobs.sweep():
            before = self.clock.now() - self.installation.settings.retention_days * _DAY
            await self.library.prune(before=before, alive=partial(alive, self.jobs.folder))
            await to_thread.run_sync(_remove_orphans, _scratch(self.installation.settings), self.jobs.folder)


@contextmanager
def _not_billed() -> Generator[None]:
    """Mark what fails in here as not billed: nothing was sent yet."""
    try:
        yield
    except MediaError as error:
        error.billed = error.billed or "no"
        raise


def _scratch(settings: Settings) -> Path:
    return settings.data_dir / "scratch"


async def _remove(folder: Path) -> None:
    with anyio.CancelScope(shield=True):
        await to_thread.run_sync(partial(shutil.rmtree, folder, ignore_errors=True))


def _remove_orphans(scratch: Path, owners: Path) -> None:
    """Remove the scratch folders of processes that are gone."""
    for folder in scratch.iterdir() if scratch.is_dir() else ():
        if not alive(owners, folder.name):
            shutil.rmtree(folder, ignore_errors=True)
