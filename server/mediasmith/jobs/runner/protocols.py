"""What jobs need of the processes around them: who owns a job, when to look at it again, and how much runs at once."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Protocol

from mediasmith.jobs.active_job import ActiveJob


class Owners(Protocol):
    """The processes that own jobs, and this one among them.

    Every method raises `MediaError` if their locks, or their records, cannot be read.
    """

    async def own(self) -> str:
        """Return the id of this process, claimed on first use."""
        ...

    async def alive(self, owner: str) -> bool:
        """Return whether the process with this id is alive; "" is no process."""
        ...

    async def responds(self, owner: str) -> bool:
        """Return whether the process with this id is alive at this very moment, which may take a moment to find out."""
        ...

    async def living(self, owners: Collection[str]) -> Collection[str]:
        """Return those of the processes that are alive."""
        ...

    async def release(self) -> None:
        """Give up the id of this process, if it has one: its jobs are for others to continue."""
        ...


class Watch(Protocol):
    """Waits for news of one job."""

    async def wait(self, seconds: float) -> None:
        """Wait until the job may have changed since the last wait, or the watch began; at most this long."""
        ...


class Wakeups(Protocol):
    """Wakes those who wait for jobs of other processes."""

    def watch(self, job_id: str) -> AbstractContextManager[Watch]:
        """Watch a job during this block. Begin before reading its record, so that no change is missed."""
        ...

    def wake(self, job_id: str) -> None:
        """Wake those who watch a job, in every process. Call this when its record has changed."""
        ...

    def announce_work(self) -> None:
        """Wake the processes that look for jobs without a process."""
        ...


class Slots(Protocol):
    """How many requests to each backend are in flight at once."""

    def slot(self, active: ActiveJob, backend: str) -> AbstractAsyncContextManager[None]:
        """Hold one of the backend's slots while this block lasts; a cancel of the job ends the wait for it."""
        ...
