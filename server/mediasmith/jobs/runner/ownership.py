"""Tell whose work a job is."""

from __future__ import annotations

from mediasmith.jobs.runner.protocols import Owners
from mediasmith.storage.library.records import Job

UNCLAIMED = "unclaimed"
"""The owner of a job that any working process may take: the id of no process."""


async def is_elsewhere(owners: Owners, job: Job) -> bool:
    """Return whether another process, which is alive, works on a running job."""
    return job.owner != await owners.own() and await owners.alive(job.owner)
