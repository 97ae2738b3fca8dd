"""A job while this process works on it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import anyio

from mediasmith.jobs.cancellation import CancelRequest
from mediasmith.jobs.job_spec import JobSpec
from mediasmith.plugin.contract import JSON, Pending
from mediasmith.plugin.errors import MediaError, RateLimited
from mediasmith.selection.candidate import Candidate
from mediasmith.storage.artifacts.destination import Destination
from mediasmith.storage.library.records import Artifact, Job, Task


@dataclass(kw_only=True)
class ActiveJob:
    """The record of a job as it grows, and where its files go.

    `errors` has the last error of each prompt, and `ended` that of each backend to which no more requests are sent,
    since they would fail in the same way. `plan_saved`: another process can send what is still queued. Nothing more is
    sent where the process is about to end (`held`) or another one has taken the job over (`taken_over`). `done`: its
    end is recorded. `released`: no code of this process works on it any more.
    """

    job: Job
    spec: JobSpec
    destination: Destination
    tasks: dict[int, Task] = field(default_factory=dict[int, Task])
    artifacts: list[Artifact] = field(default_factory=list[Artifact])
    errors: dict[int, MediaError] = field(default_factory=dict[int, MediaError])
    ended: dict[str, JSON] = field(default_factory=dict[str, JSON])
    cancel: CancelRequest = field(default_factory=CancelRequest)
    done: anyio.Event = field(default_factory=anyio.Event)
    released: anyio.Event = field(default_factory=anyio.Event)
    plan_saved: bool = False
    held: bool = False
    taken_over: bool = False
    progress: float | None = None
    message: str = ""

    @property
    def queued(self) -> list[Task]:
        """The tasks that have not been sent."""
        return [task for task in self.tasks.values() if task.phase == "queued"]

    @property
    def is_sending(self) -> bool:
        """Whether the answer to a request that costs money is due."""
        return any(task.phase == "sending" for task in self.tasks.values())

    @property
    def may_queue(self) -> bool:
        """Whether something is queued, or will be where the request that is out fails unbilled."""
        return any(task.phase in {"queued", "sending"} for task in self.tasks.values())

    def warn(self, text: str) -> None:
        """Add a warning, once."""
        if text not in self.job.warnings:
            self.job = replace(self.job, warnings=(*self.job.warnings, text))

    def withdraw(self, candidate: Candidate) -> None:
        """Take back the warnings of a candidate that failed, unless another request was made with it."""
        made_with = [(one.backend, one.capability, one.model) for one in self.tasks.values() if one.phase != "failed"]
        if (candidate.backend.name, candidate.capability.name, candidate.model.id) not in made_with:
            kept = tuple(text for text in self.job.warnings if text not in candidate.warnings)
            self.job = replace(self.job, warnings=kept)

    def record_attempt(self, candidate: Candidate, outcome: str) -> None:
        """Add what became of a candidate, once."""
        attempt: JSON = {"backend": candidate.backend.name, "model": candidate.model.id, "outcome": outcome}
        if attempt not in self.job.attempts:
            self.job = replace(self.job, attempts=(*self.job.attempts, attempt))

    def report(self, pending: Pending) -> None:
        """Note how far the provider is. Providers send anything; only a number from 0 to 1 counts."""
        progress: object = pending.progress
        if isinstance(progress, int | float) and 0 <= progress <= 1:
            self.progress = float(progress)
        self.message = pending.message

    def report_trouble(self, error: MediaError) -> None:
        """Show why polling fails, and how to fix it, until the provider answers again."""
        self.message = f"{error.message} {way_out(error)}".strip()

    def describe_progress(self) -> str:
        """Return the progress of the running job, in a few words."""
        percent = f"{self.progress:.0%}" if self.progress is not None else ""
        finished = sum(task.phase == "done" for task in self.tasks.values())
        tasks = f"{finished} of {len(self.tasks)} requests done" if len(self.tasks) > 1 else ""
        return ", ".join(text for text in (percent, self.message, tasks) if text) or "working"


def way_out(error: MediaError) -> str:
    """Return how to mend what keeps accepted work from being collected, or "" where asking on is all there is to do.

    The hint of a limit says to call again, which would make, and bill, another.
    """
    return "" if isinstance(error, RateLimited) else error.hint
