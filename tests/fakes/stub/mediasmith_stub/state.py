"""What the provider remembers of what it made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from loopback.state import Polled, State, new_id
from mediasmith_stub.accepted import Settings

_POLLS = {"job-1": 2, "slow-1": 1000}


@dataclass(kw_only=True)
class Job(Polled):
    """A picture that is made later: which files it will have."""

    id: str
    files: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class File:
    """A finished file that waits at `/files/ID`."""

    mime: str
    body: bytes


@dataclass(kw_only=True)
class StubState(State):
    """Everything from one reset to the next."""

    settings: Settings = field(default_factory=Settings)
    jobs: dict[str, Job] = field(default_factory=dict[str, Job])
    files: dict[str, File] = field(default_factory=dict[str, File])
    pictures: set[str] = field(default_factory=set[str])

    def new_job(self, model: str, files: Mapping[str, File]) -> Job:
        """Take work on: these files, once it is done."""
        polls = {**_POLLS, **self.settings.polls}.get(model, 2)
        job = Job(id=new_id(), files=tuple(files), polls=polls)
        self.jobs[job.id] = job
        self.under_way.append(job)
        self.files.update(files)
        return job
