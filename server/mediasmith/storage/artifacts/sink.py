"""A file while it is being written: under a temporary name, hashed on the way, measured at the end."""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterable
from dataclasses import dataclass
from threading import Lock

from anyio import to_thread

from mediasmith.plugin import probe
from mediasmith.plugin.content_type import content_type
from mediasmith.plugin.errors import ProviderError
from mediasmith.storage.artifacts.folder import Folder, disk_errors

_BUFFER = 256 * 1024  # bytes to collect before a worker thread writes them: streams come in small chunks


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What was found out about a written file.

    `mime` is the type by its content, or "" when it is of no known type. `ends_early`: it is a picture without its end.
    """

    mime: str
    bytes: int
    sha256: str
    width: int | None = None
    height: int | None = None
    duration_seconds: float | None = None
    ends_early: bool = False


class PartialFile:
    """A temporary file in a folder, created when its first bytes are written. Its methods block.

    Raises:
        MediaError: the disk failed.
        ProviderError: more than `max_bytes` were written.
    """

    def __init__(self, folder: Folder, name: str, *, max_bytes: int) -> None:
        self._folder = folder
        self._name = name
        self._max_bytes = max_bytes
        self._fd: int | None = None
        self._closed = False
        self._size = 0
        self._hash = hashlib.sha256()
        self._lock = Lock()  # so that closing never takes the descriptor from a thread that is writing

    def write(self, data: bytes | bytearray) -> None:
        """Append bytes."""
        with self._lock, disk_errors(self._folder.path):
            self._write(data)

    def finish(self, rest: bytes | bytearray = b"") -> Facts:
        """Append the rest, sync the file to disk and return what it is."""
        with self._lock, disk_errors(self._folder.path):
            fd = self._write(rest)
            os.fsync(fd)
            facts = self._facts(fd)
            self._close()
            return facts

    def close(self) -> None:
        """Stop writing, and leave the file as it is."""
        with self._lock, disk_errors(self._folder.path):
            self._close()

    def _write(self, data: bytes | bytearray) -> int:
        self._size += len(data)
        if self._size > self._max_bytes:
            raise ProviderError(
                f"The provider's answer is larger than the limit of {self._max_bytes} bytes.",
                "Set MEDIASMITH_MAX_OUTPUT_BYTES to a higher limit and restart the server.",
            )
        if self._closed:
            raise ValueError("the file is closed")
        if self._fd is None:
            self._fd = self._folder.create(self._name)
        self._hash.update(data)
        left = memoryview(data)
        while left:
            left = left[os.write(self._fd, left) :]
        return self._fd

    def _facts(self, fd: int) -> Facts:
        with os.fdopen(fd, "rb", closefd=False) as file:
            mime = content_type(file)
            width, height = probe.dimensions(file, mime) or (None, None)
            seconds = probe.duration(file, mime)
            ends_early = probe.ends_early(file, mime)
        return Facts(
            mime=mime,
            bytes=self._size,
            sha256=self._hash.hexdigest(),
            width=width,
            height=height,
            duration_seconds=seconds,
            ends_early=ends_early,
        )

    def _close(self) -> None:
        fd, self._fd, self._closed = self._fd, None, True
        if fd is not None:
            os.close(fd)


class FileSink:
    """A file that one writer streams to disk, in constant memory however long it gets.

    `token` is the one that its `Destination` knows it by. Raises as `PartialFile` does.
    """

    def __init__(self, file: PartialFile, token: str) -> None:
        self.token = token
        self._file = file
        self._buffer = bytearray()

    async def write(self, data: bytes) -> None:
        """Append bytes."""
        self._buffer += data
        if len(self._buffer) >= _BUFFER:
            full, self._buffer = self._buffer, bytearray()
            await to_thread.run_sync(self._file.write, full)

    async def write_all(self, chunks: AsyncIterable[bytes]) -> None:
        """Append every chunk."""
        async for chunk in chunks:
            await self.write(chunk)

    async def finish(self) -> Facts:
        """Sync the whole file to disk and return what it is."""
        return await to_thread.run_sync(self._file.finish, self._buffer)
