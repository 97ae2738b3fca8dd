"""A file while it is written: temporary, hashed on the way, measured at the end."""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterable
from dataclasses import dataclass
from threading import Lock

from anyio import to_thread

from mediasmith.plugin import media, probe
from mediasmith.plugin.errors import ProviderError
from mediasmith.storage.artifacts.folder import Folder, disk_errors

_BUFFER = 256 * 1024  # bytes that wait for a worker thread: streams come in small pieces


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is true of a written file: `mime` by its first bytes ("" when they say nothing known), pixels, seconds."""

    mime: str
    bytes: int
    sha256: str
    width: int | None = None
    height: int | None = None
    duration_seconds: float | None = None


class PartialFile:
    """A temporary file in a folder, made when its first bytes come. Blocking.

    Raises `MediaError` when the disk refuses, and `ProviderError` when there are more than `max_bytes`.
    """

    def __init__(self, folder: Folder, name: str, *, max_bytes: int) -> None:
        self._folder = folder
        self._name = name
        self._max_bytes = max_bytes
        self._fd: int | None = None
        self._closed = False
        self._size = 0
        self._head = b""
        self._hash = hashlib.sha256()
        self._lock = Lock()  # so that closing it never pulls the descriptor from under a thread that writes

    def write(self, data: bytes | bytearray) -> None:
        """Append bytes."""
        with self._lock, disk_errors(self._folder.path):
            self._write(data)

    def finish(self, rest: bytes | bytearray = b"") -> Facts:
        """Append the rest, bring all of it safely to the disk, and look at it."""
        with self._lock, disk_errors(self._folder.path):
            fd = self._write(rest)
            os.fsync(fd)
            facts = self._facts(fd)
            self._close()
            return facts

    def close(self) -> None:
        """Stop writing. The file stays as it is."""
        with self._lock, disk_errors(self._folder.path):
            self._close()

    def _write(self, data: bytes | bytearray) -> int:
        self._size += len(data)
        if self._size > self._max_bytes:
            raise ProviderError(
                f"The provider's answer is larger than the limit of {self._max_bytes} bytes.",
                "MEDIASMITH_MAX_OUTPUT_BYTES sets the limit.",
            )
        if self._closed:
            raise ValueError("the file is closed")
        if self._fd is None:
            self._fd = self._folder.create(self._name)
        self._hash.update(data)
        self._head += data[: media.HEAD - len(self._head)]
        left = memoryview(data)
        while left:
            left = left[os.write(self._fd, left) :]
        return self._fd

    def _facts(self, fd: int) -> Facts:
        mime = media.sniff(self._head)
        with os.fdopen(fd, "rb", closefd=False) as file:
            file.seek(0)  # one of the two looks into it, by the type
            width, height = probe.dimensions(file, mime) or (None, None)
            seconds = probe.duration(file, mime)
        return Facts(
            mime=mime,
            bytes=self._size,
            sha256=self._hash.hexdigest(),
            width=width,
            height=height,
            duration_seconds=seconds,
        )

    def _close(self) -> None:
        fd, self._fd, self._closed = self._fd, None, True
        if fd is not None:
            os.close(fd)


class FileSink:
    """A file that is streamed to the disk, for one writer; memory stays flat however long it gets.

    `token` is what its `Destination` knows it by. Raises `MediaError` when the disk refuses, and `ProviderError`
    when more comes than is allowed.
    """

    def __init__(self, part: PartialFile, token: str) -> None:
        self.token = token
        self._part = part
        self._waiting = bytearray()

    async def write(self, data: bytes) -> None:
        """Append bytes."""
        self._waiting += data
        if len(self._waiting) >= _BUFFER:
            due, self._waiting = self._waiting, bytearray()
            await to_thread.run_sync(self._part.write, due)

    async def write_all(self, chunks: AsyncIterable[bytes]) -> None:
        """Append everything that comes."""
        async for chunk in chunks:
            await self.write(chunk)

    async def finish(self) -> Facts:
        """Bring all of it safely to the disk, and say what it is."""
        return await to_thread.run_sync(self._part.finish, self._waiting)
