"""Wake-ups of a fleet: those who wait for a job get a signal when its record has changed."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

import anyio

from mediasmith.jobs.runner.signals import Signals
from mediasmith.runtime.clock import Clock
from mediasmith.runtime.timeouts import wait_for_event

_LOOK_SECONDS = 5.0
"""Seconds until another look at a job of which nothing is heard: signals may be lost."""


@dataclass(eq=False, kw_only=True)
class NotifiedWatch:
    """Waits for signals about one job."""

    clock: Clock
    _news: anyio.Event = field(default_factory=anyio.Event)

    async def wait(self, seconds: float) -> None:
        """Wait until the job may have changed since the last wait, or the watch began; at most this long."""
        await wait_for_event(self.clock, min(_LOOK_SECONDS, seconds), self._news)
        self._news = anyio.Event()

    def wake(self) -> None:
        """End the wait, or the next one."""
        self._news.set()


class NotifiedWakeups:
    """Wake-ups by signals."""

    def __init__(self, signals: Signals, clock: Clock) -> None:
        self._signals = signals
        self._clock = clock
        self._watches: dict[str, set[NotifiedWatch]] = {}
        signals.subscribe("job", self._heard)

    @contextmanager
    def watch(self, job_id: str) -> Generator[NotifiedWatch]:
        """Watch a job during this block."""
        watch = NotifiedWatch(clock=self._clock)
        self._watches.setdefault(job_id, set()).add(watch)
        try:
            yield watch
        finally:
            self._watches[job_id].discard(watch)
            if not self._watches[job_id]:
                del self._watches[job_id]

    def wake(self, job_id: str) -> None:
        """Wake those who watch a job, in every process."""
        self._signals.send("job", job_id)

    def announce_work(self) -> None:
        """Wake the replicas that look for jobs without a process."""
        self._signals.send("work", "")

    def _heard(self, job_id: str) -> None:
        watched = [job_id] if job_id else list(self._watches)
        for watch in [watch for one in watched for watch in self._watches.get(one, ())]:
            watch.wake()
