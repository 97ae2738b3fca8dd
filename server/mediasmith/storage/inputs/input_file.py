"""A checked input file, and opening a file safely."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, TypeAlias

from anyio import to_thread

from mediasmith.plugin.errors import InvalidRequest

Version: TypeAlias = tuple[int, int, int, int]
"""What changes when a file is replaced or written to: device, inode, bytes, time of the last change."""

# As far as the platform has them. Each is a bit of its own, so their sum sets them all.
_FLAGS = os.O_RDONLY + sum(
    getattr(os, flag, 0) for flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY")
)


@dataclass(frozen=True, kw_only=True)
class InputFile:
    """An input file that passed every check: the server's `mediasmith.plugin.files.Source`.

    `path` is its real path, and `version` identifies the content that was checked. `substitute` is a copy in another
    type, for models that do not take this one, and `note` says what a caller should know of a copy.
    """

    path: Path
    name: str
    mime: str
    size: int
    dimensions: tuple[int, int] | None
    version: Version = field(repr=False)
    substitute: InputFile | None = None
    note: str = ""

    def open(self) -> BinaryIO:
        """Open it for reading; blocking.

        Raises:
            InvalidRequest: it is no longer the file that was checked.
        """
        file = open_regular(self.path, self.name)
        if version_of(os.fstat(file.fileno())) != self.version:
            file.close()
            raise InvalidRequest(
                f"{self.name} changed after it had been checked.", "Call again to use it as it is now."
            )
        return file

    async def read(self) -> bytes:
        """Return the whole file. Raises as `open` does."""
        return await to_thread.run_sync(self._read)

    async def data_uri(self) -> str:
        """Return the whole file as a base64 `data:` URI. Raises as `open` does."""
        return await to_thread.run_sync(self._data_uri)

    def _read(self) -> bytes:
        with self.open() as file:
            return file.read()

    def _data_uri(self) -> str:
        import pybase64  # noqa: PLC0415 - late: few calls need it

        return f"data:{self.mime};base64,{pybase64.b64encode_as_string(self._read())}"


def open_regular(path: Path, label: str) -> BinaryIO:
    """Open a regular file for reading, without following a link or waiting for a FIFO; blocking.

    Raises:
        InvalidRequest: it does not exist, may not be read or is not a regular file. The message calls it `label`.
    """
    try:
        descriptor = os.open(path, _FLAGS)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InvalidRequest(f"{label} does not exist.") from error
    except PermissionError as error:
        raise InvalidRequest(f"{label} cannot be read by this server: permission denied.") from error
    except OSError as error:
        raise InvalidRequest(f"{label} cannot be opened as a regular file.") from error
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise InvalidRequest(f"{label} is {'a folder' if stat.S_ISDIR(mode) else 'not a regular file'}.")
    return os.fdopen(descriptor, "rb")


def version_of(status: os.stat_result) -> Version:
    """Return the version of a file with this status."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
