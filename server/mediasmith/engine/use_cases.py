"""The use cases, without MCP: generate, continue an edit, list the backends, look after a job.

Every front end (MCP, command line, library) calls these with plain arguments, which are checked here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from mediasmith.config.allowed_folders import AllowedFolders
from mediasmith.config.caller import Caller
from mediasmith.config.installation import Installation
from mediasmith.engine.catalogue import Catalogue
from mediasmith.engine.file_about import FileAbout, present_about
from mediasmith.engine.file_urls import FileUrls
from mediasmith.engine.job_start import JobStarter, ToolName
from mediasmith.engine.presenter import present_job, present_summary
from mediasmith.engine.readiness import AlwaysReady, Readiness
from mediasmith.engine.results import BackendList, JobList, MediaResult
from mediasmith.jobs.attach import Delivery, Earlier, ended_unbilled
from mediasmith.jobs.service import JobService
from mediasmith.plugin.errors import MediaError, UnknownContinuation, error_from_record
from mediasmith.runtime.client_pool import ClientPool
from mediasmith.runtime.clock import Clock, today
from mediasmith.selection.arguments import check_arguments, check_listed
from mediasmith.selection.tool_request import ToolRequest, parse_request
from mediasmith.storage.artifacts.artifact_store import Artifacts
from mediasmith.storage.library.records import Artifact, Job
from mediasmith.storage.library.store import Library
from mediasmith.storage.made_files import MadeFiles
from mediasmith.storage.pasted_paths import unwrap
from mediasmith.storage.previews import Preview

_RECENT = 10
"""Jobs that are listed."""

_MOST_CHILDREN = 20
"""Edits of a file that are named."""

_DAY = 86_400.0

_ATTACHED = "This is the earlier call with the same arguments, whose answer was lost; nothing was sent again."

_REQUESTED = "This is the earlier job of this request_id; nothing was sent again."

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
    files: Artifacts
    jobs: JobService
    starter: JobStarter
    folders: AllowedFolders
    urls: FileUrls
    stop_waiting: Callable[[], None]
    readiness: Readiness = field(default_factory=AlwaysReady)

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
        with _not_billed():
            origin = await self._continued(request.continuation_id, caller.principal)
        words = check_listed(request.words, origin.kind, tool)
        return await self._run("continue_edit", replace(request, continuation_id=origin.id, words=words), caller)

    async def list_backends(self, given: Mapping[str, Any]) -> BackendList:
        """Return what can be made here, by which backend, and what is missing for the rest; or models found by a query.

        Raises:
            InvalidRequest: there is no such kind or backend.
            MediaError: the models of the named backend could not be searched.
        """
        asked = check_arguments(given, self.installation.tools["list_backends"])
        return await self.catalogue.list_backends(
            kind=asked.get("kind"), backend=asked.get("backend", ""), query=asked.get("query", "")
        )

    async def get_job(self, given: Mapping[str, Any], caller: Caller) -> MediaResult | JobList:
        """Wait for, collect or cancel a job; without an id, return the recent ones.

        Raises:
            UnknownContinuation: this caller has no such job.
        """
        asked = check_arguments(given, self.installation.tools["get_job"])
        job_id = unwrap(asked.get("job_id", "")).lower()
        if asked.get("cancel") and job_id:  # before the sweep, which would continue what is to be stopped
            with _about(job_id, "Whether it was cancelled is not known."):
                job = await self._job(job_id, caller.principal)
                await self.jobs.cancel(job)
                return await self._present(await self.jobs.running.look_up(job))
        if not job_id:
            await self._sweep()
            recent = await self.jobs.current(await self.library.recent(caller.principal, _RECENT))
            return JobList(jobs=tuple([present_summary(job, await self._present(job)) for job in recent]))
        with _about(job_id):
            await self._sweep()
            job = await self._job(job_id, caller.principal)
            await self.jobs.adopter.adopt(job)
            job = await self.jobs.running.look_up(job)
            if job.state != "running":
                return await self._present(job)
            await self.jobs.waiting.join(job.id)
            with self.jobs.waiting_on(job.id):
                seconds = asked.get("wait_seconds", caller.wait)
                return await self._present(await self.jobs.wait(job, seconds=seconds, notify=caller.notify))

    async def look(self, job_id: str, principal: str) -> MediaResult:
        """Return a job as it is now. Unlike `get_job` this waits for nothing, and the job's answer stays due to others.

        Raises:
            UnknownContinuation: this principal has no such job.
        """
        await self._sweep()
        job = await self._job(job_id, principal)
        await self.jobs.adopter.adopt(job)
        return await self._present(await self.jobs.running.look_up(job))

    async def delete(self, artifact_id: str, principal: str) -> str:
        """Delete a saved file, from the disk and from the library. Return a note if something is left, or "".

        Raises:
            UnknownContinuation: as `artifact`.
            MediaError: the file cannot be deleted.
        """
        artifact = await self.artifact(artifact_id, principal)
        deleted = await self.files.delete(artifact)
        await self.library.delete_artifact(artifact.id, principal=principal)
        place = self.files.describe_place(artifact)
        return "" if deleted else f"The file {place} has been changed since it was saved, so it was left there."

    async def previews(self, answer: Answer) -> list[Preview]:
        """Return small pictures of the images and videos of an answer; none for a list of jobs or backends."""
        if not isinstance(answer, MediaResult) or not answer.files:
            return []
        with _about(answer.job_id):
            found = await self.library.artifacts(answer.job_id)
        return await self.files.previews([artifact for artifact in found if not artifact.token])

    async def promise(self, answer: Answer) -> None:
        """Let another process send what a running job has not sent yet, if this one ends first.

        Call this before answering with the status `running`.
        """
        if isinstance(answer, MediaResult) and answer.status == "running":
            await self.jobs.promise(answer.job_id)

    @contextmanager
    def lost_on_error(self, answer: Answer) -> Generator[Delivery | None]:
        """Prepare an answer in this block and yield its delivery; if the block fails, the same call attaches.

        The delivery is None for an answer that is not about a single job.
        """
        delivery = None
        if isinstance(answer, MediaResult) and answer.job_id:
            delivery = Delivery(attachments=self.jobs.attachments, job_id=answer.job_id)
        try:
            yield delivery
        except BaseException:
            if delivery:
                delivery.lost()
            raise

    @contextmanager
    def delivery(self, answer: Answer) -> Generator[None]:
        """Deliver an answer in this block: once it ends without an error, the same call makes a new job."""
        with self.lost_on_error(answer) as delivery:
            yield
        if delivery:
            delivery.sent()

    async def _continued(self, reference: str, principal: str) -> Artifact:
        """Return the file that an edit continues, by its id or any other reference to it."""
        made = MadeFiles(library=self.library, folders=self.folders.for_principal(principal))
        found = await made.find(reference, principal)
        if found is None and any(sign in reference for sign in "/\\.") and "media:" not in reference:
            raise UnknownContinuation(
                f"{reference[:80]!r} is not a file that was made here.",
                "To change a file of your own, call generate_media with it as image, video or audio.",
                billed="no",
            )
        return found or await self.artifact(reference, principal)

    async def artifact(self, artifact_id: str, principal: str) -> Artifact:
        """Return a saved file's record.

        Raises:
            UnknownContinuation: this caller has no such file, or it has expired.
        """
        found = await self.library.artifact(artifact_id, principal=principal, used=self.clock.now())
        if found is None:
            raise UnknownContinuation(
                f"There is no continuation {artifact_id[:40]!r}, or it has expired.",
                "The answer that made a file has its continuation_id; get_job without an id lists recent ones.",
                billed="no",
            )
        return found

    async def about(self, artifact_id: str, principal: str) -> FileAbout:
        """Return how a saved file was made, and what was edited from it.

        Raises:
            UnknownContinuation: as `artifact`.
        """
        artifact = await self.artifact(artifact_id, principal)
        tasks = await self.library.tasks(artifact.job_id)
        children = await self.library.children(artifact.id, principal=principal, limit=_MOST_CHILDREN)
        urls = await self.urls([artifact])
        return present_about(artifact, tasks, children, urls.get(artifact.id, ""))

    async def drain(self) -> None:
        """Let waiting calls answer, send nothing more, and wait until what is being sent has been answered."""
        await self.jobs.drain()

    async def release(self) -> None:
        """Record where this process's jobs stand, for others to continue."""
        await self.jobs.release()

    async def close(self) -> None:
        """Close the clients and the library."""
        await self.clients.close()
        await self.library.close()

    async def _run(self, tool: ToolName, request: ToolRequest, caller: Caller) -> MediaResult:
        with _not_billed():
            await self._sweep()
        seconds = caller.wait if request.wait_seconds is None else request.wait_seconds
        wait = partial(self.jobs.wait, seconds=seconds, notify=caller.notify)
        key = self.jobs.attachments.key(tool, request, caller.principal)
        while True:
            with _not_billed():
                earlier = Earlier() if request.dry_run else await self.jobs.attachments.find(key)
            replaced = earlier.replaced
            if earlier.job is not None:
                with self.jobs.waiting_on(earlier.job.id):
                    with _about(earlier.job.id):
                        await self.jobs.adopter.adopt(earlier.job)
                        job = await wait(await self.jobs.running.look_up(earlier.job))
                    if job.state != "failed" or not ended_unbilled(job):
                        return await self._result(job, _REQUESTED if key.digest else _ATTACHED)
                replaced = job.id
            with _not_billed():
                principal = caller.principal
                origin = await self.artifact(request.continuation_id, principal) if request.continuation_id else None
                started = await self.starter.start(tool, request, origin, key, replaces=replaced)
            if isinstance(started, MediaResult):
                return started
            if started is not None:
                with self.jobs.waiting_on(started.id):
                    with _about(started.id):
                        job = await wait(started)
                    return await self._result(job)

    async def _result(self, job: Job, note: str = "") -> MediaResult:
        """Return the answer of a job, with a note before its warnings; raise its error where it has no files."""
        with _about(job.id):
            result = await self._present(job)
        if result.status in {"failed", "unknown", "cancelled"}:
            self.jobs.attachments.mark_answered(result.job_id)
            error = error_from_record(job.error)
            if note == _REQUESTED:
                error.hint = (
                    f"{error.next_step} This request_id stands for job {job.id}: use a new one to make another."
                )
            raise error
        return result.model_copy(update={"warnings": (*filter(None, [note]), *result.warnings)})

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
        saved = [artifact for artifact in artifacts if not artifact.token]
        first = next(iter(saved), None)
        day = today(self.clock)
        editable = first is not None and self.installation.can_edit(job.kind, first.mime, first.bytes, day)
        active, urls = self.jobs.active(job.id), await self.urls(saved)
        return present_job(job, tasks, artifacts, active, editable=editable, urls=urls)

    async def _sweep(self) -> None:
        """At the first call of a process: continue what dead processes left, and forget what is too old."""
        if await self.jobs.adopter.sweep():
            before = self.clock.now() - self.installation.settings.retention_days * _DAY
            await self.library.prune(before=before, living=self.jobs.owners.living)
            await self.jobs.plans.remove_orphans()
            await self.starter.remove_orphans()


@contextmanager
def _not_billed() -> Generator[None]:
    """Mark what fails in here as not billed: nothing was sent yet."""
    try:
        yield
    except MediaError as error:
        error.billed = error.billed or "no"
        raise


@contextmanager
def _about(job_id: str, note: str = "This does not stop the job.") -> Generator[None]:
    """Name the job in what keeps its answer from being read: it can be collected once that is mended."""
    try:
        yield
    except MediaError as error:
        if error.billed is None and not error.job_id:
            error.hint = f"{note} {error.next_step}"
            error.job_id = job_id
        raise
