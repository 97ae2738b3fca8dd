"""Tell whose work a job is."""

from __future__ import annotations

from mediasmith.jobs.runner.protocols import Owners
from mediasmith.storage.library.records import Job


async def is_elsewhere(owners: Owners, job: Job) -> bool:
    """Return whether another process, which is alive, works on a running job."""
    return job.owner != await owners.own() and await owners.alive(job.owner)
