"""Owners of a fleet: each process has a row in the database, which it renews every few seconds.

A process that is frozen or overloaded may be taken for dead and come back. Writes are fenced for that: it starts no
more of a job that another process has taken over, but what it still learns of paid work is recorded.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio

from mediasmith.jobs.runner.pace import Pace
from mediasmith.jobs.runner.signals import Signals
from mediasmith.plugin.errors import MediaError
from mediasmith.runtime.clock import Clock
from mediasmith.storage.artifacts.file_names import new_id
from mediasmith.storage.library.replicas import Replicas

if TYPE_CHECKING:
    from anyio.abc import TaskGroup

_log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.1
"""Seconds between two looks at a beat that was asked for."""


@dataclass(kw_only=True)
class HeartbeatOwners:
    """The processes of a fleet that own jobs. The first use of this one's id starts its heart."""

    replicas: Replicas
    signals: Signals
    pace: Pace
    clock: Clock
    task_group: TaskGroup
    _id: str = field(default_factory=new_id)
    _beating: bool = False
    _last_beat: float = -1.0
    _claiming: anyio.Lock = field(default_factory=anyio.Lock)

    async def own(self) -> str:
        """Return the id of this process, claimed on first use."""
        async with self._claiming:
            if not self._beating:
                await self._beat()
                self._beating = True
                self.signals.subscribe("alive", self._respond)
                self.task_group.start_soon(self._keep_beating)
        return self._id

    async def alive(self, owner: str) -> bool:
        """Return whether the process with this id has shown signs of life; "" is no process."""
        return bool(owner) and owner in await self.living([owner])

    async def responds(self, owner: str) -> bool:
        """Return whether the process with this id answers a signal; a frozen one does not."""
        if owner == self._id:
            return True
        age = await self.replicas.beat_age(owner)
        if age is None or age > self.pace.dead:
            return False
        asked = self.clock.now()
        self.signals.send("alive", owner)
        while (waited := self.clock.now() - asked) < self.pace.respond:
            await self.clock.sleep(_LOOK_SECONDS)
            age = await self.replicas.beat_age(owner)
            if age is None:
                return False
            if age < waited:
                return True
        return False

    async def living(self, owners: Collection[str]) -> Collection[str]:
        """Return those of the processes that have shown signs of life."""
        return {*owners} & await self.replicas.living(self.pace.dead)

    async def release(self) -> None:
        """Give up the id of this process, and let others know that its jobs are theirs."""
        if self._beating:
            self._beating = False
            await self.replicas.leave(self._id)
            await self.signals.deliver("work", "")

    def seconds_since_beat(self) -> float:
        """Return for how long this process has not been able to show that it is alive; 0 before it had to."""
        return self.clock.now() - self._last_beat if self._beating else 0.0

    async def _beat(self) -> None:
        await self.replicas.beat(self._id)
        self._last_beat = self.clock.now()

    async def _keep_beating(self) -> None:
        while self._beating:
            await self.clock.sleep(self.pace.beat)
            await self._try_to_beat()

    async def _try_to_beat(self) -> None:
        try:
            await self._beat()
        except MediaError as error:
            _log.warning("this process could not show that it is alive: %s", error.message)

    def _respond(self, owner: str) -> None:
        if owner == self._id and self._beating:
            self.task_group.start_soon(self._try_to_beat)
