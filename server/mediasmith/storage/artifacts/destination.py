"""Where one job's files go, from before anything is paid for until every file has its name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath
from typing import Protocol

from mediasmith.plugin.errors import MediaError
from mediasmith.storage.artifacts.temporary_files import TemporaryFiles
from mediasmith.storage.library.records import Artifact

OnTrouble = Callable[[MediaError], None]
"""Called with what keeps a file from being saved, while that is tried again."""


class Destination(Protocol):
    """Where one job's files go, checked before anything is paid for. Close it when the job is done.

    Bytes are written to `temporary` files first. `stem` is the file name that was asked for, without extension, or ""
    when names are made from the prompt; `extension` is that of a media file as it was written, or "".
    """

    stem: str
    extension: str

    @property
    def folder(self) -> PurePath:
        """What the paths of its artifacts begin with."""
        ...

    @property
    def temporary(self) -> TemporaryFiles:
        """The files that have no name yet."""
        ...

    async def commit(self, artifact: Artifact, *, trouble: OnTrouble) -> tuple[str, bool]:
        """Give an artifact's temporary file its name, or the next free one ("-2", "-3") when that is taken.

        Return the artifact's path, and whether the name differs from the one asked for. Safe to repeat after a crash:
        a file that has its name already counts as committed.

        Raises:
            FileNotFoundError: there is neither the temporary file nor the committed one.
            MediaError: the disk failed, or the folder is no longer where it was.
        """
        ...

    async def close(self) -> None:
        """Close the temporary files."""
        ...
