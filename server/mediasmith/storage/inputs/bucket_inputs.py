"""Keep copies of input files in a bucket, where every replica of a fleet finds them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import anyio
from anyio import to_thread

from mediasmith.plugin.errors import MediaError
from mediasmith.plugin.files import Source
from mediasmith.storage.artifacts.bucket import Bucket
from mediasmith.storage.inputs.kept_inputs import FolderInputs

_PREFIX = "inputs"


@dataclass(frozen=True, kw_only=True)
class BucketInputs:
    """Copies in a bucket, as `KeptInputs`. Those that are used here are downloaded to folders below `local`."""

    bucket: Bucket
    local: FolderInputs

    def folder(self, job_id: str) -> Path:
        """Return the folder for what is downloaded for a job."""
        return self.local.folder(job_id)

    async def keep(self, job_id: str, sources: Sequence[Source]) -> None:
        """Save the files as objects."""
        for number, source in enumerate(sources):
            with await to_thread.run_sync(source.open) as file:
                await self.bucket.put(_key(job_id, number), file, mime=source.mime)

    async def find(self, job_id: str, count: int) -> list[Path]:
        """Download the copies."""
        paths = await self.local.find(job_id, count)
        folder = self.folder(job_id)
        await to_thread.run_sync(partial(folder.mkdir, 0o700, parents=True, exist_ok=True))
        for number, path in enumerate(paths):
            await anyio.Path(path).write_bytes(await self.bucket.read(_key(job_id, number)))
        return paths

    async def forget(self, job_id: str) -> None:
        """Delete the copies, those on this disk as well.

        Raises:
            MediaError: the bucket cannot be used.
        """
        await self.local.forget(job_id)
        await self.bucket.delete(*await self.bucket.keys(f"{_PREFIX}/{job_id}"))

    async def jobs(self) -> set[str]:
        """Return the ids of the jobs in the bucket, and of those on this disk."""
        found = await self.local.jobs()
        with suppress(MediaError):
            found |= {*await self.bucket.folders(_PREFIX)}
        return found


def _key(job_id: str, number: int) -> str:
    return f"{_PREFIX}/{job_id}/{number}"
