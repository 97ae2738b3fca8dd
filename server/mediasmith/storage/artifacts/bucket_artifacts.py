"""Artifacts in a bucket, where every replica of a fleet finds them. The path of an artifact is its key."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from secrets import token_hex

import anyio
from anyio import CancelScope, to_thread

from mediasmith.config.allowed_folders import AllowedFolders
from mediasmith.plugin import pictures, probe
from mediasmith.plugin.errors import MediaError, NotAllowed
from mediasmith.plugin.media import HEAD, sniff
from mediasmith.runtime.clock import Clock
from mediasmith.storage.artifacts.bucket import Bucket
from mediasmith.storage.artifacts.bucket_destination import BucketDestination, preview_key
from mediasmith.storage.artifacts.file_names import check_name
from mediasmith.storage.artifacts.folder import Folder, disk_errors
from mediasmith.storage.artifacts.temporary_files import check_writable
from mediasmith.storage.library.records import Artifact, Job
from mediasmith.storage.pasted_paths import unwrap
from mediasmith.storage.previews import Preview, previews, thumbnail

_LEFTOVER_SECONDS = 86_400.0
"""How long nothing has happened in a folder that a process must have left."""


@dataclass(kw_only=True)
class BucketArtifacts:
    """Files in a bucket, as an `Artifacts`. What is only passing through lies in `folder`, on this machine's disk."""

    bucket: Bucket
    folder: Path
    clock: Clock
    _cleared: bool = field(default=False, init=False)

    async def open(
        self,
        folders: AllowedFolders,  # noqa: ARG002 - no folder of a disk is written to
        output: str,
        *,
        job_id: str,
        principal: str,
    ) -> BucketDestination:
        """Return where the files of a new job go.

        Raises:
            NotAllowed: `output` is more than a file name.
            MediaError: the bucket cannot be used.
        """
        name = unwrap(output)
        if name in {".", ".."} or any(sign in name for sign in "/\\"):
            raise NotAllowed(
                "output: the files of this server are kept in a store, which has no such folder.",
                "Give a file name alone, or no output.",
                billed="no",
            )
        if name:
            check_name(name)
        await self.bucket.check()
        owner = hashlib.sha256(principal.encode()).hexdigest()[:32]
        return await self._destination(PurePosixPath(owner, job_id), name, job_id)

    async def reopen(self, folders: AllowedFolders, job: Job) -> BucketDestination:  # noqa: ARG002 - as above
        """Return where the files of a recorded job go."""
        destination = await self._destination(PurePosixPath(job.folder), "", job.id)
        destination.stem = job.stem
        return destination

    def path(self, artifact: Artifact) -> None:
        """Return None."""

    def describe_place(self, artifact: Artifact) -> str:  # noqa: ARG002 - its key is of no use
        """Return that it is in the store."""
        return "in the store"

    async def local(self, artifact: Artifact, scratch: Path) -> Path:
        """Download the file to `scratch`."""
        folder = scratch / artifact.id
        await to_thread.run_sync(partial(folder.mkdir, 0o700, parents=True, exist_ok=True))
        path = folder / PurePosixPath(artifact.path).name
        async with await anyio.open_file(path, "wb") as file:
            async for chunk in self.stream(artifact, 0, artifact.bytes):
                await file.write(chunk)
        return path

    async def read(self, artifact: Artifact) -> bytes:
        """Return the whole file."""
        return await self.bucket.read(artifact.path)

    async def stream(self, artifact: Artifact, start: int, end: int) -> AsyncGenerator[bytes]:
        """Yield a range of the file."""
        async for chunk in self.bucket.stream(artifact.path, start, end):
            yield chunk

    async def size(self, artifact: Artifact) -> int | None:
        """Return the bytes of the file."""
        found = await self.bucket.facts(artifact.path)
        return found.size if found else None

    async def delete(self, artifact: Artifact) -> bool:
        """Delete the file and its preview."""
        if await self.size(artifact) not in {None, artifact.bytes}:
            return False
        await self.bucket.delete(artifact.path, preview_key(artifact.path))
        return True

    async def previews(self, artifacts: Sequence[Artifact]) -> list[Preview]:
        """Return small pictures of the files, made from those that lie beside them; none while the store is away."""
        visible = [artifact for artifact in artifacts if artifact.mime in {*pictures.IMAGE_MIMES, *probe.VIDEO_MIMES}]
        with suppress(MediaError):
            async with self._scratch() as scratch:
                found = [await self._picture(artifact, scratch) for artifact in visible]
                return await previews([one for one in found if one])
        return []

    async def thumbnail(self, artifact: Artifact) -> Preview | None:
        """Return the small picture that lies beside the file; without one, make it."""
        with suppress(OSError, MediaError):
            if saved := await self._saved_preview(artifact):
                return saved
            async with self._scratch() as scratch:
                return await thumbnail(await self.local(artifact, scratch), artifact.mime)
        return None

    async def presigned(self, artifact: Artifact, *, seconds: int) -> str:
        """Return a link to the file in the store."""
        return await self.bucket.sign(artifact.path, seconds=seconds)

    async def _destination(self, folder: PurePosixPath, name: str, job_id: str) -> BucketDestination:
        directory = await to_thread.run_sync(self._new_directory, job_id)
        return BucketDestination(self.bucket, folder, name, directory=directory, clock=self.clock)

    def _new_directory(self, job_id: str) -> Folder:
        """Return a folder for temporary files of its own: a process that was taken for dead may still have another."""
        root = self.folder.resolve()
        if not self._cleared:
            self._remove_leftovers()
            self._cleared = True
        with disk_errors(root):
            directory = Folder(root / f"{job_id}-{token_hex(4)}", root=root)
            check_writable(directory)
        return directory

    async def _picture(self, artifact: Artifact, scratch: Path) -> tuple[Path, str] | None:
        """Return the path and type of a file's small picture, or else of the file; None if there is neither."""
        if saved := await self._saved_preview(artifact):
            path = scratch / artifact.id
            await anyio.Path(path).write_bytes(saved.data)
            return path, saved.mime
        with suppress(OSError):
            return await self.local(artifact, scratch), artifact.mime
        return None

    async def _saved_preview(self, artifact: Artifact) -> Preview | None:
        with suppress(OSError):
            data = await self.bucket.read(preview_key(artifact.path))
            return Preview(mime=sniff(data[:HEAD]) or "image/svg+xml", data=data)
        return None

    @asynccontextmanager
    async def _scratch(self) -> AsyncGenerator[Path]:
        """Return a private folder as a context manager that removes it."""
        path = self.folder / f"read-{token_hex(8)}"
        await to_thread.run_sync(partial(path.mkdir, 0o700, parents=True))
        try:
            yield path
        finally:
            with CancelScope(shield=True):
                await to_thread.run_sync(partial(shutil.rmtree, path, ignore_errors=True))

    def _remove_leftovers(self) -> None:
        """Remove what processes that were killed left on this disk. A job that needs its folder makes it again."""
        for folder in self.folder.iterdir() if self.folder.is_dir() else ():
            with suppress(FileNotFoundError):
                if time.time() - folder.stat().st_mtime > _LEFTOVER_SECONDS:
                    shutil.rmtree(folder, ignore_errors=True)
