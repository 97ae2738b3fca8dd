"""The folder of one job's files, from before anything is paid for until every file has its name."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import BinaryIO

from anyio import CancelScope, to_thread

from mediasmith.config.allowed_folders import AllowedFolders
from mediasmith.plugin.errors import InvalidRequest, MediaError, NotAllowed
from mediasmith.storage.artifacts.file_names import check_name, extension_of, new_id, stem_of
from mediasmith.storage.artifacts.folder import Folder, disk_errors, reason
from mediasmith.storage.artifacts.sink import Facts, FileSink, PartialFile
from mediasmith.storage.pasted_paths import unwrap, written_forms

_MAX_PATH = 3_000
"""Bytes in a path: systems take 4,096, and file names must fit as well."""

_MAX_NEW_FOLDERS = 32
"""Folders inside one another that are created for one path."""

MIN_FREE_BYTES = 64_000_000
"""Bytes that must be free on the disk before a request is paid for."""


class Destination:
    """Where one job's files go, opened and checked before anything is paid for.

    A file is known by a token of the caller's until `commit` gives it its name. `stem` is the file name that was asked
    for, without extension, or "" when names are made from the prompt; `extension` is that of a media file as it was
    written, or "". Close the destination when the job is done.
    """

    def __init__(self, directory: Folder, name: str) -> None:
        self.folder = directory.path
        self.stem = stem_of(name)
        self.extension = extension_of(name)
        self._directory = directory
        self._partial: dict[str, list[PartialFile]] = {}  # a token may be reused

    @classmethod
    async def open(cls, roots: AllowedFolders, output: str = "") -> Destination:
        """Check and open the place that `output` names, and create missing folders.

        An empty `output` is the output folder. One that ends in "/" or names a folder is that folder. Anything else is
        a file name, whose extension gives way to the true one. A relative path starts at the working directory where
        that is allowed, else at the output folder. Quotes around it do not count, and a path that is escaped or encoded
        is read where that leads to a folder, or where the name could not be used as it is written.

        Raises:
            NotAllowed: it is outside the allowed folders.
            InvalidRequest: no file can be created there.
            MediaError: less than `MIN_FREE_BYTES` are free.
        """
        return await to_thread.run_sync(_open, roots, output)

    def sink(self, token: str, *, max_bytes: int) -> FileSink:
        """Return a new file to stream into. Nothing is on disk before the first bytes arrive."""
        return FileSink(self._new_file(token, max_bytes), token)

    async def save(self, token: str, data: bytes, *, max_bytes: int) -> Facts:
        """Write a new file in one go. Raises as `FileSink` does."""
        return await to_thread.run_sync(self._new_file(token, max_bytes).finish, data)

    async def commit(self, token: str, name: str) -> tuple[Path, bool]:
        """Give a finished file its name, or the next free one ("-2", "-3") when that is taken.

        Return the absolute path, and whether the name differs from the one asked for. Safe to repeat after a crash.

        Raises:
            FileNotFoundError: there is no uncommitted file with this token.
            MediaError: the disk failed, or the folder is no longer where it was.
        """
        given = await to_thread.run_sync(self._commit, token, name)
        return self.folder / given, given != name

    def open_file(self, token: str) -> BinaryIO:
        """Open an uncommitted file for reading; blocking.

        Raises:
            OSError: there is none, or the disk failed.
        """
        return self._directory.open_file(_partial_name(token))

    async def discard(self, token: str) -> None:
        """Remove an uncommitted file, if there is one."""
        with CancelScope(shield=True):
            await to_thread.run_sync(self._discard, token)

    def has_partial_files(self, prefix: str) -> bool:
        """Return whether this object started a file whose token starts with `prefix` and has not committed it."""
        return any(token.startswith(prefix) for token in self._partial)

    async def sweep(self, prefix: str, keep: Collection[str]) -> None:
        """Remove uncommitted files that a killed server left: tokens that start with `prefix` and are not in `keep`."""
        await to_thread.run_sync(self._sweep, prefix, keep)

    async def close(self) -> None:
        """Close the folder and its unfinished files, which stay on disk until they are swept."""
        with CancelScope(shield=True):
            await to_thread.run_sync(self._close)

    def _new_file(self, token: str, max_bytes: int) -> PartialFile:
        file = PartialFile(self._directory, _partial_name(token), max_bytes=max_bytes)
        self._partial.setdefault(token, []).append(file)
        return file

    def _commit(self, token: str, name: str) -> str:
        stem, extension = os.path.splitext(name)  # noqa: PTH122 - a name, not a path
        names = itertools.chain([name], (f"{stem}-{number}{extension}" for number in itertools.count(2)))
        with disk_errors(self.folder):
            found = self._directory.find(_partial_name(token))
        if not found:
            raise FileNotFoundError(f"There is no uncommitted file {token}.")
        with disk_errors(self.folder):
            free = next(new for new in names if self._directory.rename(_partial_name(token), new))
            self._directory.sync()
        self._forget(token)
        return free

    def _forget(self, token: str) -> None:
        for file in self._partial.pop(token, []):
            file.close()

    def _discard(self, token: str) -> None:
        self._forget(token)
        with disk_errors(self.folder):
            self._directory.remove(_partial_name(token))

    def _sweep(self, prefix: str, keep: Collection[str]) -> None:
        start, kept = f".{prefix}", {_partial_name(token) for token in keep}
        with disk_errors(self.folder):
            for name in self._directory.names():
                if name.startswith(start) and name.endswith(".part") and name not in kept:
                    self._directory.remove(name)

    def _close(self) -> None:
        for token in list(self._partial):
            self._forget(token)
        self._directory.close()


def _partial_name(token: str) -> str:
    return f".{token}.part"


def _open(roots: AllowedFolders, output: str) -> Destination:
    try:
        path, name = _choose_place(roots, output)
        directory = Folder(path, root=_outermost(roots, path))
        try:
            _check_writable(directory)
        except BaseException:
            directory.close()
            raise
    except OSError as error:
        asked = repr(output[:200]) if output else roots.output
        raise InvalidRequest(
            f"output: no file can be created in {asked}: {reason(error)}.",
            "Give another output, or set MEDIASMITH_OUTPUT_DIR.",
        ) from error
    except NotAllowed as error:
        raise NotAllowed(f"output: {error.message}", error.hint) from error
    return Destination(directory, name)


def _choose_place(roots: AllowedFolders, output: str) -> tuple[Path, str]:
    """Return the folder and the file name that `output` means: the first of its forms whose folder is there."""
    plain = unwrap(output)
    forms = [one for one in written_forms(plain) if not one.lower().startswith("file:")] or [plain]
    possible: list[tuple[Path, str]] = []
    failures: list[InvalidRequest] = []
    for form in dict.fromkeys((*forms, output) if output.startswith("@") else forms):
        try:
            possible.append(_locate(roots, form))
        except InvalidRequest as error:
            failures.append(error)
    if not possible:
        raise failures[0]
    return next((place for place in possible if place[0].is_dir()), possible[0])


def _locate(roots: AllowedFolders, output: str) -> tuple[Path, str]:
    """Return the real path of the folder, and the file name that `output` ends in, or "" for a folder."""
    real = roots.confine(output or roots.output)
    if len(os.fsencode(real)) > _MAX_PATH:
        raise InvalidRequest(f"output: the path is too long: at most {_MAX_PATH:,} bytes are accepted.")
    parent, name = os.path.split(output)
    if name in {"", ".", ".."} or real.is_dir():
        folder, name = real, ""
    else:
        check_name(name)
        folder = roots.confine(parent)
    _check_new_folders(roots, folder)
    return folder, name


def _check_new_folders(roots: AllowedFolders, folder: Path) -> None:
    """Check the name of every folder that is about to be created, and how many there are."""
    places = (folder, *folder.parents)
    new = list(itertools.takewhile(lambda place: place not in roots.allowed and not place.exists(), places))
    if len(new) > _MAX_NEW_FOLDERS:
        raise InvalidRequest(
            f"output: it names {len(new):,} folders inside one another that do not exist; at most {_MAX_NEW_FOLDERS} "
            "are created.",
            "Give a shorter path.",
        )
    for place in new:
        check_name(place.name)


def _outermost(roots: AllowedFolders, path: Path) -> Path:
    """Return the outermost allowed folder around `path`, or `path` itself where nothing is confined."""
    around = (root for root in roots.allowed if path.is_relative_to(root))
    return min(around, key=lambda root: len(root.parts), default=path)


def _check_writable(directory: Folder) -> None:
    """Check that a file can be created and that the disk has room."""
    name = _partial_name(new_id())
    os.close(directory.create(name))
    directory.remove(name)
    free = shutil.disk_usage(directory.path).free
    if free < MIN_FREE_BYTES:
        raise MediaError(
            f"Only {free // 1_000_000} MB are free on the disk of {directory.path}; a request needs "
            f"{MIN_FREE_BYTES // 1_000_000} MB.",
            "Free some space, or give an output on another disk.",
        )
