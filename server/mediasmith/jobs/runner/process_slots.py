"""Slots of this process alone."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from anyio import CapacityLimiter

from mediasmith.jobs.active_job import ActiveJob


@dataclass(frozen=True, kw_only=True)
class ProcessSlots:
    """The slots of every backend in this process: `limit` each."""

    limit: int
    _limiters: dict[str, CapacityLimiter] = field(default_factory=dict[str, CapacityLimiter])

    @asynccontextmanager
    async def slot(self, active: ActiveJob, backend: str) -> AsyncGenerator[None]:
        """Hold one of the backend's slots while this block lasts; a cancel of the job ends the wait for it."""
        limiter = self._limiters.setdefault(backend, CapacityLimiter(self.limit))
        # A slot belongs to the job's task, not to the asyncio task that happens to run it.
        borrower = object()
        with active.cancel.stoppable():
            await limiter.acquire_on_behalf_of(borrower)
        try:
            yield
        finally:
            limiter.release_on_behalf_of(borrower)
