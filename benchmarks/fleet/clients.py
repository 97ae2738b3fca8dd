"""Replicas that are killed and frozen while clients call them.

Whoever gets no answer repeats the call at another replica, as an impatient person does.
"""

from __future__ import annotations

import math
import random
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import anyio
from anyio.abc import TaskGroup
from fleet.replica import Answer, Replica

from mediasmith.storage.library.postgres import PostgresDatabase

_PATIENCE = 25.0
"""Seconds after which a client repeats its call elsewhere."""

_KINDS = ("stub_now", "stub_job", "stub_job", "stub_slow")
"""The backends that are asked, one as often as it is here: at once, later, and much later."""


@dataclass(kw_only=True)
class Call:
    """A call of a client: what it asked for, how often it had to ask, and the answer."""

    number: int
    backend: str
    asked: int = 0
    answer: Answer | None = None
    answered: anyio.Event = field(default_factory=anyio.Event)

    @property
    def prompt(self) -> str:
        """What this call alone asks for."""
        return f"picture {self.number}"


@dataclass(kw_only=True)
class Fleet:
    """Replicas, and the clients that call them."""

    start: Callable[[], Awaitable[Replica]]
    task_group: TaskGroup
    kinds: Sequence[str] = _KINDS
    replicas: list[Replica] = field(default_factory=list[Replica])
    calls: dict[int, Call] = field(default_factory=dict[int, Call])
    stopping: bool = False

    async def add(self) -> None:
        """Start one replica more."""
        replica = await self.start()
        self.replicas.append(replica)
        self.task_group.start_soon(self._listen, replica)

    async def _listen(self, replica: Replica) -> None:
        while True:
            try:
                answer = await replica.receive()
            except (EOFError, OSError):
                break
            self._settle(answer)
            replica.waiting.discard(answer.call)
        if replica in self.replicas:
            self.replicas.remove(replica)
        for number in replica.waiting:  # their connections are gone
            self.calls[number].answered.set()

    def _settle(self, answer: Answer) -> None:
        call = self.calls[answer.call]
        call.answer = answer
        call.answered.set()

    async def client(self, most: float = math.inf) -> None:
        """Make one call after the other, until all clients together have made so many."""
        while not self.stopping and len(self.calls) < most:
            call = Call(number=len(self.calls), backend=random.choice(self.kinds))
            self.calls[call.number] = call
            await self._ask(call)
            await anyio.sleep(random.uniform(0, 0.1))

    async def _ask(self, call: Call) -> None:
        arguments = {"prompt": call.prompt, "backend": call.backend}
        while call.answer is None:
            call.answered = anyio.Event()
            try:
                random.choice(self.replicas).call(call.number, arguments, wait=_PATIENCE / 2)
            except (OSError, IndexError):
                await anyio.sleep(0.1)
                continue
            call.asked += 1
            with anyio.move_on_after(_PATIENCE):
                await call.answered.wait()

    async def kill(self, database: PostgresDatabase, recoveries: list[float]) -> None:
        """Kill a replica, start another, and measure how long its jobs have no owner."""
        replica = random.choice(self.replicas)
        await replica.kill()
        self.task_group.start_soon(self._recovery, replica.owner, time.monotonic(), database, recoveries)
        await self.add()

    async def _recovery(self, owner: str, killed: float, database: PostgresDatabase, recoveries: list[float]) -> None:
        had_any = False
        while await running_jobs_of(database, owner):
            had_any = True
            await anyio.sleep(0.05)
        if had_any:
            recoveries.append(time.monotonic() - killed)

    async def freeze(self, seconds: float) -> None:
        """Stop a replica for a while; by then, others have taken its jobs over."""
        replica = random.choice(self.replicas)
        replica.signal(signal.SIGSTOP)
        await anyio.sleep(seconds)
        replica.signal(signal.SIGCONT)


async def running_jobs_of(database: PostgresDatabase, owner: str) -> int:
    """Return how many jobs a process has left."""
    sql = "SELECT id FROM job WHERE state = 'running' AND owner = :owner"
    return len(await database.read(dict, sql, owner=owner))
