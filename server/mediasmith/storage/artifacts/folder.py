"""A folder that is checked once and stays open: replacing its path later cannot redirect files."""

from __future__ import annotations

import errno
import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from mediasmith.plugin.errors import MediaError

_HAS_DIR_FD = {os.open, os.mkdir, os.stat, os.link, os.rename, os.unlink} <= os.supports_dir_fd
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
_NEW_FILE = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_OLD_FILE = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_MODE = 0o666  # as any program asks for; the user's umask decides

_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is exceeded",
    errno.EFBIG: "the file is larger than the disk or the process allows",
    errno.EROFS: "the disk is read-only",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.ENOENT: "the folder was removed or replaced",
    errno.ENOTDIR: "part of the path is not a folder",
    errno.EEXIST: "part of the path is not a folder",
    errno.ELOOP: "part of the path is a link",
    errno.ENAMETOOLONG: "the path is too long",
}


def reason(error: OSError) -> str:
    """Return why a disk operation failed, in plain words."""
    code = error.errno or 0
    return _REASONS.get(code) or f"the disk reported {errno.errorcode.get(code, 'an error')}"


@contextmanager
def disk_errors(folder: Path) -> Generator[None]:
    """Raise `MediaError` for an OSError inside the block."""
    try:
        yield
    except OSError as error:
        raise MediaError(
            f"The file could not be written to {folder}: {reason(error)}.",
            "Free some space there, or set MEDIASMITH_OUTPUT_DIR to another folder.",
        ) from error


class Folder:
    """The folder at `path`, a real path inside `root`. Its methods block and raise OSError.

    Opening walks from `root` one folder at a time without following links, and creates missing folders. File names are
    relative to the folder. Where the system cannot open files relative to a folder (Windows), the path is used.
    """

    def __init__(self, path: Path, *, root: Path) -> None:
        self.path = path
        self._root = root
        self._fds: list[int] = []
        self._open()

    def _open(self) -> None:
        self._root.mkdir(parents=True, exist_ok=True)
        if not _HAS_DIR_FD:
            self.path.mkdir(parents=True, exist_ok=True)
            if self.path != Path(os.path.realpath(self.path)):
                raise NotADirectoryError(errno.ENOTDIR, "a link has replaced the folder")
            return
        fd = os.open(self._root, _FOLDER)
        for name in self.path.relative_to(self._root).parts:
            try:
                inner = _open_or_create(name, fd)
            finally:
                os.close(fd)
            fd = inner
        self._fds.append(fd)

    @property
    def _fd(self) -> int | None:
        return self._fds[-1] if self._fds else None

    def _at(self, name: str) -> str:
        return name if self._fds else str(self.path / name)

    def create(self, name: str) -> int:
        """Create a file, replacing a left-over one, and return its descriptor, open for reading and writing."""
        try:
            self.remove(name)
            return os.open(self._at(name), _NEW_FILE, _MODE, dir_fd=self._fd)
        except FileNotFoundError:  # the folder was removed while the provider was working
            self._open()  # the old descriptor stays open: another thread may be using it
            return os.open(self._at(name), _NEW_FILE, _MODE, dir_fd=self._fd)

    def open_file(self, name: str) -> BinaryIO:
        """Open a file for reading."""
        fd = os.open(self._at(name), _OLD_FILE, dir_fd=self._fd)
        return os.fdopen(fd, "rb")

    def remove(self, name: str) -> None:
        """Remove a file if it exists."""
        with suppress(FileNotFoundError):
            os.unlink(self._at(name), dir_fd=self._fd)

    def find(self, name: str) -> os.stat_result | None:
        """Return the status of a file, or None when there is none."""
        try:
            return os.stat(self._at(name), dir_fd=self._fd, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def rename(self, old: str, new: str) -> bool:
        """Rename a file and return True, or return False when the new name is taken. Never overwrites a file."""
        try:
            self._link(old, new)
        except FileExistsError:
            if not self._is_same(old, new):  # else the server was killed between these two steps
                return False
        except OSError:  # not every disk has hard links
            return self._reserve_and_replace(old, new)
        self.remove(old)
        return True

    def _is_same(self, old: str, new: str) -> bool:
        a, b = self.find(old), self.find(new)
        return a is not None and b is not None and os.path.samestat(a, b)

    def _link(self, old: str, new: str) -> None:
        fd = self._fd
        if os.link in os.supports_follow_symlinks:
            os.link(self._at(old), self._at(new), src_dir_fd=fd, dst_dir_fd=fd, follow_symlinks=False)
        else:
            os.link(self._at(old), self._at(new), src_dir_fd=fd, dst_dir_fd=fd)

    def _reserve_and_replace(self, old: str, new: str) -> bool:
        try:
            os.close(os.open(self._at(new), _NEW_FILE, _MODE, dir_fd=self._fd))
        except FileExistsError:
            return False
        try:
            os.replace(self._at(old), self._at(new), src_dir_fd=self._fd, dst_dir_fd=self._fd)
        except BaseException:
            self.remove(new)
            raise
        return True

    def names(self) -> list[str]:
        """Return the names of everything in the folder."""
        return os.listdir(self.path if self._fd is None else self._fd)  # noqa: PTH208 - of a descriptor

    def sync(self) -> None:
        """Make renames survive a power cut.

        Raises:
            FileNotFoundError: the path no longer leads to this folder.
        """
        if self._fd is None:
            return
        try:
            os.fsync(self._fd)
        except OSError as error:
            if error.errno != errno.EINVAL:  # some network disks cannot sync a folder
                raise
        if not os.path.samestat(os.fstat(self._fd), self.path.lstat()):
            raise FileNotFoundError(errno.ENOENT, "another folder has replaced this one")

    def close(self) -> None:
        """Close the folder."""
        while self._fds:
            os.close(self._fds.pop())


def _open_or_create(name: str, parent: int) -> int:
    try:
        return os.open(name, _FOLDER, dir_fd=parent)
    except FileNotFoundError:
        with suppress(FileExistsError):  # another job was faster
            os.mkdir(name, dir_fd=parent)
        return os.open(name, _FOLDER, dir_fd=parent)
