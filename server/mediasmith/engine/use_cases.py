"""The use cases, without MCP: generate, continue an edit, list the backends, look after a job.

Every front end (MCP, command line, library) calls these with plain arguments, which are checked here and nowhere else.
"""

from __future__ import annotations

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
from mediasmith.config.data_folder import loss_warning
from mediasmith.config.installation import Installation
from mediasmith.config.settings import Settings
from mediasmith.engine.catalogue import Catalogue
from mediasmith.engine.continuations import Continuations
from mediasmith.engine.presenter import present_forecast, present_job, present_summary
from mediasmith.engine.results import BackendList, JobList, MediaResult
from mediasmith.jobs.attach import Delivery, Earlier, ended_unbilled
from mediasmith.jobs.dispatch import JobPlan
from mediasmith.jobs.job_spec import JobSpec
from mediasmith.jobs.ownership import alive
from mediasmith.jobs.service import JobService
from mediasmith.plugin.errors import MediaError, UnknownContinuation, error_from_record
from mediasmith.runtime.client_pool import ClientPool
from mediasmith.runtime.clock import Clock, today
from mediasmith.selection.arguments import check_arguments, check_listed
from mediasmith.selection.planning import Planner
from mediasmith.selection.tool_request import ToolRequest, parse_request
from mediasmith.storage.artifacts.destination import Destination
from mediasmith.storage.artifacts.file_names import new_id
from mediasmith.storage.library.calls import CallKey
from mediasmith.storage.library.records import Artifact, Job
from mediasmith.storage.library.store import Library
from mediasmith.storage.path_forms import unwrap

_RECENT = 10
"""Jobs that are listed."""

_DAY = 86_400.0

_ATTACHED = "This is the earlier call with the same arguments, whose answer was lost; nothing was sent again."

_REQUESTED = "This is the job that was made for this request_id; nothing was sent again."

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
        request = parse_request(given, self.installation.tools["generate_media"])
        return await self._run("generate_media", request, caller)

    async def continue_edit(self, given: Mapping[str, Any], caller: Caller) -> MediaResult:
        """Change or extend an earlier result.

        Raises:
            MediaError: as `generate`; UnknownContinuation when this caller has no such continuation, or several.
        """
        tool = self.installation.tools["continue_edit"]
        request = parse_request(given, tool)
        origin = await self._continued(request.continuation_id, caller.principal)
        words = check_listed(request.words, origin.kind, tool)
        return await self._run("continue_edit", replace(request, continuation_id=origin.id, words=words), caller)

    async def list_backends(self, given: Mapping[str, Any]) -> BackendList:
        """Return what can be made here, by which backend, and what is missing for the rest.

        Raises:
            InvalidRequest: there is no such kind or backend.
        """
        asked = check_arguments(given, self.installation.tools["list_backends"])
        return await self.catalogue.list_backends(kind=asked.get("kind", ""), backend=asked.get("backend", ""))

    async def get_job(self, given: Mapping[str, Any], caller: Caller) -> MediaResult | JobList:
        """Wait for, collect or cancel a job; without an id, return the recent ones.

        Raises:
            UnknownContinuation: this caller has no such job.
        """
        asked = check_arguments(given, self.installation.tools["get_job"])
        job_id = unwrap(asked.get("job_id", "")).lower()
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
        if job.state != "running":
            return await self._present(job)
        await self.jobs.waiting.join(job.id)
        with self.jobs.held(job.id):
            seconds = asked.get("wait_seconds", caller.wait)
            return await self._present(await self.jobs.wait(job, seconds=seconds, notify=caller.notify))

    async def promise(self, answer: Answer) -> None:
        """Have what a running job has not sent yet sent by another process, if this one ends before.

        Call it before a caller is told that the job is running, and will be asked for later.
        """
        if isinstance(answer, MediaResult) and answer.status == "running":
            await self.jobs.promise(answer.job_id)

    def deliver(self, answer: Answer) -> Delivery | None:
        """Return what takes note of an answer's delivery; None for an answer that is not about one job."""
        if isinstance(answer, MediaResult) and answer.job_id:
            return Delivery(attachments=self.jobs.attachments, job_id=answer.job_id)
        return None

    @contextmanager
    def delivery(self, answer: Answer) -> Generator[None]:
        """Deliver an answer in this block: once it ends without an error, the same call makes a new job."""
        delivery = self.deliver(answer)
        try:
            yield
        except BaseException:
            if delivery:
                delivery.lost()
            raise
        if delivery:
            delivery.sent()

    async def _continued(self, reference: str, principal: str) -> Artifact:
        """Return the file that an edit continues, by its id or by anything else that answers show of it."""
        continuations = Continuations(library=self.library, folders=self.folders.for_principal(principal))
        found = await continuations.find(reference, principal)
        if found is None and any(sign in reference for sign in "/\\.") and "media:" not in reference:
            raise UnknownContinuation(
                f"No file that was made here is at {reference[:80]!r}.",
                "To change a file of your own, call generate_media with it as image, video or audio.",
                billed="no",
            )
        return found or await self.artifact(reference, principal)

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
        seconds = caller.wait if request.wait_seconds is None else request.wait_seconds
        wait = partial(self.jobs.wait, seconds=seconds, notify=caller.notify)
        key = self.jobs.attachments.key(tool, request, caller.principal)
        while True:
            earlier = Earlier() if request.dry_run else await self.jobs.attachments.find(key)
            replaced = earlier.replaced
            if earlier.job is not None:
                with self.jobs.held(earlier.job.id):
                    await self.jobs.adopt(earlier.job)
                    job = await wait(await self.jobs.look_up(earlier.job))
                    if job.state != "failed" or not ended_unbilled(job):
                        return await self._result(job, _REQUESTED if key.digest else _ATTACHED)
                replaced = job.id
            with _not_billed():
                started = await self._start(tool, request, key, replaced)
            if isinstance(started, MediaResult):
                return started
            if started is not None:
                with self.jobs.held(started.id):
                    return await self._result(await wait(started))

    async def _result(self, job: Job, *notes: str) -> MediaResult:
        """Return the answer of a job, with notes before its warnings; raise its error where it has no files."""
        result = await self._present(job)
        if result.status in {"failed", "unknown", "cancelled"}:
            self.jobs.attachments.mark_answered(result.job_id)
            raise error_from_record(job.error)
        return result.model_copy(update={"warnings": (*notes, *result.warnings)})

    async def _start(
        self, tool: ToolName, request: ToolRequest, key: CallKey, replaced: str
    ) -> Job | MediaResult | None:
        """Start the job; for a dry run, return the answer that says what it would be.

        Return None where meanwhile the same call has been made, and may have to be attached to.
        """
        owner = await self.jobs.owners.own()
        principal = key.principal
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
                extension=destination.extension,
            )
            running = await self.jobs.attachments.newest_running(key)
            notes = (
                _another(running) if running else "",
                loss_warning(self.installation.settings.data_dir, destination.folder),
            )
            now = self.clock.now()
            job = Job(
                id=job_id,
                principal=principal,
                fingerprint=key.fingerprint,
                tool=tool,
                kind=selection.request.kind,
                request=spec.to_json(),
                owner=owner,
                folder=str(destination.folder),
                stem=destination.stem,
                created=now,
                updated=now,
                warnings=tuple(filter(None, notes)),
            )
            plan = JobPlan(
                job=job,
                spec=spec,
                candidates=selection.candidates,
                destination=destination,
                scratch=scratch,
                origin_file=selection.origin_file,
                max_cost_usd=request.max_cost_usd,
                allowance=selection.allowance,
            )
            if await self.jobs.start(plan, key, replaces=replaced):
                unless_started.pop_all()
                return job
        return None

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
            owners = self.jobs.owners.folder
            await self.library.prune(before=before, alive=partial(alive, owners))
            await self.jobs.plans.remove_orphans()
            await to_thread.run_sync(_remove_orphans, _scratch(self.installation.settings), owners)


def _another(running: Job) -> str:
    return (
        f"The same call is still running as job {running.id}; this is another one, billed as well. get_job returns "
        "that one. Calls with the same request_id are made once."
    )


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
