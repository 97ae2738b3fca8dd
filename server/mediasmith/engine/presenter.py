"""A job's record as the answer that callers read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import JsonValue

from mediasmith.engine.results import Attempt, Cost, Item, JobSummary, MediaFile, MediaResult, Status
from mediasmith.jobs.active_job import ActiveJob, JobSpec
from mediasmith.jobs.service import describe_progress
from mediasmith.plugin.contract import JSON
from mediasmith.plugin.errors import error_from_record
from mediasmith.storage.library.records import Artifact, Job, Task

_MAX_DETAILS = 2000
"""Bytes of provider material in one answer."""

_MAX_PROMPT = 80
"""Characters of a prompt that answers repeat."""

_NEXT = {
    "running": "get_job with this job_id waits for it and collects it; calling again would make, and bill, another.",
    "done": "continue_edit with a continuation_id changes it.",
    "partial": "Ask again only for what is missing.",
    "unknown": "Look at the provider's usage page before asking again.",
}


def answer(
    job: Job,
    tasks: Sequence[Task],
    artifacts: Sequence[Artifact],
    active: ActiveJob | None = None,
    *,
    editable: bool,
) -> MediaResult:
    """The result of a job, finished or not. `live` adds how far it is.

    `editable` says whether a file of this kind can be edited here whoever made it; else what it was made with decides.
    """
    settled = [artifact for artifact in artifacts if not artifact.token]
    files = tuple(map(media_file, settled))
    goes_on = bool(settled) and (editable or settled[0].state is not None)
    maker = next((task for task in reversed(tasks) if task.phase == "done"), tasks[-1] if tasks else None)
    spec = JobSpec.of(job)
    return MediaResult(
        status=job.state,
        job_id=job.id,
        continuation_id=files[0].id if goes_on else "",
        files=files,
        kind=job.kind,
        backend=maker.backend if maker else "",
        model=maker.model if maker else "",
        parent=spec.parent,
        warnings=job.warnings,
        attempts=_attempts(job),
        cost=_cost(tasks),
        progress=active.progress if active and job.state == "running" else None,
        message=describe_progress(active) if active and job.state == "running" else "",
        details=_details(tasks),
        items=_items(spec, tasks, artifacts) if len(spec.prompts) > 1 else (),
        error=_error(job.error),
        billed=error_from_record(job.error).billed if job.error else None,
        next=_NEXT.get(job.state, "") if goes_on or job.state != "done" else "",
    )


def summary(job: Job, whole: MediaResult) -> JobSummary:
    """A job as the list of the recent ones has it; `whole` is its answer."""
    first, *others = JobSpec.of(job).prompts
    return JobSummary(
        status=whole.status,
        job_id=whole.job_id,
        created=datetime.fromtimestamp(job.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        kind=whole.kind,
        prompt=f"{_cut(first)}{f' (and {len(others)} more)' if others else ''}",
        backend=whole.backend,
        model=whole.model,
        continuation_id=whole.continuation_id,
        files=whole.files,
        progress=whole.progress,
        message=whole.message,
        error=whole.error,
    )


def media_file(artifact: Artifact) -> MediaFile:
    """A saved file as callers see it."""
    return MediaFile(
        id=artifact.id,
        path=artifact.path,
        uri=f"media://{artifact.id}",
        mime=artifact.mime,
        bytes=artifact.bytes,
        width=artifact.width,
        height=artifact.height,
        duration_seconds=artifact.duration_seconds,
    )


def _attempts(job: Job) -> tuple[Attempt, ...]:
    """Who was tried; nothing when all went well at once, which the rest of the answer says."""
    attempts = tuple(Attempt.model_validate(attempt) for attempt in job.attempts)
    return attempts if any(attempt.outcome != "done" for attempt in attempts) else ()


def _cost(tasks: Sequence[Task]) -> Cost | None:
    paid = [task for task in tasks if task.billed != "no"]
    if not paid:
        return None
    reported = [task.cost_usd for task in paid if task.cost_usd is not None]
    if len(reported) == len(paid):
        return Cost(usd=_usd(sum(reported)), basis="reported")
    known = [task.cost_usd if task.cost_usd is not None else task.estimate_usd for task in paid]
    figures = [usd for usd in known if usd is not None]
    if len(figures) < len(paid):
        return Cost(basis="unknown")
    return Cost(usd=_usd(sum(figures)), basis="estimated")


def _usd(figure: float) -> float:
    return round(figure, 6)


def _details(tasks: Sequence[Task]) -> Mapping[str, JsonValue]:
    told: dict[str, Any] = {}
    for task in tasks:
        if isinstance(task.details, Mapping) and task.details:
            told[str(task.number + 1)] = task.details
    if len(told) == 1:
        told = next(iter(told.values()))
    text = json.dumps(told)
    # Inside a text, every quote and backslash takes two characters.
    return told if len(text) <= _MAX_DETAILS else {"cut": text[: _MAX_DETAILS // 2 - 10]}


def _items(spec: JobSpec, tasks: Sequence[Task], artifacts: Sequence[Artifact]) -> tuple[Item, ...]:
    return tuple(
        _item(prompt, spec.count, [task for task in tasks if task.item == item], artifacts)
        for item, prompt in enumerate(spec.prompts)
    )


def _item(prompt: str, count: int, tasks: Sequence[Task], artifacts: Sequence[Artifact]) -> Item:
    numbers = {task.number for task in tasks}
    files = tuple(artifact.id for artifact in artifacts if artifact.task in numbers and not artifact.token)
    error = next((_error(task.error) for task in reversed(tasks) if task.error), "")
    whole = len(files) >= count and all(task.complete for task in tasks)
    status = _item_status(len(files), {task.phase for task in tasks}, whole=whole)
    return Item(prompt=_cut(prompt), status=status, files=files, error="" if status == "done" else error)


def _cut(prompt: str) -> str:
    return prompt if len(prompt) <= _MAX_PROMPT else f"{prompt[:_MAX_PROMPT]}…"


def _item_status(made: int, phases: set[str], *, whole: bool) -> Status:
    if whole:
        return "done"
    if phases & {"queued", "sending", "accepted", "saving"}:
        return "running"
    if made:
        return "partial"
    return "unknown" if "unknown" in phases else "cancelled" if "cancelled" in phases else "failed"


def _error(record: JSON) -> str:
    return str(error_from_record(record)) if record else ""
