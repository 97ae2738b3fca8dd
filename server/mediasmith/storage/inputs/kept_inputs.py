"""Keep copies of the input files of jobs whose requests another process may have to send."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from anyio import to_thread

from mediasmith.plugin.errors import MediaError
from mediasmith.plugin.files import Source


class KeptInputs(Protocol):
    """Copies of input files, by the id of their job and their numbers."""

    def folder(self, job_id: str) -> Path:
        """Return the folder on this machine that the copies of a job's files are in, or would be."""
        ...

    async def keep(self, job_id: str, sources: Sequence[Source]) -> None:
        """Copy the files of a job.

        Raises:
            MediaError: they cannot be copied.
        """
        ...

    async def find(self, job_id: str, count: int) -> list[Path]:
        """Return the paths of so many copies, in their order.

        Raises:
            OSError: some are gone.
            MediaError: they cannot be read at the moment.
        """
        ...

    async def forget(self, job_id: str) -> None:
        """Delete the copies of a job's files, if there are some."""
        ...

    async def jobs(self) -> set[str]:
        """Return the ids of the jobs that there are copies of, as far as that can be seen now."""
        ...


@dataclass(frozen=True, kw_only=True)
class FolderInputs:
    """Copies in folders below `root`, one for each job, as `KeptInputs`."""

    root: Path

    def folder(self, job_id: str) -> Path:
        """Return the folder of a job."""
        return self.root / job_id

    async def keep(self, job_id: str, sources: Sequence[Source]) -> None:
        """Copy the files to a private folder, under their numbers."""
        try:
            await to_thread.run_sync(_copy, sources, self.folder(job_id))
        except OSError as error:
            raise MediaError(f"The input files could not be kept: {error.strerror}.") from error

    async def find(self, job_id: str, count: int) -> list[Path]:
        """Return the paths of the copies, which are looked at when they are opened."""
        return [self.folder(job_id) / str(number) for number in range(count)]

    async def forget(self, job_id: str) -> None:
        """Delete the folder of a job."""
        await to_thread.run_sync(partial(shutil.rmtree, self.folder(job_id), ignore_errors=True))

    async def jobs(self) -> set[str]:
        """Return the names of the folders."""
        return await to_thread.run_sync(_names_in, self.root)


def _copy(sources: Sequence[Source], folder: Path) -> None:
    if sources:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for number, source in enumerate(sources):
        with source.open() as given, (folder / str(number)).open("wb") as kept:
            shutil.copyfileobj(given, kept)


def _names_in(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()} if folder.is_dir() else set()
