"""Which process a job belongs to: each process holds an OS lock on a file of its own, and the lock dies with it.

There are no clocks or leases: a process that is stopped, slow or asleep still holds its lock, and one that was
killed holds it no longer. What is not a coroutine here waits for the disk, so call it in a worker thread.
"""

from __future__ import annotations

import re
import secrets
from base64 import b32encode
from collections.abc import Collection, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread

from mediasmith.plugin.errors import MediaError

if TYPE_CHECKING:
    from filelock import BaseFileLock

_ID = re.compile(r"[a-z2-7]{26}")
_PATIENCE = 60.0

_held: dict[str, BaseFileLock] = {}
"""The locks of this process by owner id. A lock that nothing refers to would be given up."""


@dataclass(frozen=True, kw_only=True)
class Owner:
    """This process, as the owner of jobs: `id` is 26 random lower-case base32 characters."""

    id: str
    folder: Path

    @classmethod
    def claim(cls, folder: Path) -> Owner:
        """Hold a new lock in `folder`, which is made if need be, until `release` or the end of the process.

        Raises `MediaError` when the folder cannot be used.
        """
        owner = cls(id=b32encode(secrets.token_bytes(16)).decode().rstrip("=").lower(), folder=folder)
        with _alone_in(folder):
            lock = _lock(_file(folder, owner.id))
            lock.acquire()
            _held[owner.id] = lock
        return owner

    def release(self) -> None:
        """Give the lock up and remove its file. Doing it again changes nothing."""
        lock = _held.pop(self.id, None)
        if lock is not None:
            with _alone_in(self.folder):
                lock.release()
                _file(self.folder, self.id).unlink(missing_ok=True)


def alive(folder: Path, owner: str) -> bool:
    """Whether the process that claimed this owner id in `folder` still holds it; a dead one's file is removed.

    Any string may be asked for. Raises `MediaError` when the folder cannot be used.
    """
    if owner in _held:
        return True
    if not _ID.fullmatch(owner) or not _file(folder, owner).exists():
        return False
    with _alone_in(folder):
        return not _buried(_file(folder, owner))


@dataclass(kw_only=True)
class LockOwners:
    """The processes of this machine that own jobs. `folder` holds their locks."""

    folder: Path
    _own: Owner | None = None
    _claiming: anyio.Lock = field(default_factory=anyio.Lock)

    async def own(self) -> str:
        """Return the id of this process, claimed on first use."""
        async with self._claiming:
            if self._own is None:
                self._own = await to_thread.run_sync(Owner.claim, self.folder)
        return self._own.id

    async def alive(self, owner: str) -> bool:
        """Return whether the process with this id is alive; "" is no process."""
        return bool(owner) and await to_thread.run_sync(alive, self.folder, owner)

    async def responds(self, owner: str) -> bool:
        """Do as `alive`: a lock dies with its process."""
        return await self.alive(owner)

    async def living(self, owners: Collection[str]) -> Collection[str]:
        """Return those of the processes that are alive."""
        return await to_thread.run_sync(lambda: [owner for owner in owners if alive(self.folder, owner)])

    async def release(self) -> None:
        """Give up the id of this process, if it has one."""
        if self._own is not None:
            await to_thread.run_sync(self._own.release)


def _buried(file: Path) -> bool:
    from filelock import Timeout  # noqa: PLC0415  heavy: loads asyncio's locks as well

    lock = _lock(file)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return False
    lock.release()
    file.unlink(missing_ok=True)
    return True


@contextmanager
def _alone_in(folder: Path) -> Generator[None]:
    """Keep every other process out of the folder's files for a moment.

    An owner's file is made and locked, tried, or removed only under this one lock. So no process tries a file that is
    made but not locked yet, two that try a dead one do not take each other for its owner, and a file is never
    removed under a process that has just opened it. The lock's own file stays for ever.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _lock(folder / "owners.lock"):
            yield
    except OSError as error:
        raise MediaError(
            f"The folder {folder} cannot be used: {error.strerror or 'it stayed locked'}.",
            "Set MEDIASMITH_DATA_DIR to a folder that can be written to, and restart the server.",
        ) from error


def _file(folder: Path, owner: str) -> Path:
    return folder / f"{owner}.lock"


def _lock(file: Path) -> BaseFileLock:
    from filelock import FileLock  # noqa: PLC0415  heavy: loads asyncio's locks as well

    # A lock is claimed in one worker thread and given up in another.
    return FileLock(file, timeout=_PATIENCE, mode=0o600, thread_local=False, poll_interval=0.01)
