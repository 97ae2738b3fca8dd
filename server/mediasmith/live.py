"""A job while a process works on it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import anyio

from mediasmith.artifacts import Destination
from mediasmith.contract import JSON, Pending
from mediasmith.errors import MediaError
from mediasmith.library import Artifact, Job, Part
from mediasmith.selector import Choice


@dataclass(frozen=True, kw_only=True)
class Errand:
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
    def of(cls, job: Job) -> Errand:
        """Read from the job's record."""
        record: Any = job.request
        return cls(
            prompts=tuple(record["prompts"]),
            count=record["count"],
            parent=record["parent"],
            history=tuple(record["history"]),
        )


@dataclass(kw_only=True)
class Live:
    """A job that this process works on: its record as it grows, and where its files go.

    `errors` has the last error of each prompt. `cancelled` says that its caller wanted it stopped. `waiters` counts
    the calls that wait for the end. `done`: its end is recorded. `ended`: no task works on it any more.
    """

    job: Job
    errand: Errand
    destination: Destination
    parts: dict[int, Part] = field(default_factory=dict[int, Part])
    artifacts: list[Artifact] = field(default_factory=list[Artifact])
    errors: dict[int, MediaError] = field(default_factory=dict[int, MediaError])
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    done: anyio.Event = field(default_factory=anyio.Event)
    ended: anyio.Event = field(default_factory=anyio.Event)
    cancelled: bool = False
    waiters: int = 0
    progress: float | None = None
    message: str = ""

    def warn(self, text: str) -> None:
        """Add a warning, once."""
        if text not in self.job.warnings:
            self.job = replace(self.job, warnings=(*self.job.warnings, text))

    def attempt(self, choice: Choice, outcome: str) -> None:
        """Add what became of a choice, once."""
        attempt: JSON = {"backend": choice.backend.name, "model": choice.model.id, "outcome": outcome}
        if attempt not in self.job.attempts:
            self.job = replace(self.job, attempts=(*self.job.attempts, attempt))

    def report(self, pending: Pending) -> None:
        """Take note of how far the provider is. Providers send anything; only a number from 0 to 1 counts."""
        progress: object = pending.progress
        if isinstance(progress, int | float) and 0 <= progress <= 1:
            self.progress = float(progress)
        self.message = pending.message
