"""Continue, in a fleet, what no living process works on: the replicas look for it every few seconds."""

from __future__ import annotations

import logging
import random
from dataclasses import dataclass, field

import anyio

from mediasmith.jobs.runner.pace import Pace
from mediasmith.jobs.runner.protocols import Owners
from mediasmith.jobs.runner.signals import Signals
from mediasmith.jobs.service import JobService
from mediasmith.plugin.errors import MediaError
from mediasmith.runtime.clock import Clock
from mediasmith.runtime.timeouts import wait_for_event
from mediasmith.storage.library.replicas import Replicas

_log = logging.getLogger(__name__)

_MOST = 200
"""Jobs that are taken over in one turn, so that other replicas get some as well."""

_FORGOTTEN_SECONDS = 60.0
"""After so long without a record, a job of this process on which it does not work was forgotten."""


@dataclass(kw_only=True)
class Sweeper:
    """Takes jobs over. A replica that does no jobs looks for those alone that it has forgotten."""

    jobs: JobService
    replicas: Replicas
    owners: Owners
    signals: Signals
    pace: Pace
    clock: Clock
    _work: anyio.Event = field(default_factory=anyio.Event)

    async def run(self) -> None:
        """Take over what is left of other processes, until cancelled."""
        if self.jobs.adopter.works:
            self.signals.subscribe("work", self._heard)
        while True:
            self._work = anyio.Event()
            try:
                await self.sweep()
            except MediaError as error:
                _log.warning("jobs without a process could not be looked for: %s", error.message)
            # At random moments, or all replicas would look at the same one.
            await wait_for_event(self.clock, self.pace.sweep * random.uniform(0.8, 1.2), self._work)  # noqa: S311

    async def sweep(self) -> None:
        """Take over the jobs that no living process works on.

        Raises:
            MediaError: the database cannot be used.
        """
        own, now = await self.owners.own(), self.clock.now()
        forgotten = await self.replicas.own_running(own, before=now - _FORGOTTEN_SECONDS)
        for job in forgotten:
            if self.jobs.active(job.id) is None:
                await self.jobs.resume_forgotten(job)
        if not self.jobs.adopter.works:
            return
        for job in await self.replicas.orphans(within=self.pace.dead, limit=_MOST):
            await self.jobs.adopter.adopt_or_leave(job)

    def _heard(self, _subject: str) -> None:
        self._work.set()
