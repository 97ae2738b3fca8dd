"""Keep a small picture of each file that was looked at: of an image or a video, or the waveform of a sound."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path

from anyio import to_thread

from mediasmith.storage.artifacts.artifact_store import Artifacts
from mediasmith.storage.library.records import Artifact

_TYPES = {"jpg": "image/jpeg", "webp": "image/webp", "svg": "image/svg+xml"}
_EXTENSIONS = {mime: extension for extension, mime in _TYPES.items()}


class Thumbnails:
    """The pictures in `folder`, which only this user can read. A file never changes, so neither does its picture."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def get(self, artifact: Artifact, files: Artifacts) -> tuple[Path, str] | None:
        """Return a file's picture and its MIME type; None if there is none."""
        if found := await to_thread.run_sync(self._find, artifact.id):
            return found
        made = await files.thumbnail(artifact)
        return await to_thread.run_sync(self._save, artifact.id, made.data, made.mime) if made else None

    async def delete(self, artifact_id: str) -> None:
        """Delete a file's picture, if there is one."""
        await to_thread.run_sync(self._delete, [artifact_id])

    async def prune(self, existing: Callable[[Sequence[str]], Awaitable[set[str]]]) -> None:
        """Delete the pictures of files that are not among the `existing` ones any more."""
        kept = await to_thread.run_sync(self._ids)
        await to_thread.run_sync(self._delete, sorted({*kept} - await existing(kept)))

    def _find(self, artifact_id: str) -> tuple[Path, str] | None:
        for extension, mime in _TYPES.items():
            path = self._folder / f"{artifact_id}.{extension}"
            if path.exists():
                return path, mime
        return None

    def _save(self, artifact_id: str, data: bytes, mime: str) -> tuple[Path, str]:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._folder / f"{artifact_id}.{_EXTENSIONS[mime]}"
        new = path.with_suffix(f".{secrets.token_hex(4)}")  # another request may be making the same one
        new.write_bytes(data)
        new.replace(path)
        return path, mime

    def _ids(self) -> list[str]:
        with suppress(FileNotFoundError):
            return sorted({path.stem for path in self._folder.iterdir()})
        return []

    def _delete(self, ids: Sequence[str]) -> None:
        for path in (self._folder / f"{one}.{extension}" for one in ids for extension in _TYPES):
            path.unlink(missing_ok=True)
