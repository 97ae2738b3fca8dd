"""The outcome of a job, from its tasks."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from fakes.engines import job_record, task_record
from mediasmith.jobs.active_job import ActiveJob
from mediasmith.jobs.job_outcome import error_of, state_of
from mediasmith.jobs.job_spec import JobSpec
from mediasmith.storage.library.records import JobState, Phase, Task


def active_job(task: Task) -> ActiveJob:
    """Return a job of one task."""
    job = job_record(Path("/nowhere"))
    return ActiveJob(job=job, spec=JobSpec.from_job(job), destination=cast("Any", None), tasks={0: task})


@pytest.mark.parametrize(
    ("phase", "state"),
    [
        ("queued", "running"),
        ("sending", "unknown"),
        ("accepted", "running"),
        ("saving", "running"),
        ("failed", "failed"),
        ("cancelled", "cancelled"),
        ("unknown", "unknown"),
    ],
)
def test_the_state_of_a_job_without_files_follows_the_phase_of_its_task(phase: Phase, state: JobState) -> None:
    assert state_of(active_job(task_record(phase=phase))) == state


def test_a_task_that_is_still_sending_when_its_job_ends_may_have_been_billed() -> None:
    error = error_of(active_job(task_record(phase="sending", billed="unknown")), "unknown")
    assert error
    assert (error.message, error.billed) == ("The answer to a request that was sent is lost.", "unknown")
