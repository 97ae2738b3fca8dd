"""Records of the library as the tests write them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mediasmith.storage.library.calls import CallKey
from mediasmith.storage.library.records import Artifact, Job, Task
from mediasmith.storage.library.store import Library


def a_job(name: str = "job", **changes: Any) -> Job:
    job = Job(
        id=name,
        principal="ada",
        fingerprint="same",
        tool="generate_media",
        kind="image",
        request={"prompt": "a fox"},
        owner="owner",
        folder="/media",
        stem="fox",
        created=100.0,
        updated=100.0,
    )
    return replace(job, **changes)


def a_task(job: str = "job", **changes: Any) -> Task:
    task = Task(job_id=job, number=0, prompt="a fox", backend="test", capability="picture", model="one", params={})
    return replace(task, **changes)


def an_artifact(name: str = "fox", job: str = "job", **changes: Any) -> Artifact:
    artifact = Artifact(
        id=name,
        job_id=job,
        task=0,
        position=0,
        path=f"/media/{name}.png",
        mime="image/png",
        bytes=5,
        sha256="00",
        kind="image",
        backend="test",
        capability="picture",
        model="one",
        params={},
        prompts=("a fox",),
        principal="ada",
        created=100.0,
        used=100.0,
    )
    return replace(artifact, **changes)


async def record(library: Library, job: Job, *artifacts: Artifact) -> None:
    """Record a job with one task and its committed artifacts."""
    task = a_task(job.id)
    await library.add_job(job, [task])
    await library.commit(task, artifacts, at=job.updated)


def a_key(**changes: Any) -> CallKey:
    """What makes a call the same as the one that `a_job` was made for."""
    return replace(CallKey(principal="ada", fingerprint="same", since=0.0), **changes)
