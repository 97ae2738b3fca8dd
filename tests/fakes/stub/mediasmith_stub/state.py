"""What the provider remembers: what it was asked, what it made, and how it shall answer next."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter, defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from mediasmith_stub.accepted import Script, Scripted, Settings
from mediasmith_stub.connection import Request

_POLLS = {"job-1": 2, "slow-1": 1000}


@dataclass(kw_only=True)
class Job:
    """Work under way. It is queued at the first poll, running at the next ones, and done after `polls` of them."""

    id: str
    files: tuple[str, ...]
    polls: int
    polled: int = 0
    cancelled: bool = False

    def poll(self) -> Literal["queued", "running", "done", "cancelled"]:
        """How it stands, asked once more."""
        if self.cancelled:
            return "cancelled"
        self.polled += 1
        if self.polled > self.polls:
            return "done"
        return "queued" if self.polled == 1 else "running"

    @property
    def progress(self) -> float:
        """From 0 to 1."""
        return min(1.0, max(0, self.polled - 1) / max(1, self.polls))


@dataclass(frozen=True, kw_only=True)
class File:
    """A finished file that waits at `/files/ID`."""

    mime: str
    body: bytes


def new_id() -> str:
    """An id that no other run of the provider gives out."""
    return secrets.token_hex(8)


@dataclass(kw_only=True)
class State:
    """Everything from one reset to the next."""

    log: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    counts: Counter[str] = field(default_factory=Counter[str])
    scripts: defaultdict[str, deque[Scripted]] = field(default_factory=lambda: defaultdict[str, deque[Scripted]](deque))
    settings: Settings = field(default_factory=Settings)
    jobs: dict[str, Job] = field(default_factory=dict[str, Job])
    files: dict[str, File] = field(default_factory=dict[str, File])
    pictures: set[str] = field(default_factory=set[str])
    released: asyncio.Event = field(default_factory=asyncio.Event)
    came: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def record(self, route: str, request: Request, body: object) -> dict[str, Any]:
        """Write a request down, wake who waits for it, and return the entry: its status is filled in later."""
        headers = dict(request.headers)
        if scheme := headers.get("authorization", "").partition(" ")[0]:
            headers["authorization"] = f"{scheme} ***"
        entry = {"method": request.method, "path": request.path, "headers": headers, "body": body, "status": None}
        self.log.append(entry)
        self.counts[route] += 1
        async with self.came:
            self.came.notify_all()
        return entry

    async def wait(self, route: str, times: int) -> None:
        """Return once so many of these requests have come."""
        async with self.came:
            await self.came.wait_for(lambda: self.counts[route] >= times)

    def follow(self, script: Script) -> None:
        """Queue a script's answers."""
        for scripted in script.answers:
            self.scripts[f"{script.method} {script.path}"].extend([scripted] * scripted.times)

    def next_scripted(self, route: str) -> Scripted:
        """The next answer for a request; when the script is over, the normal one."""
        waiting = self.scripts[route]
        return waiting.popleft() if waiting else Scripted()

    def release(self) -> None:
        """Let go of every request that hangs now."""
        self.released.set()
        self.released = asyncio.Event()

    def finish(self) -> None:
        """Have every job done at its next poll."""
        for job in self.jobs.values():
            job.polls = 0

    def new_job(self, model: str, files: Mapping[str, File]) -> Job:
        """Take work on: these files, once it is done."""
        polls = {**_POLLS, **self.settings.polls}.get(model, 2)
        job = Job(id=new_id(), files=tuple(files), polls=polls)
        self.jobs[job.id] = job
        self.files.update(files)
        return job
