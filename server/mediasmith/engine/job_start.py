"""Start the job of a checked call: decide how it is done, open its folder, and record it."""

from __future__ import annotations

import shutil
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import anyio
from anyio import to_thread

from mediasmith.config.allowed_folders import AllowedFolders
from mediasmith.config.data_folder import loss_warning
from mediasmith.config.settings import Settings
from mediasmith.engine.presenter import present_forecast
from mediasmith.engine.results import MediaResult
from mediasmith.jobs.dispatch import JobPlan
from mediasmith.jobs.job_spec import JobSpec
from mediasmith.jobs.service import JobService
from mediasmith.runtime.clock import Clock
from mediasmith.selection.planning import Planner, Selection
from mediasmith.selection.tool_request import ToolRequest
from mediasmith.storage.artifacts.artifact_store import Artifacts
from mediasmith.storage.artifacts.destination import Destination
from mediasmith.storage.artifacts.file_names import new_id
from mediasmith.storage.library.calls import CallKey
from mediasmith.storage.library.records import Artifact, Job

ToolName = Literal["generate_media", "continue_edit"]
"""The tools that make something."""


@dataclass(frozen=True, kw_only=True)
class JobStarter:
    """Starts jobs. Inputs that have to be downloaded are kept in the data folder, in one folder for each job."""

    settings: Settings
    folders: AllowedFolders
    planner: Planner
    jobs: JobService
    files: Artifacts
    clock: Clock

    async def start(
        self, tool: ToolName, request: ToolRequest, origin: Artifact | None, key: CallKey, *, replaces: str
    ) -> Job | MediaResult | None:
        """Start the job; for a dry run, return the answer that says what it would be.

        `origin` is the file that an edit continues. Return None where meanwhile the same call has been made, and may
        have to be attached to.

        Raises:
            MediaError: it cannot be done; nothing was sent.
        """
        owner, job_id = await self.jobs.owners.own(), new_id()
        scratch = self._scratch / owner / job_id
        async with AsyncExitStack() as unless_started:
            unless_started.push_async_callback(_remove, scratch)
            selection = await self.planner.plan(request, principal=key.principal, origin=origin, scratch=scratch)
            if request.dry_run:
                return present_forecast(selection, request)
            destination = await self.files.open(self.folders, request.output, job_id=job_id, principal=key.principal)
            unless_started.push_async_callback(destination.close)
            spec = JobSpec(
                prompts=request.prompts,
                count=request.n,
                parent=origin.id if origin else "",
                history=origin.prompts if origin else (),
                extension=destination.extension,
            )
            now = self.clock.now()
            job = Job(
                id=job_id,
                principal=key.principal,
                fingerprint=key.fingerprint,
                tool=tool,
                kind=selection.request.kind,
                request=spec.to_json(),
                owner=owner,
                folder=str(destination.folder),
                stem=destination.stem,
                created=now,
                updated=now,
                warnings=await self._warnings(selection, destination, key),
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
            if await self.jobs.start(plan, key, replaces=replaces):
                unless_started.pop_all()
                return job
        return None

    async def remove_orphans(self) -> None:
        """Remove the inputs that processes which are gone have downloaded."""
        owners = await to_thread.run_sync(_names_in, self._scratch)
        living = await self.jobs.owners.living(owners)
        for owner in owners:
            if owner not in living:
                await _remove(self._scratch / owner)

    @property
    def _scratch(self) -> Path:
        return self.settings.data_dir / "scratch"

    async def _warnings(self, selection: Selection, destination: Destination, key: CallKey) -> tuple[str, ...]:
        """Return what the caller should know from the first answer on, though the process may end before the job."""
        running = await self.jobs.attachments.newest_running(key)
        notes = _another(running) if running else "", loss_warning(self.settings.data_dir, Path(destination.folder))
        return tuple(dict.fromkeys(filter(None, (*notes, *selection.candidates[0].warnings))))


def _another(running: Job) -> str:
    return (
        f"The same call is still running as job {running.id}, which get_job returns; this is another job, billed as "
        "well. Calls with the same request_id make one job."
    )


async def _remove(folder: Path) -> None:
    with anyio.CancelScope(shield=True):
        await to_thread.run_sync(partial(shutil.rmtree, folder, ignore_errors=True))


def _names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()] if folder.is_dir() else []
