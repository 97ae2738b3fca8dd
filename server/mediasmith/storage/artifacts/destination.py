"""The place of one job's files, from before anything is paid until every file has its name."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Collection
from pathlib import Path

from anyio import CancelScope, to_thread

from mediasmith.config.allowed_folders import AllowedFolders
from mediasmith.plugin.errors import InvalidRequest, MediaError, NotAllowed
from mediasmith.storage.artifacts.file_names import check_name, new_id, stem_of
from mediasmith.storage.artifacts.folder import Folder, disk_errors, reason
from mediasmith.storage.artifacts.sink import Facts, FileSink, PartialFile

ROOM = 64_000_000
"""Bytes that must be free on the disk before a request is paid for."""

_SEPARATORS = ("/", os.sep)


class Destination:
    """Where one job's files go, opened and checked before anything is paid.

    A file goes by a token of the caller's until `settle` gives it its name. `stem` is the name that was asked for,
    without extension, or "" when names are made from the prompt. Close it when the job is done.
    """

    def __init__(self, place: Folder, stem: str) -> None:
        self.folder = place.path
        self.stem = stem
        self._place = place
        self._parts: dict[str, list[PartialFile]] = {}  # a token may be used anew

    @classmethod
    async def open(cls, roots: AllowedFolders, output: str = "") -> Destination:
        """Check and open the place that `output` names, making folders that are missing.

        Nothing: the output folder. A path that ends in "/" or is a folder: that folder. Else a file name, whose
        extension will give way to the true one. A relative path starts at the working directory where that is
        allowed, else at the output folder.

        Raises `NotAllowed` outside the allowed folders, `InvalidRequest` when nothing can be written there, and
        `MediaError` when the disk has less than `ROOM`.
        """
        return await to_thread.run_sync(_open, roots, output)

    def sink(self, token: str, *, max_bytes: int) -> FileSink:
        """A new file to stream into; nothing is on the disk before bytes have come."""
        return FileSink(self._part(token, max_bytes), token)

    async def save(self, token: str, data: bytes, *, max_bytes: int) -> Facts:
        """Write a new file that is here as a whole. Raises as `FileSink` does."""
        return await to_thread.run_sync(self._part(token, max_bytes).finish, data)

    async def settle(self, token: str, name: str) -> tuple[Path, bool]:
        """Give a finished file its name, or when that is taken the next free one ("-2", "-3").

        Answers with the absolute path, and whether another name than asked for was given. It may be repeated after a
        crash. Raises FileNotFoundError when there is no file of this token (any more), and `MediaError` when the
        disk refuses or the folder is no longer where it was.
        """
        settled = await to_thread.run_sync(self._settle, token, name)
        return self.folder / settled, settled != name

    async def discard(self, token: str) -> None:
        """Remove a file that has no name yet, if there is one."""
        with CancelScope(shield=True):
            await to_thread.run_sync(self._discard, token)

    def has_begun(self, prefix: str) -> bool:
        """Whether a file whose token starts with `prefix` was begun here and has no name yet."""
        return any(token.startswith(prefix) for token in self._parts)

    async def sweep(self, prefix: str, keep: Collection[str]) -> None:
        """Remove what a killed server left: nameless files whose token starts with `prefix` and is not in `keep`."""
        await to_thread.run_sync(self._sweep, prefix, keep)

    async def close(self) -> None:
        """Let go of the folder, and of unfinished files, which stay until they are swept."""
        with CancelScope(shield=True):
            await to_thread.run_sync(self._close)

    def _part(self, token: str, max_bytes: int) -> PartialFile:
        part = PartialFile(self._place, _part_name(token), max_bytes=max_bytes)
        self._parts.setdefault(token, []).append(part)
        return part

    def _settle(self, token: str, name: str) -> str:
        stem, extension = os.path.splitext(name)  # noqa: PTH122 - a name, not a path
        names = itertools.chain([name], (f"{stem}-{number}{extension}" for number in itertools.count(2)))
        with disk_errors(self.folder):
            found = self._place.find(_part_name(token))
        if not found:
            raise FileNotFoundError(f"There is no unsettled file {token}.")
        with disk_errors(self.folder):
            free = next(new for new in names if self._place.rename(_part_name(token), new))
            self._place.sync()
        self._forget(token)
        return free

    def _forget(self, token: str) -> None:
        for part in self._parts.pop(token, []):
            part.close()

    def _discard(self, token: str) -> None:
        self._forget(token)
        with disk_errors(self.folder):
            self._place.remove(_part_name(token))

    def _sweep(self, prefix: str, keep: Collection[str]) -> None:
        start, kept = f".{prefix}", {_part_name(token) for token in keep}
        with disk_errors(self.folder):
            for name in self._place.names():
                if name.startswith(start) and name.endswith(".part") and name not in kept:
                    self._place.remove(name)

    def _close(self) -> None:
        for token in list(self._parts):
            self._forget(token)
        self._place.close()


def _part_name(token: str) -> str:
    return f".{token}.part"


def _open(roots: AllowedFolders, output: str) -> Destination:
    try:
        path, stem = _locate(roots, output)
        _check_missing(roots, path)
        place = Folder(path, root=_outermost(roots, path))
        try:
            _try(place)
        except BaseException:
            place.close()
            raise
    except OSError as error:
        asked = repr(output[:200]) if output else roots.output
        raise InvalidRequest(
            f"output: no file can be made in {asked}: {reason(error)}.",
            "Give another output, or set MEDIASMITH_OUTPUT_DIR.",
        ) from error
    except NotAllowed as error:
        raise NotAllowed(f"output: {error.message}", error.hint) from error
    return Destination(place, stem)


def _locate(roots: AllowedFolders, output: str) -> tuple[Path, str]:
    """The folder that `output` means, as a real path, and the stem of the file name in it, if it has one."""
    real = roots.confine(output or roots.output)
    parent, name = os.path.split(output)
    if name in {"", ".", ".."} or real.is_dir():
        return real, ""
    check_name(name)
    return roots.confine(parent), stem_of(name)


def _check_missing(roots: AllowedFolders, folder: Path) -> None:
    for place in (folder, *folder.parents):
        if place in roots.allowed or place.exists():
            return
        check_name(place.name)


def _outermost(roots: AllowedFolders, path: Path) -> Path:
    """The folder that `path` is reached from; where nothing is confined, it may be outside all of them."""
    around = (root for root in roots.allowed if path.is_relative_to(root))
    return min(around, key=lambda root: len(root.parts), default=path)


def _try(place: Folder) -> None:
    """See to it that a file can be made, and that the disk has room."""
    name = _part_name(new_id())
    os.close(place.create(name))
    place.remove(name)
    free = shutil.disk_usage(place.path).free
    if free < ROOM:
        raise MediaError(
            f"Only {free // 1_000_000} MB are free for {place.path}, and {ROOM // 1_000_000} MB are needed to begin.",
            "Free some space, or give an output on another disk.",
        )
