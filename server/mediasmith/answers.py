"""A job's record as the answer that callers read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import JsonValue

from mediasmith.contract import JSON
from mediasmith.errors import restored
from mediasmith.jobs import standing
from mediasmith.library import Artifact, Job, Part
from mediasmith.live import Errand, Live
from mediasmith.results import Attempt, Cost, Item, JobSummary, MediaFile, MediaResult, Status

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
    parts: Sequence[Part],
    artifacts: Sequence[Artifact],
    live: Live | None = None,
    *,
    editable: bool,
) -> MediaResult:
    """The result of a job, finished or not. `live` adds how far it is.

    `editable` says whether a file of this kind can be edited here whoever made it; else what it was made with decides.
    """
    settled = [artifact for artifact in artifacts if not artifact.token]
    files = tuple(map(media_file, settled))
    goes_on = bool(settled) and (editable or settled[0].state is not None)
    maker = next((part for part in reversed(parts) if part.phase == "done"), parts[-1] if parts else None)
    errand = Errand.of(job)
    return MediaResult(
        status=job.state,
        job_id=job.id,
        continuation_id=files[0].id if goes_on else "",
        files=files,
        kind=job.kind,
        backend=maker.backend if maker else "",
        model=maker.model if maker else "",
        parent=errand.parent,
        warnings=job.warnings,
        attempts=_attempts(job),
        cost=_cost(parts),
        progress=live.progress if live and job.state == "running" else None,
        message=standing(live) if live and job.state == "running" else "",
        details=_details(parts),
        items=_items(errand, parts, artifacts) if len(errand.prompts) > 1 else (),
        error=_error(job.error),
        billed=restored(job.error).billed if job.error else None,
        next=_NEXT.get(job.state, "") if goes_on or job.state != "done" else "",
    )


def summary(job: Job, whole: MediaResult) -> JobSummary:
    """A job as the list of the recent ones has it; `whole` is its answer."""
    first, *others = Errand.of(job).prompts
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


def _cost(parts: Sequence[Part]) -> Cost | None:
    paid = [part for part in parts if part.billed != "no"]
    if not paid:
        return None
    reported = [part.cost_usd for part in paid if part.cost_usd is not None]
    if len(reported) == len(paid):
        return Cost(usd=_usd(sum(reported)), basis="reported")
    known = [part.cost_usd if part.cost_usd is not None else part.estimate_usd for part in paid]
    figures = [usd for usd in known if usd is not None]
    if len(figures) < len(paid):
        return Cost(basis="unknown")
    return Cost(usd=_usd(sum(figures)), basis="estimated")


def _usd(figure: float) -> float:
    return round(figure, 6)


def _details(parts: Sequence[Part]) -> Mapping[str, JsonValue]:
    told: dict[str, Any] = {}
    for part in parts:
        if isinstance(part.details, Mapping) and part.details:
            told[str(part.number + 1)] = part.details
    if len(told) == 1:
        told = next(iter(told.values()))
    text = json.dumps(told)
    # Inside a text, every quote and backslash takes two characters.
    return told if len(text) <= _MAX_DETAILS else {"cut": text[: _MAX_DETAILS // 2 - 10]}


def _items(errand: Errand, parts: Sequence[Part], artifacts: Sequence[Artifact]) -> tuple[Item, ...]:
    return tuple(
        _item(prompt, errand.count, [part for part in parts if part.item == item], artifacts)
        for item, prompt in enumerate(errand.prompts)
    )


def _item(prompt: str, count: int, parts: Sequence[Part], artifacts: Sequence[Artifact]) -> Item:
    numbers = {part.number for part in parts}
    files = tuple(artifact.id for artifact in artifacts if artifact.part in numbers and not artifact.token)
    error = next((_error(part.error) for part in reversed(parts) if part.error), "")
    whole = len(files) >= count and all(part.complete for part in parts)
    status = _item_status(len(files), {part.phase for part in parts}, whole=whole)
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
    return str(restored(record)) if record else ""
