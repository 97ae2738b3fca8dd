"""Slots of a fleet: rows in the database, so that all replicas together keep to the limit of a backend."""

from __future__ import annotations

import logging
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel

from mediasmith.jobs.active_job import ActiveJob
from mediasmith.jobs.runner.pace import Pace
from mediasmith.jobs.runner.protocols import Owners
from mediasmith.jobs.runner.signals import Signals
from mediasmith.plugin.errors import MediaError
from mediasmith.runtime.clock import Clock
from mediasmith.runtime.timeouts import wait_for_event
from mediasmith.storage.library.replicas import Replicas

if TYPE_CHECKING:
    from anyio.abc import TaskGroup

_log = logging.getLogger(__name__)

_LOOK_SECONDS = 1.0
"""Seconds until another try to get a slot, if no signal says that one is free."""


@dataclass(kw_only=True)
class SharedSlots:
    """The slots of every backend: `limit` each for all living processes."""

    limit: int
    replicas: Replicas
    owners: Owners
    signals: Signals
    pace: Pace
    clock: Clock
    task_group: TaskGroup
    _freed: dict[str, anyio.Event] = field(default_factory=dict[str, anyio.Event])
    _turns: dict[str, anyio.Lock] = field(default_factory=dict[str, anyio.Lock])

    def __post_init__(self) -> None:
        self.signals.subscribe("slot", self._heard)

    @asynccontextmanager
    async def slot(self, active: ActiveJob, backend: str) -> AsyncGenerator[None]:
        """Hold one of the backend's slots while this block lasts; a cancel of the job ends the wait for it."""
        number = await self._take(active, backend)
        try:
            yield
        finally:
            # In the background: an answer that was paid for does not wait for the database.
            self.task_group.start_soon(self._free, backend, number)

    async def _take(self, active: ActiveJob, backend: str) -> int:
        """Return the number of a slot. Of the tasks that wait, only the first one asks the database."""
        with active.cancel.stoppable():
            owner = await self.owners.own()
            async with self._turns.setdefault(backend, anyio.Lock()):
                while True:
                    freed = self._freed.setdefault(backend, anyio.Event())
                    number = await self._try(backend, owner)
                    if number is not None:
                        return number
                    await wait_for_event(self.clock, _LOOK_SECONDS, freed)

    async def _try(self, backend: str, owner: str) -> int | None:
        """Return the number of a slot, if one is free. What is taken and cannot be used is given back."""
        number, taken = secrets.randbits(62), False
        try:
            with anyio.CancelScope(shield=True):
                taken = await self.replicas.take_slot(number, backend, owner, self.limit, self.pace.dead)
            await anyio.lowlevel.checkpoint_if_cancelled()
        except BaseException:  # where the database did not answer, it may have been taken
            self.task_group.start_soon(self._free, backend, number)
            raise
        return number if taken else None

    async def _free(self, backend: str, number: int) -> None:
        while True:
            try:
                await self.replicas.free_slot(number)
            except MediaError as error:
                _log.warning("a slot of %s could not be given back yet: %s", backend, error.message)
                await self.clock.sleep(self.pace.beat)
            else:
                await self.signals.deliver("slot", backend)
                return

    def _heard(self, backend: str) -> None:
        for name in [backend] if backend else list(self._freed):
            if event := self._freed.pop(name, None):
                event.set()
