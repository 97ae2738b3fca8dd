"""Present a job's record as the answer that callers read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from pydantic import JsonValue

from mediasmith.engine.results import Attempt, Cost, Item, JobSummary, MediaFile, MediaResult, Status
from mediasmith.jobs.active_job import ActiveJob
from mediasmith.jobs.job_spec import JobSpec
from mediasmith.plugin.contract import JSON
from mediasmith.plugin.errors import error_from_record
from mediasmith.plugin.lineage import shorten_lineage
from mediasmith.selection.budget import total_cost
from mediasmith.selection.planning import Selection
from mediasmith.selection.tool_request import ToolRequest
from mediasmith.storage.library.records import Artifact, Job, Task

_MAX_DETAILS = 2000
"""Bytes of provider material in one answer."""

_MAX_PROMPT = 80
"""Characters of a prompt that answers repeat."""

_MOST_LINEAGE = 6
"""Prompts of an edit's lineage in one answer."""

_NEXT = {
    "running": "get_job with this job_id waits for it and collects it; calling again would make, and bill, another.",
    "done": "continue_edit with a continuation_id changes it.",
    "partial": "Ask again only for what is missing.",
    "unknown": "Check the provider's usage page before asking again.",
}


def present_job(  # noqa: PLR0913 - what an answer is made of
    job: Job,
    tasks: Sequence[Task],
    artifacts: Sequence[Artifact],
    active: ActiveJob | None = None,
    *,
    editable: bool,
    urls: Mapping[str, str] = MappingProxyType({}),
) -> MediaResult:
    """Return the result of a job, finished or not; `active` adds how far it is.

    `editable` says whether its first file can be edited here, whichever backend made it; otherwise only what the
    backend keeps with a file decides. `urls` has the links of files that are in a store, by id.
    """
    saved = [artifact for artifact in artifacts if not artifact.token]
    files = tuple(present_file(artifact, urls.get(artifact.id, "")) for artifact in saved)
    can_continue = bool(saved) and (editable or saved[0].state is not None)
    last = next((task for task in reversed(tasks) if task.phase == "done"), tasks[-1] if tasks else None)
    spec = JobSpec.from_job(job)
    return MediaResult(
        status=job.state,
        job_id=job.id,
        continuation_id=files[0].id if can_continue else "",
        files=files,
        kind=job.kind,
        backend=last.backend if last else "",
        model=last.model if last else "",
        parent=spec.parent,
        lineage=_lineage(spec),
        warnings=job.warnings,
        attempts=_attempts(job),
        cost=present_cost(tasks),
        progress=active.progress if active and job.state == "running" else None,
        message=active.describe_progress() if active and job.state == "running" else "",
        details=_details(tasks),
        items=_items(spec, job, tasks, artifacts) if len(spec.prompts) > 1 else (),
        error=_error(job.error),
        billed=error_from_record(job.error).billed if job.error else None,
        next=_NEXT.get(job.state, "") if can_continue or job.state != "done" else "",
    )


def present_forecast(selection: Selection, request: ToolRequest) -> MediaResult:
    """Return the answer of a dry run: what would be done, and what it would cost."""
    best, *others = selection.candidates
    usd = total_cost(best, request)
    return MediaResult(
        status="dry_run",
        kind=selection.request.kind,
        backend=best.backend.name,
        model=best.model.id,
        warnings=best.warnings,
        attempts=tuple(Attempt(backend=c.backend.name, model=c.model.id, outcome="would be next") for c in others),
        cost=Cost(usd=usd, basis="unknown" if usd is None else "estimated"),
        next="Nothing was sent. The same call without dry_run does it.",
    )


def present_summary(job: Job, whole: MediaResult) -> JobSummary:
    """Return a job as the list of recent ones shows it; `whole` is its answer."""
    first, *others = JobSpec.from_job(job).prompts
    return JobSummary(
        status=whole.status,
        job_id=whole.job_id,
        created=format_time(job.created),
        kind=whole.kind,
        prompt=f"{_shorten(first)}{f' (and {len(others)} more)' if others else ''}",
        backend=whole.backend,
        model=whole.model,
        continuation_id=whole.continuation_id,
        parent=whole.parent,
        files=whole.files,
        progress=whole.progress,
        message=whole.message,
        error=whole.error,
    )


def present_cost(tasks: Sequence[Task]) -> Cost | None:
    """Return what a job's tasks cost, or None if nothing was paid for."""
    paid = [task for task in tasks if task.billed != "no"]
    if not paid:
        return None
    reported = [task.cost_usd for task in paid if task.cost_usd is not None]
    if len(reported) == len(paid):
        return Cost(usd=_round(sum(reported)), basis="reported")
    known = [task.cost_usd if task.cost_usd is not None else task.estimate_usd for task in paid]
    figures = [usd for usd in known if usd is not None]
    if len(figures) < len(paid):
        return Cost(basis="unknown")
    return Cost(usd=_round(sum(figures)), basis="estimated")


def format_time(seconds: float) -> str:
    """Return a time in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def present_file(artifact: Artifact, url: str) -> MediaFile:
    """Return a saved file as callers see it. `url` is the link of one that is in a store."""
    return MediaFile(
        id=artifact.id,
        path="" if url else artifact.path,
        uri=f"media://{artifact.id}",
        mime=artifact.mime,
        bytes=artifact.bytes,
        width=artifact.width,
        height=artifact.height,
        duration_seconds=artifact.duration_seconds,
        url=url,
    )


def _attempts(job: Job) -> tuple[Attempt, ...]:
    """Return what was tried; nothing when the first attempt succeeded, which the rest of the answer says."""
    attempts = tuple(Attempt.model_validate(attempt) for attempt in job.attempts)
    return attempts if any(attempt.outcome != "done" for attempt in attempts) else ()


def _round(usd: float) -> float:
    return round(usd, 6)


def _details(tasks: Sequence[Task]) -> Mapping[str, JsonValue]:
    details: dict[str, Any] = {}
    for task in tasks:
        if isinstance(task.details, Mapping) and task.details:
            details[str(task.number + 1)] = task.details
    if len(details) == 1:
        details = next(iter(details.values()))
    text = json.dumps(details)
    # Inside a text, every quote and backslash takes two characters.
    return details if len(text) <= _MAX_DETAILS else {"cut": text[: _MAX_DETAILS // 2 - 10]}


def _items(spec: JobSpec, job: Job, tasks: Sequence[Task], artifacts: Sequence[Artifact]) -> tuple[Item, ...]:
    running = job.state == "running"
    return tuple(
        _item(prompt, spec.count, [task for task in tasks if task.item == item], artifacts, running=running)
        for item, prompt in enumerate(spec.prompts)
    )


def _item(prompt: str, count: int, tasks: Sequence[Task], artifacts: Sequence[Artifact], *, running: bool) -> Item:
    numbers = {task.number for task in tasks}
    files = tuple(artifact.id for artifact in artifacts if artifact.task in numbers and not artifact.token)
    error = next((_error(task.error) for task in reversed(tasks) if task.error), "")
    complete = len(files) >= count and all(task.complete for task in tasks)
    status = _item_status(len(files), {task.phase for task in tasks}, complete=complete, running=running)
    return Item(prompt=_shorten(prompt), status=status, files=files, error="" if status == "done" else error)


def _lineage(spec: JobSpec) -> tuple[str, ...]:
    """Return the prompts from the first one to that of an edit; none for what is not an edit."""
    prompts = (*spec.history, *spec.prompts) if spec.parent else ()
    return shorten_lineage(prompts, most=_MOST_LINEAGE, characters=_MAX_PROMPT)


def _shorten(prompt: str) -> str:
    return prompt if len(prompt) <= _MAX_PROMPT else f"{prompt[:_MAX_PROMPT]}…"


def _item_status(files: int, phases: set[str], *, complete: bool, running: bool) -> Status:
    if complete:
        return "done"
    if running and phases & {"queued", "sending", "accepted", "saving"}:
        return "running"
    if files:
        return "partial"
    return "unknown" if phases & {"sending", "unknown"} else "cancelled" if "cancelled" in phases else "failed"


def _error(record: JSON) -> str:
    return str(error_from_record(record)) if record else ""
