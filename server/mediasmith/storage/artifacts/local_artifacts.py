"""Artifacts in folders of this machine."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from pathlib import Path

import anyio
from anyio import to_thread

from mediasmith.config.allowed_folders import AllowedFolders
from mediasmith.storage.artifacts.deletion import delete_file
from mediasmith.storage.artifacts.folder_destination import FolderDestination
from mediasmith.storage.library.records import Artifact, Job
from mediasmith.storage.previews import Preview, previews, thumbnail

_CHUNK = 256 * 1024


@dataclass(frozen=True, kw_only=True)
class LocalArtifacts:
    """Files at the paths of their artifacts, as an `Artifacts`."""

    async def open(
        self,
        folders: AllowedFolders,
        output: str,
        *,
        job_id: str,  # noqa: ARG002 - any job's files may go to any folder
        principal: str,
    ) -> FolderDestination:
        """Open the folder that `output` names, as `FolderDestination.open`."""
        return await FolderDestination.open(folders.for_principal(principal), output)

    async def reopen(self, folders: AllowedFolders, job: Job) -> FolderDestination:
        """Open the folder of a recorded job."""
        destination = await FolderDestination.open(folders, f"{job.folder}/")
        destination.stem = job.stem
        return destination

    def path(self, artifact: Artifact) -> Path:
        """Return the file's path."""
        return Path(artifact.path)

    def describe_place(self, artifact: Artifact) -> str:
        """Return the path with an "at" before it."""
        return f"at {artifact.path}"

    async def local(self, artifact: Artifact, scratch: Path) -> Path:  # noqa: ARG002 - nothing is copied
        """Return the file's path."""
        return Path(artifact.path)

    async def read(self, artifact: Artifact) -> bytes:
        """Return the whole file. Raises OSError."""
        return await anyio.Path(artifact.path).read_bytes()

    async def stream(self, artifact: Artifact, start: int, end: int) -> AsyncGenerator[bytes]:
        """Yield a range of the file. Raises OSError."""
        async with await anyio.open_file(artifact.path, "rb") as file:
            await file.seek(start)
            while start < end and (chunk := await file.read(min(_CHUNK, end - start))):
                start += len(chunk)
                yield chunk

    async def size(self, artifact: Artifact) -> int | None:
        """Return the bytes of the file."""
        try:
            return (await anyio.Path(artifact.path).stat()).st_size
        except OSError:
            return None

    async def delete(self, artifact: Artifact) -> bool:
        """Delete the file, as `delete_file`."""
        return await to_thread.run_sync(delete_file, Path(artifact.path), artifact.bytes)

    async def previews(self, artifacts: Sequence[Artifact]) -> list[Preview]:
        """Return small pictures of the files."""
        return await previews([(Path(artifact.path), artifact.mime) for artifact in artifacts])

    async def thumbnail(self, artifact: Artifact) -> Preview | None:
        """Return a small picture of the file."""
        return await thumbnail(Path(artifact.path), artifact.mime)

    async def presigned(self, artifact: Artifact, *, seconds: int) -> str:  # noqa: ARG002 - as the protocol has it
        """Return "": no other server has the files."""
        return ""
