"""Wake-ups without a signal between processes: those who wait look at the library again after a second."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from mediasmith.runtime.clock import Clock

_LOOK_SECONDS = 1.0
"""Seconds between two looks at a job that another process works on."""


@dataclass(frozen=True, kw_only=True)
class PolledWakeups:
    """Wake-ups by the clock, the same for every job."""

    clock: Clock

    @contextmanager
    def watch(self, job_id: str) -> Generator[PolledWakeups]:  # noqa: ARG002 - the same for every job
        """Watch a job during this block."""
        yield self

    async def wait(self, seconds: float) -> None:
        """Wait until it is time for another look; at most this long."""
        await self.clock.sleep(min(_LOOK_SECONDS, seconds))

    def wake(self, job_id: str) -> None:
        """Do nothing: other processes look by themselves."""

    def announce_work(self) -> None:
        """Do nothing: other processes look at their first call."""
