"""The part of a bucket that one job's files go to, by way of a folder of this machine."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TypeVar
from urllib.parse import quote

from anyio import CancelScope, to_thread

from mediasmith.plugin.errors import MediaError
from mediasmith.runtime.clock import Clock
from mediasmith.runtime.timeouts import wait_for_event
from mediasmith.storage.artifacts.bucket import Bucket
from mediasmith.storage.artifacts.destination import OnTrouble
from mediasmith.storage.artifacts.file_names import extension_of, numbered, stem_of
from mediasmith.storage.artifacts.folder import Folder
from mediasmith.storage.artifacts.temporary_files import TemporaryFiles
from mediasmith.storage.library.records import Artifact
from mediasmith.storage.previews import thumbnail

T = TypeVar("T")

_log = logging.getLogger(__name__)

_LONGEST_PAUSE = 30.0
"""Seconds between two attempts to save a file."""


class BucketDestination:
    """A `Destination` in a bucket.

    A file is saved before it is recorded. What was paid for is not given up while the store is away: `commit` waits,
    until the process ends.
    """

    def __init__(self, bucket: Bucket, folder: PurePosixPath, name: str, *, directory: Folder, clock: Clock) -> None:
        self.folder = folder
        self.stem = stem_of(name)
        self.extension = extension_of(name)
        self.temporary = TemporaryFiles(directory)
        self._bucket = bucket
        self._directory = directory
        self._clock = clock
        self._leaves_files = False

    async def commit(self, artifact: Artifact, *, trouble: OnTrouble) -> tuple[str, bool]:
        """Save the temporary file as an object, as `Destination.commit`."""
        file = await to_thread.run_sync(self.temporary.path, artifact.token)
        try:
            key = await self._save(artifact, file, trouble)
        except MediaError as error:  # only where the process ends
            if file is not None:
                self._leaves_files = True
                error.hint = f"It is left as {file} for a day. {error.hint}"
            _log.error("a file could not be saved: %s", error)
            raise
        if file is not None:
            await self._save_preview(key, file, artifact.mime)
            await self.temporary.discard(artifact.token)
        return key, key != artifact.path

    async def close(self) -> None:
        """Close the temporary files, and remove them unless one could not be saved."""
        with CancelScope(shield=True):
            await self.temporary.close()
            if self._leaves_files:
                return
            await to_thread.run_sync(partial(shutil.rmtree, self._directory.path, ignore_errors=True))

    async def _save(self, artifact: Artifact, file: Path | None, trouble: OnTrouble) -> str:
        """Save the file, if it is here and not saved yet, and return its key."""
        names = numbered(PurePosixPath(artifact.path).name)
        while True:
            key = str(self.folder / next(names))
            if file is not None and await self._patiently(partial(_create, self._bucket, key, file, artifact), trouble):
                return key
            found = await self._patiently(partial(self._bucket.facts, key), trouble)
            if found is None:
                raise FileNotFoundError(f"There is no uncommitted file {artifact.token}.")
            if (found.size, found.sha256) == (artifact.bytes, artifact.sha256):
                return key  # it was saved before, perhaps by another process

    async def _patiently(self, action: Callable[[], Awaitable[T]], trouble: OnTrouble) -> T:
        """Return what an action returns as soon as the store can be used; try it once more where the process ends."""
        pause = 0.5
        while True:
            try:
                return await action()
            except MediaError as error:
                if self._bucket.ending.is_set():
                    raise
                _log.warning("a file waits for its store: %s", error.message)
                trouble(error)
                pause = min(pause * 2, _LONGEST_PAUSE)
                await wait_for_event(self._clock, pause, self._bucket.ending)

    async def _save_preview(self, key: str, file: Path, mime: str) -> None:
        """Save a small picture beside a file, which saves fetching a film for it."""
        if picture := await thumbnail(file, mime):
            with suppress(MediaError):  # then it is made when the file is shown
                await self._bucket.put(preview_key(key), picture.data, mime=picture.mime)


def preview_key(key: str) -> str:
    """Return the key of the small picture of a file."""
    return f"{key}.preview"


async def _create(bucket: Bucket, key: str, file: Path, artifact: Artifact) -> bool:
    """Save a file as a new object; return False if there is one. Raises `MediaError` where that has to be repeated."""
    disposition = f"inline; filename*=utf-8''{quote(PurePosixPath(key).name)}"
    if await bucket.create(key, file, mime=artifact.mime, disposition=disposition, sha256=artifact.sha256):
        return True
    if await bucket.facts(key) is None:  # which some stores refuse alike
        raise MediaError("The file was being saved by another process, which has failed.")
    return False
