"""What a fake remembers from one reset to the next: what it was asked, and how it shall answer next."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from typing import Any, Literal

from loopback.connection import Request
from loopback.script import Script, Scripted

_SECRET = ("authorization", "x-api-key", "xi-api-key", "x-goog-api-key")


@dataclass(kw_only=True)
class Polled:
    """Work under way. It is queued at the first poll, running at the next ones, and done after `polls` of them."""

    polls: int
    polled: int = 0
    cancelled: bool = False

    def poll(self) -> Literal["queued", "running", "done", "cancelled"]:
        """How it stands, asked once more."""
        if self.cancelled:
            return "cancelled"
        self.polled += 1
        if self.done:
            return "done"
        return "queued" if self.polled == 1 else "running"

    @property
    def done(self) -> bool:
        """Whether it was finished at the last poll."""
        return not self.cancelled and self.polled > self.polls

    @property
    def progress(self) -> float:
        """From 0 to 1."""
        return min(1.0, max(0, self.polled - 1) / max(1, self.polls))


def new_id() -> str:
    """An id that no other run of a fake gives out."""
    return secrets.token_hex(8)


@dataclass(kw_only=True)
class State:
    """What every fake remembers. `under_way` is the work that `finish` finishes."""

    log: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    counts: Counter[str] = field(default_factory=Counter[str])
    scripts: defaultdict[str, deque[Scripted]] = field(default_factory=lambda: defaultdict[str, deque[Scripted]](deque))
    settings: Any = None
    under_way: list[Polled] = field(default_factory=list[Polled])
    released: asyncio.Event = field(default_factory=asyncio.Event)
    came: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def record(self, route: str, request: Request, body: object) -> dict[str, Any]:
        """Write a request down, wake who waits for it, and return the entry: its status is filled in later."""
        headers = {name: _masked(value) if name in _SECRET else value for name, value in request.headers.items()}
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
        """Have all work done at its next poll."""
        for work in self.under_way:
            work.polls = 0

    def expire(self, _name: str) -> bool:
        """Forget what the provider keeps under this id; False when there is no such thing."""
        return False


def _masked(value: str) -> str:
    scheme, space, _ = value.partition(" ")
    return f"{scheme} ***" if space else "***"
