"""Copy what one library has to another: the records of jobs that have ended, and their files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from mediasmith.config.allowed_folders import AllowedFolders
from mediasmith.storage.artifacts.artifact_store import Artifacts
from mediasmith.storage.artifacts.destination import Destination, OnTrouble
from mediasmith.storage.library.records import Artifact, Job, Task
from mediasmith.storage.library.store import Library

_PAGE = 100
"""Jobs to read at once."""

_TOKEN = "import"  # noqa: S105 - the name of a temporary file


@dataclass(kw_only=True)
class Copied:
    """What a transfer did. `jobs` and `files` were copied, `earlier` jobs were there already.

    `running` are the ids of jobs that have not ended, and were left. `gone` are the paths of files that are not there
    any more, or have changed: only their records were copied, from which an edit may still continue.
    """

    jobs: int = 0
    files: int = 0
    earlier: int = 0
    running: list[str] = field(default_factory=list[str])
    gone: list[str] = field(default_factory=list[str])


@dataclass(frozen=True, kw_only=True)
class StoredLibrary:
    """A library, and the store that its files are in."""

    library: Library
    files: Artifacts


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """Copies from `source` to `target`. It can be stopped and run again at any time, and copies nothing twice.

    `principals` says whose the copies are, by whose the originals are, where that changes. `trouble` is called with
    what keeps a file from being saved, while that is tried again.
    """

    source: StoredLibrary
    target: StoredLibrary
    folders: AllowedFolders
    principals: Mapping[str, str]
    trouble: OnTrouble

    async def run(self) -> Copied:
        """Copy all that is not there yet.

        Raises:
            MediaError: one of the libraries or stores cannot be used.
        """
        copied, after = Copied(), ""
        while jobs := await self.source.library.page(after=after, limit=_PAGE):
            for job in jobs:
                await self._copy_job(job, copied)
            after = jobs[-1].id
        return copied

    async def _copy_job(self, job: Job, copied: Copied) -> None:
        principal = self.principals.get(job.principal, job.principal)
        if job.state == "running":
            copied.running.append(job.id)
            return
        tasks = await self.source.library.tasks(job.id)
        there = await self.target.library.job(job.id, principal=principal)
        recorded = {task.number for task in await self.target.library.tasks(job.id) if task.phase != "queued"}
        if there and recorded >= {task.number for task in tasks}:
            copied.earlier += 1
            return
        destination = await self.target.files.open(self.folders, "", job_id=job.id, principal=principal)
        try:
            if there is None:
                new = replace(job, principal=principal, owner="", folder=str(destination.folder))
                await self.target.library.add_job(new, [replace(task, phase="queued") for task in tasks])
            artifacts = [one for one in await self.source.library.artifacts(job.id) if not one.token]
            for task in tasks:
                own = [replace(one, principal=principal) for one in artifacts if one.task == task.number]
                await self._copy_task(job, task, own, destination, copied)
        finally:
            await destination.close()
        copied.jobs += 1

    async def _copy_task(
        self, job: Job, task: Task, artifacts: list[Artifact], destination: Destination, copied: Copied
    ) -> None:
        """Copy a task with its files. Once it is recorded, it is not copied again."""
        new = [await self._copy_file(artifact, destination, copied) for artifact in artifacts]
        if task.phase != "queued":
            await self.target.library.commit(task, new, at=job.updated)

    async def _copy_file(self, artifact: Artifact, destination: Destination, copied: Copied) -> Artifact:
        """Copy a file, unless an earlier run has, and return its record there."""
        token = f"{_TOKEN}-{artifact.id}"
        new = replace(artifact, path=str(destination.folder / Path(artifact.path).name), token=token)
        try:
            path, _ = await destination.commit(new, trouble=self.trouble)
        except FileNotFoundError:
            if not await self._fetch(artifact, destination, token):
                copied.gone.append(artifact.path)
                return replace(new, token="")
            path, _ = await destination.commit(new, trouble=self.trouble)
        copied.files += 1
        return replace(new, path=path, token="")

    async def _fetch(self, artifact: Artifact, destination: Destination, token: str) -> bool:
        """Copy a file to a temporary one, and return whether it is what was once saved."""
        if await self.source.files.size(artifact) != artifact.bytes:
            return False
        sink = destination.temporary.sink(token, max_bytes=artifact.bytes)
        try:
            await sink.write_all(self.source.files.stream(artifact, 0, artifact.bytes))
            if (await sink.finish()).sha256 == artifact.sha256:
                return True
        except OSError:
            pass  # it has just been deleted
        await destination.temporary.discard(token)
        return False
