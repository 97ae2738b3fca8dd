"""The folder of one job's files, on this machine."""

from __future__ import annotations

import hashlib
import itertools
import os
from pathlib import Path

from anyio import to_thread

from mediasmith.config.allowed_folders import AllowedFolders
from mediasmith.plugin.errors import InvalidRequest, NotAllowed
from mediasmith.storage.artifacts.destination import OnTrouble
from mediasmith.storage.artifacts.file_names import check_name, extension_of, numbered, stem_of
from mediasmith.storage.artifacts.folder import Folder, disk_errors, reason
from mediasmith.storage.artifacts.temporary_files import TemporaryFiles, check_writable
from mediasmith.storage.library.records import Artifact
from mediasmith.storage.pasted_paths import unwrap, written_forms

_MAX_PATH = 3_000
"""Bytes in a path: systems take 4,096, and file names must fit as well."""

_MAX_NEW_FOLDERS = 32
"""Folders inside one another that are created for one path."""


class FolderDestination:
    """A folder of this machine as a `Destination`, opened before anything is paid for."""

    def __init__(self, directory: Folder, name: str) -> None:
        self.folder = directory.path
        self.stem = stem_of(name)
        self.extension = extension_of(name)
        self.temporary = TemporaryFiles(directory)
        self._directory = directory

    @classmethod
    async def open(cls, roots: AllowedFolders, output: str = "") -> FolderDestination:
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

    async def commit(self, artifact: Artifact, *, trouble: OnTrouble) -> tuple[str, bool]:  # noqa: ARG002 - the protocol's
        """Rename the temporary file, as `Destination.commit`."""
        path = Path(artifact.path)
        try:
            given = await to_thread.run_sync(self._commit, artifact.token, path.name)
        except FileNotFoundError:
            if not await to_thread.run_sync(_has_content, path, artifact.sha256):
                raise
            return artifact.path, False
        return str(self.folder / given), given != path.name

    async def close(self) -> None:
        """Close the folder and its unfinished files, which stay on disk until they are swept."""
        await self.temporary.close()

    def _commit(self, token: str, name: str) -> str:
        if self.temporary.path(token) is None:
            raise FileNotFoundError(f"There is no uncommitted file {token}.")
        with disk_errors(self.folder):
            free = next(new for new in numbered(name) if self.temporary.rename(token, new))
            self._directory.sync()
        return free


def _has_content(path: Path, sha256: str) -> bool:
    """Return whether the file at this path is this very one, and not another of its name."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except OSError:
        return False


def _open(roots: AllowedFolders, output: str) -> FolderDestination:
    try:
        path, name = _choose_place(roots, output)
        directory = Folder(path, root=_outermost(roots, path))
        try:
            check_writable(directory)
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
    return FolderDestination(directory, name)


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
