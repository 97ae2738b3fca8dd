"""The files of one job while they are written: under temporary names, in a folder of this machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import BinaryIO

from anyio import CancelScope, to_thread

from mediasmith.plugin.errors import MediaError
from mediasmith.storage.artifacts.file_names import new_id
from mediasmith.storage.artifacts.folder import Folder, disk_errors
from mediasmith.storage.artifacts.sink import Facts, FileSink, PartialFile

MIN_FREE_BYTES = 64_000_000
"""Bytes that must be free on the disk before a request is paid for."""


class TemporaryFiles:
    """Files in `directory`, each known by a token of the caller's. Close it when the job is done."""

    def __init__(self, directory: Folder) -> None:
        self._directory = directory
        self._partial: dict[str, list[PartialFile]] = {}  # a token may be reused

    def sink(self, token: str, *, max_bytes: int) -> FileSink:
        """Return a new file to stream into. Nothing is on disk before the first bytes arrive."""
        return FileSink(self._new_file(token, max_bytes), token)

    async def save(self, token: str, data: bytes, *, max_bytes: int) -> Facts:
        """Write a new file in one go. Raises as `FileSink` does."""
        return await to_thread.run_sync(self._new_file(token, max_bytes).finish, data)

    def open_file(self, token: str) -> BinaryIO:
        """Open a file for reading; blocking.

        Raises:
            OSError: there is none, or the disk failed.
        """
        return self._directory.open_file(_name(token))

    def path(self, token: str) -> Path | None:
        """Return where a file is, or None when there is none; blocking.

        Raises:
            MediaError: the disk failed.
        """
        with disk_errors(self._directory.path):
            return self._directory.path / _name(token) if self._directory.find(_name(token)) else None

    def rename(self, token: str, name: str) -> bool:
        """Give a file its name and return True, or return False when that is taken; blocking. Raises OSError."""
        renamed = self._directory.rename(_name(token), name)
        if renamed:
            self._forget(token)
        return renamed

    async def discard(self, token: str) -> None:
        """Remove a file, if there is one."""
        with CancelScope(shield=True):
            await to_thread.run_sync(self._discard, token)

    def has(self, prefix: str) -> bool:
        """Return whether this object started a file whose token starts with `prefix`, and that has no name yet."""
        return any(token.startswith(prefix) for token in self._partial)

    async def sweep(self, prefix: str, keep: Collection[str]) -> None:
        """Remove files that a killed server left: tokens that start with `prefix` and are not in `keep`."""
        await to_thread.run_sync(self._sweep, prefix, keep)

    async def close(self) -> None:
        """Close the folder and its unfinished files, which stay on disk until they are swept."""
        with CancelScope(shield=True):
            await to_thread.run_sync(self._close)

    def _new_file(self, token: str, max_bytes: int) -> PartialFile:
        file = PartialFile(self._directory, _name(token), max_bytes=max_bytes)
        self._partial.setdefault(token, []).append(file)
        return file

    def _forget(self, token: str) -> None:
        for file in self._partial.pop(token, []):
            file.close()

    def _discard(self, token: str) -> None:
        self._forget(token)
        with disk_errors(self._directory.path):
            self._directory.remove(_name(token))

    def _sweep(self, prefix: str, keep: Collection[str]) -> None:
        start, kept = f".{prefix}", {_name(token) for token in keep}
        with disk_errors(self._directory.path):
            for name in self._directory.names():
                if name.startswith(start) and name.endswith(".part") and name not in kept:
                    self._directory.remove(name)

    def _close(self) -> None:
        for token in list(self._partial):
            self._forget(token)
        self._directory.close()


def check_writable(directory: Folder) -> None:
    """Check that a file can be created and that the disk has room; blocking.

    Raises:
        OSError: no file can be created.
        MediaError: less than `MIN_FREE_BYTES` are free.
    """
    name = _name(new_id())
    os.close(directory.create(name))
    directory.remove(name)
    free = shutil.disk_usage(directory.path).free
    if free < MIN_FREE_BYTES:
        raise MediaError(
            f"Only {free // 1_000_000} MB are free on the disk of {directory.path}; a request needs "
            f"{MIN_FREE_BYTES // 1_000_000} MB.",
            "Free some space, or give an output on another disk.",
        )


def _name(token: str) -> str:
    return f".{token}.part"
