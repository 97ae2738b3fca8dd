"""A cancel that is recorded for another replica, which does not heed it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from fakes.records import a_job
from fakes.virtual_clock import VirtualClock
from mediasmith.jobs.runner.recorded_cancel import RecordedCancel
from mediasmith.plugin.errors import InvalidRequest
from mediasmith.storage.library.records import Job


@dataclass
class DeafReplicas:
    """The records and signals of a fleet, in which a job goes on whatever is asked."""

    clock: VirtualClock
    asked: list[str] = field(default_factory=list[str])
    signalled: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    async def ask_cancel(self, job_id: str) -> None:
        self.asked.append(job_id)

    def send(self, what: str, job_id: str) -> None:
        self.signalled.append((what, job_id))

    async def check_recorded(self, job: Job) -> None: ...

    async def job(self, _job_id: str, *, principal: str) -> None: ...

    @contextmanager
    def watch(self, _job_id: str) -> Generator[DeafReplicas]:
        yield self

    async def wait(self, seconds: float) -> None:
        await self.clock.advance(seconds)


async def test_a_cancel_that_no_replica_heeds_says_after_half_a_minute_that_the_job_goes_on() -> None:
    clock = VirtualClock()
    began = clock.now()
    fleet = DeafReplicas(clock)
    parts = dict.fromkeys(("library", "replicas", "canceller", "wakeups", "signals"), fleet)
    with pytest.raises(InvalidRequest, match="was asked to stop and has not ended yet") as caught:
        await RecordedCancel(clock=clock, **cast("Any", parts)).cancel(a_job("one", state="running"))
    assert (caught.value.job_id, clock.now() - began) == ("one", 30)
    assert (fleet.asked, fleet.signalled) == (["one"], [("cancel", "one")])
