"""What a store of artifacts does: it takes the files that jobs make, and reads them again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Protocol

from mediasmith.config.allowed_folders import AllowedFolders
from mediasmith.storage.artifacts.destination import Destination
from mediasmith.storage.library.records import Artifact, Job
from mediasmith.storage.previews import Preview


class Artifacts(Protocol):
    """The files of artifacts. A file never changes once it is saved.

    Methods that read a file raise OSError when it is gone, and `MediaError` when the store cannot be reached.
    """

    async def open(self, folders: AllowedFolders, output: str, *, job_id: str, principal: str) -> Destination:
        """Return where the files of a new job go.

        Raises:
            MediaError: no file can be saved at `output`.
        """
        ...

    async def reopen(self, folders: AllowedFolders, job: Job) -> Destination:
        """Return where the files of a recorded job go.

        Raises:
            MediaError: no file can be saved there any more.
        """
        ...

    def path(self, artifact: Artifact) -> Path | None:
        """Return the file's path, if it is on a disk of this machine."""
        ...

    def describe_place(self, artifact: Artifact) -> str:
        """Return where the file is, as messages say it: "at /folder/fox.png"."""
        ...

    async def local(self, artifact: Artifact, scratch: Path) -> Path:
        """Return the path of the file, or of a copy in the folder `scratch`, which is created when it is needed."""
        ...

    async def read(self, artifact: Artifact) -> bytes:
        """Return the whole file."""
        ...

    def stream(self, artifact: Artifact, start: int, end: int) -> AsyncIterator[bytes]:
        """Yield the bytes from `start` up to, not including, `end`."""
        ...

    async def size(self, artifact: Artifact) -> int | None:
        """Return the bytes of the file, or None when it is gone."""
        ...

    async def delete(self, artifact: Artifact) -> bool:
        """Delete the file; return False if another one is there now. A file that is gone counts as deleted.

        Raises:
            MediaError: it cannot be deleted.
        """
        ...

    async def previews(self, artifacts: Sequence[Artifact]) -> list[Preview]:
        """Return small pictures of images and videos, as `storage.previews` does. What cannot be read has none."""
        ...

    async def thumbnail(self, artifact: Artifact) -> Preview | None:
        """Return a small picture of an image or a video or the waveform of a sound, if there is one."""
        ...

    async def presigned(self, artifact: Artifact, *, seconds: int) -> str:
        """Return a link to the file that the store itself answers, or "" where there is no such thing."""
        ...
