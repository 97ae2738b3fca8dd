"""The use cases, without MCP: generate, continue an edit, list the backends, look after a job.

Every front (MCP, command line, library) calls these with plain arguments, which are checked here and nowhere else.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Generator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, replace
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
from mediasmith.engine.presenter import answer, summary
from mediasmith.engine.results import BackendList, JobList, MediaResult
from mediasmith.jobs.active_job import JobSpec
from mediasmith.jobs.dispatch import JobPlan
from mediasmith.jobs.ownership import alive
from mediasmith.jobs.service import JobService
from mediasmith.plugin.errors import MediaError, UnknownContinuation, error_from_record
from mediasmith.runtime.client_pool import ClientPool
from mediasmith.runtime.clock import Clock
from mediasmith.selection.arguments import check_arguments
from mediasmith.selection.planning import Planner
from mediasmith.selection.request import ToolRequest, parse_request
from mediasmith.storage.artifacts.destination import Destination
from mediasmith.storage.artifacts.file_names import new_id
from mediasmith.storage.library.records import Artifact, Job
from mediasmith.storage.library.store import Library

_ATTACH = 3600.0
"""Seconds within which a call whose answer never got out is attached to by the same call."""

_RECENT = 10
"""Jobs that are listed."""

_DAY = 86_400.0

ToolName = Literal["generate_media", "continue_edit"]
"""The tools that make something."""


@dataclass(frozen=True, kw_only=True)
class Engine:
    """Everything that a front calls; `opening` makes it and closes it."""

    installation: Installation
    catalogue: Catalogue
    clients: ClientPool
    clock: Clock
    library: Library
    jobs: JobService
    planning: Planner
    roots: AllowedFolders

    async def generate(self, given: Mapping[str, Any], caller: Caller) -> MediaResult:
        """Make something new.

        Raises:
            MediaError: nothing could be made; the text says what was spent and what to do.
        """
        request = parse_request(given, self.installation.tools["generate_media"].parameters)
        return await self._make("generate_media", request, caller)

    async def continue_edit(self, given: Mapping[str, Any], caller: Caller) -> MediaResult:
        """Change or extend an earlier result.

        Raises:
            MediaError: as `generate`; UnknownContinuation when this caller has no such continuation.
        """
        request = parse_request(given, self.installation.tools["continue_edit"].parameters)
        return await self._make("continue_edit", request, caller)

    async def list_backends(self, given: Mapping[str, Any]) -> BackendList:
        """What can be made here, by whom, and what is missing for the rest.

        Raises:
            InvalidRequest: there is no such kind or backend.
        """
        asked = check_arguments(given, self.installation.tools["list_backends"].parameters)
        return await self.catalogue.listing(kind=asked.get("kind", ""), backend=asked.get("backend", ""))

    async def get_job(self, given: Mapping[str, Any], caller: Caller) -> MediaResult | JobList:
        """Wait for, collect or cancel a job; without an id, the recent ones.

        Raises:
            UnknownContinuation: this caller has no such job.
        """
        asked = check_arguments(given, self.installation.tools["get_job"].parameters)
        job_id = asked.get("job_id", "").strip()
        if asked.get("cancel") and job_id:  # first, or what is to be stopped would be gone on with
            job = await self._job(job_id, caller.principal)
            await self.jobs.cancel(job)
            return await self._answer(await self.jobs.look(job))
        await self._sweep()
        if not job_id:
            recent = await self.library.recent(caller.principal, _RECENT)
            return JobList(jobs=tuple([summary(job, await self._answer(job)) for job in recent]))
        job = await self._job(job_id, caller.principal)
        await self.jobs.adopt(job)
        job = await self.jobs.look(job)
        seconds = asked.get("wait_seconds", caller.wait)
        return await self._answer(await self.jobs.wait(job, seconds=seconds, notify=caller.notify))

    async def artifact(self, artifact_id: str, principal: str) -> Artifact:
        """A saved file's record.

        Raises:
            UnknownContinuation: this caller has no such file, or did not use it for too long.
        """
        found = await self.library.artifact(artifact_id, principal=principal, used=self.clock.now())
        if found is None:
            raise UnknownContinuation(
                f"There is no continuation {artifact_id[:40]!r}, or it was not used for too long.",
                "A continuation_id stands in the answer that made the file; get_job without an id lists recent ones.",
                billed="no",
            )
        return found

    def answered(self, result: MediaResult) -> None:
        """The answer is leaving the server: from now on the same call makes a new job."""
        if result.job_id:
            self.jobs.answered(result.job_id)

    async def release(self) -> None:
        """Record where this process's jobs stand, for others to go on with."""
        await self.jobs.release()

    async def close(self) -> None:
        """Close the clients and the library."""
        await self.clients.close()
        await self.library.close()

    async def _make(self, tool: ToolName, request: ToolRequest, caller: Caller) -> MediaResult:
        await self._sweep()
        fingerprint = _fingerprint(tool, request)
        seconds = caller.wait if request.wait_seconds is None else request.wait_seconds
        wait = partial(self.jobs.wait, seconds=seconds, notify=caller.notify)
        earlier = await self._unanswered(fingerprint, caller.principal)
        job = await wait(earlier) if earlier else None
        attached = job is not None and not _was_free(job)
        if job is None or not attached:
            with _unsent():
                started = await self._start(tool, request, fingerprint, caller.principal)
            if isinstance(started, MediaResult):
                return started
            job = await wait(started)
        result = await self._answer(job)
        if result.status in {"failed", "unknown", "cancelled"}:
            self.answered(result)
            raise error_from_record(job.error)
        if attached:
            note = "This is the earlier call with the same arguments, whose answer was lost; nothing was sent again."
            return result.model_copy(update={"warnings": (note, *result.warnings)})
        return result

    async def _start(self, tool: ToolName, request: ToolRequest, fingerprint: str, principal: str) -> Job | MediaResult:
        """Start the job; for a dry run, the answer that tells what it would be."""
        owner = await self.jobs.owner()
        job_id = new_id()
        scratch = _scratch(self.installation.settings) / owner / job_id
        origin = await self.artifact(request.continuation_id, principal) if request.continuation_id else None
        async with AsyncExitStack() as unless_started:
            unless_started.push_async_callback(_remove, scratch)
            decision = await self.planning.decide(request, principal=principal, origin=origin, scratch=scratch)
            if request.dry_run:
                return decision.forecast(request)
            destination = await Destination.open(self.roots.of(principal), request.output)
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
                fingerprint=fingerprint,
                tool=tool,
                kind=decision.wish.kind,
                request=spec.json(),
                owner=owner,
                folder=str(destination.folder),
                stem=destination.stem,
                created=now,
                updated=now,
            )
            plan = JobPlan(
                job=job,
                spec=spec,
                candidates=decision.candidates,
                destination=destination,
                scratch=scratch,
                origin=origin,
                origin_file=decision.origin_file,
            )
            await self.jobs.start(plan)
            unless_started.pop_all()
        return job

    async def _unanswered(self, fingerprint: str, principal: str) -> Job | None:
        """An earlier job of the same call, whose answer never got out and that nobody waits for."""
        job = await self.library.unanswered(principal, fingerprint, since=self.clock.now() - _ATTACH)
        if job is None or self.jobs.was_answered(job.id):
            return None
        live = self.jobs.active(job.id)
        if live is not None:
            return None if live.waiters else live.job
        if await self.jobs.elsewhere(job):
            return None
        await self.jobs.adopt(job)
        return await self.jobs.look(job)

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

    async def _answer(self, job: Job) -> MediaResult:
        tasks = await self.library.tasks(job.id)
        artifacts = await self.library.artifacts(job.id)
        editable = job.kind in self.installation.editable
        return answer(job, tasks, artifacts, self.jobs.active(job.id), editable=editable)

    async def _sweep(self) -> None:
        """At the first call of a process: go on with what dead processes left, and forget what is too old."""
        if await self.jobs.sweep():
            before = self.clock.now() - self.installation.settings.retention_days * _DAY
            await self.library.prune(before=before, alive=partial(alive, self.jobs.folder))
            await to_thread.run_sync(_remove_orphans, _scratch(self.installation.settings), self.jobs.folder)


def _was_free(job: Job) -> bool:
    """Whether a job failed before it cost anything, so that the same call is better made anew than told so."""
    return job.state == "failed" and error_from_record(job.error).billed == "no"


def _fingerprint(tool: ToolName, request: ToolRequest) -> str:
    """The same for calls that ask for the same; how long to wait is no part of it."""
    asked = vars(replace(request, wait_seconds=None))
    return hashlib.sha256(json.dumps([tool, asked], sort_keys=True).encode()).hexdigest()


@contextmanager
def _unsent() -> Generator[None]:
    """What fails in here fails before anything is sent, and costs nothing."""
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
    """The scratch folders of processes that are gone."""
    for folder in scratch.iterdir() if scratch.is_dir() else ():
        if not alive(owners, folder.name):
            shutil.rmtree(folder, ignore_errors=True)
