"""A job while a process works on it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import anyio

from mediasmith.plugin.contract import JSON, Pending
from mediasmith.plugin.errors import Cancelled, MediaError
from mediasmith.runtime.timeouts import cut_off
from mediasmith.selection.candidate import Candidate
from mediasmith.storage.artifacts.destination import Destination
from mediasmith.storage.library.records import Artifact, Job, Task


@dataclass(frozen=True, kw_only=True)
class JobSpec:
    """What a job's record says was asked for: `count` files of each of the prompts.

    `parent` is the artifact that an edit continues, `history` the prompts that led to that one.
    """

    prompts: tuple[str, ...]
    count: int
    parent: str = ""
    history: tuple[str, ...] = ()

    def json(self) -> dict[str, JSON]:
        """As it stands in the job's record."""
        return {"prompts": self.prompts, "count": self.count, "parent": self.parent, "history": self.history}

    @classmethod
    def of(cls, job: Job) -> JobSpec:
        """Read from the job's record."""
        record: Any = job.request
        return cls(
            prompts=tuple(record["prompts"]),
            count=record["count"],
            parent=record["parent"],
            history=tuple(record["history"]),
        )


@dataclass(kw_only=True)
class ActiveJob:
    """A job that this process works on: its record as it grows, and where its files go.

    `errors` has the last error of each prompt. `cancelled` says that its caller wanted it stopped, `starting` are the
    requests whose answer is then waited for a little, each with the event that it is over, and `settled`: none is left.
    `waiters` counts the calls that wait for the end. `done`: its end is recorded. `ended`: nobody is at it any more.
    """

    job: Job
    spec: JobSpec
    destination: Destination
    tasks: dict[int, Task] = field(default_factory=dict[int, Task])
    artifacts: list[Artifact] = field(default_factory=list[Artifact])
    errors: dict[int, MediaError] = field(default_factory=dict[int, MediaError])
    settled: anyio.Event = field(default_factory=anyio.Event)
    starting: dict[anyio.CancelScope, anyio.Event] = field(default_factory=dict[anyio.CancelScope, anyio.Event])
    done: anyio.Event = field(default_factory=anyio.Event)
    ended: anyio.Event = field(default_factory=anyio.Event)
    cancelled: bool = False
    waiters: int = 0
    progress: float | None = None
    message: str = ""
    _stoppable: set[anyio.CancelScope] = field(default_factory=set[anyio.CancelScope])

    def cancel(self) -> None:
        """Stop what may be stopped just like that."""
        self.cancelled = True
        for scope in self._stoppable:
            scope.cancel()

    @contextmanager
    def stoppable(self) -> Generator[None]:
        """A block that a cancel ends, and that is not entered after one.

        Raises:
            Cancelled: the job was cancelled.
        """
        if self.cancelled:
            raise Cancelled
        with cut_off() as scope:
            self._stoppable.add(scope)
            try:
                yield
            finally:
                self._stoppable.discard(scope)

    @contextmanager
    def start(self) -> Generator[None]:
        """A block that sends a request for a handle. A cancel lets it come to its end, if that is soon.

        Raises:
            Cancelled: it was not.
        """
        over = anyio.Event()
        with cut_off() as scope:
            self.starting[scope] = over
            try:
                yield
            finally:
                del self.starting[scope]
                over.set()

    def warn(self, text: str) -> None:
        """Add a warning, once."""
        if text not in self.job.warnings:
            self.job = replace(self.job, warnings=(*self.job.warnings, text))

    def attempt(self, candidate: Candidate, outcome: str) -> None:
        """Add what became of a choice, once."""
        attempt: JSON = {"backend": candidate.backend.name, "model": candidate.model.id, "outcome": outcome}
        if attempt not in self.job.attempts:
            self.job = replace(self.job, attempts=(*self.job.attempts, attempt))

    def report(self, pending: Pending) -> None:
        """Take note of how far the provider is. Providers send anything; only a number from 0 to 1 counts."""
        progress: object = pending.progress
        if isinstance(progress, int | float) and 0 <= progress <= 1:
            self.progress = float(progress)
        self.message = pending.message
