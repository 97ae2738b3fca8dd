"""Format answers for people at a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from mediasmith.cli.exit_codes import ExitCode
from mediasmith.cli.terminal import aligned, is_terminal, line, put, say, table

if TYPE_CHECKING:
    from mediasmith.cli.doctor import Report
    from mediasmith.engine.results import BackendList, CapabilityDetail, JobList, JobSummary, MediaResult

_MODELS = 3
"""Models to name in a row."""

_PROMPT = 40
"""Characters of a prompt to show in a row."""


def show(result: MediaResult, *, as_json: bool) -> ExitCode:
    """Print a result, with paths or links on standard output and notes on standard error, and return the exit code."""
    running = result.status == "running"
    if as_json:
        put(result.text())
    elif result.files and not running:
        put("\n".join(file.place for file in result.files))
    for note in _notes(result):
        say(note)
    if running:
        return ExitCode.LEFT
    return ExitCode.DONE if result.files or result.status == "dry_run" else ExitCode.FAILED


def _notes(result: MediaResult) -> Iterator[str]:
    yield from (f"warning: {warning}" for warning in result.warnings)
    yield from (f"{item.status}: {line(item.prompt)}: {item.error}" for item in result.items if item.error)
    match result.status:
        case "running":
            yield from [result.error] if result.error else []
            yield f"Still running. Collect it with: mediasmith jobs {result.job_id}"
            return
        case "dry_run":
            yield f"Nothing was sent. It would be made by {result.backend} {result.model}."
        case "done":
            pass
        case status:
            yield f"{status}: {result.error or result.next}"
    if result.files:
        yield f"Made by {result.backend} {result.model}."
    if result.cost:
        usd = "unknown" if result.cost.usd is None else f"{result.cost.usd:.4g} USD ({result.cost.basis})"
        yield f"Cost: {usd}."
    if not result.continuation_id:
        return
    if len(result.files) == 1:
        yield f'Change it with: mediasmith edit {result.continuation_id} "what to change"'
    else:
        yield 'Change one with: mediasmith edit ID "what to change"'
        yield aligned([("", file.id, file.name) for file in result.files])


def format_jobs(listed: JobList, *, now: float) -> str:
    """Return recent jobs as a table. `now` is in seconds since the epoch."""
    if not listed.jobs:
        return "There are no jobs yet."
    head = ("JOB", "WHEN", "STATUS", "KIND", "BACKEND")
    rows = [(job.job_id, _ago(job.created, now), job.status, job.kind, job.backend) for job in listed.jobs]
    texts = [(_short(job.prompt), line(_outcome(job))) for job in listed.jobs]
    if not is_terminal(sys.stdout):
        return table([(*row, *text) for row, text in zip(rows, texts, strict=True)], (*head, "PROMPT", "RESULT"))
    # Below the row a path is not wrapped, so that it can be copied and clicked.
    first, *lines = table(rows, head, wrapped=False).split("\n")
    below = ["\n".join(f"  {part}" for part in text if part) for text in texts]
    return "\n".join([first, *(f"{row}\n{text}" for row, text in zip(lines, below, strict=True))])


def _ago(created: str, now: float) -> str:
    minutes = int(now - datetime.fromisoformat(created).timestamp()) // 60
    if minutes < 1:
        return "just now"
    for unit, length in (("d", 24 * 60), ("h", 60)):
        if minutes >= length:
            return f"{minutes // length} {unit} ago"
    return f"{minutes} min ago"


def _short(prompt: str) -> str:
    text = line(prompt)
    return text if len(text) <= _PROMPT else f"{text[: _PROMPT - 1].rstrip()}…"


def _outcome(job: JobSummary) -> str:
    more = f" and {len(job.files) - 1} more" if len(job.files) > 1 else ""
    return f"{job.files[0].place}{more}" if job.files else job.error or job.message


def format_listing(listing: BackendList, *, searched: bool) -> str:
    """Return the answer of list_backends, which may be that of a search."""
    if searched:
        return _format_matches(listing)
    return _format_backend(listing) if listing.backend else _format_offers(listing)


def _format_matches(listing: BackendList) -> str:
    """Return the models that a search found; the one that it named in full."""
    rows = [(model.backend, model.kind, model.id, model.title, model.price) for model in listing.models]
    text = table(rows, ("BACKEND", "KIND", "MODEL", "TITLE", "PRICE")) if rows else "No model matches."
    return "\n\n".join(["\n".join([text, *listing.problems]), *map(_capability, listing.capabilities)])


def _format_offers(listing: BackendList) -> str:
    """Return what can be generated, in a row for each backend and kind."""
    rows = [
        (offer.backend, offer.kind, "yes" if offer.ready else "no", _some(offer.models), offer.missing)
        for offer in listing.backends
    ]
    text = table(rows, ("BACKEND", "KIND", "READY", "MODELS", "MISSING")) if rows else "No backend is installed."
    broken = [f"{name} could not be loaded: {reason}" for name, reason in listing.broken.items()]
    return "\n".join([text, *broken, *listing.problems])


def _some(names: Sequence[str]) -> str:
    more = f" +{len(names) - _MODELS}" if len(names) > _MODELS else ""
    return ", ".join(names[:_MODELS]) + more


def _format_backend(listing: BackendList) -> str:
    """Return one backend in full."""
    head = f"{listing.title} ({listing.backend})  {listing.docs}".rstrip()
    return "\n\n".join([head, *map(_capability, listing.capabilities)])


def _capability(one: CapabilityDetail) -> str:
    state = "ready" if one.ready else f"not ready: {one.missing}"
    sections: Mapping[str, Iterable[tuple[str, str]]] = {
        "models": [(str(model["id"]), _phrase({**model, "id": None})) for model in one.models],
        "parameters": [(name, _accepted(schema)) for name, schema in one.words.items()],
        "options": [(name, _accepted(schema)) for name, schema in one.options.items()],
        "inputs": [(role, _phrase(takes)) for role, takes in one.inputs.items()],
        "choices": [(word, ", ".join(names)) for word, names in one.choices.items()],
    }
    rows = [("", "" if index else title, *row) for title, rows in sections.items() for index, row in enumerate(rows)]
    return f"{one.kind} ({one.name}): {state}\n{table(rows)}".rstrip()


def _accepted(schema: Any) -> str:
    """Return what a field accepts: "integer 1-10; default 1"."""
    low, high = schema.get("minimum", ""), schema.get("maximum", "")
    values = ", ".join(map(str, schema.get("enum", ()))) or str(schema.get("type", "any JSON"))
    bounds = f" {low}-{high}" if low != "" or high != "" else ""
    default = f"; default {_phrase(schema['default'])}" if "default" in schema else ""
    about = f"; {schema['description']}" if "description" in schema else ""
    return f"{values}{bounds}{default}{about}"


def _phrase(value: object) -> str:
    """Return JSON as one line: "draft yes; prices 0.01 USD per image"."""
    match value:
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return " | ".join(map(_phrase, cast("Sequence[object]", value)))
        case Mapping():
            facts = cast("Mapping[str, object]", value).items()
            return "; ".join(f"{name} {_phrase(fact)}" for name, fact in facts if fact is not None)
        case _:
            return str(value)


def format_report(report: Report, *, as_json: bool) -> str:
    """Return the doctor's report as text or JSON."""
    if as_json:
        return json.dumps({"healthy": report.healthy, "verdict": report.verdict, **vars(report)}, ensure_ascii=False)
    sections = [
        f"{title}\n{table([('', *row) for row in rows] or [('', 'none')])}\n" for title, rows in report.sections.items()
    ]
    return "\n".join([*sections, report.verdict])
