"""Warn when the backend or model that the user prefers is not the one that is used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mediasmith.config.settings import problems_of, variable
from mediasmith.plugin.errors import format_seconds
from mediasmith.selection.candidate import Candidate
from mediasmith.selection.ranking import SelectionContext, is_called, match_backend, select
from mediasmith.selection.selection_request import SelectionRequest


def preference_notes(request: SelectionRequest, context: SelectionContext, used: Candidate) -> Iterator[str]:
    """Yield a warning if another backend or model is used than the user's default, or than one that failed just now.

    Yield one, too, where a default or the order cannot be read, for what the user wanted is not known.
    """
    name, model = context.default(request.kind)
    if request.backend and not (model and is_called(used.backend, name)):
        return
    resting = "" if request.backend else _resting_before(request, context)
    if resting and resting != used.backend.name:
        pause = format_seconds(context.resting[resting])
        yield f"{resting} failed a moment ago and is tried last for another {pause}; {used.label} is used instead."
    elif request.model or request.origin:
        return
    elif reason := _default_passed_over(request, context, used):
        yield f"{variable('defaults')} names {reason}; {used.label} is used instead."
    elif not name:
        yield from (
            f"{used.label} is used: {problem}" for problem in problems_of(context.problems, "defaults", "order")
        )


def _resting_before(request: SelectionRequest, context: SelectionContext) -> str:
    """Return the backend that would come first if it did not rest, or ""."""
    if not context.resting:
        return ""
    name = select(request, replace(context, resting={}))[0].backend.name
    return name if name in context.resting else ""


def _default_passed_over(request: SelectionRequest, context: SelectionContext, used: Candidate) -> str:
    """Return the default and why it is not used, or "" where it is, or there is none."""
    name, model = context.default(request.kind)
    backend = next((one for one in context.backends if is_called(one, name)), None)
    if backend is None:
        return f"{name[:32]} for {request.kind}, which is not an installed backend" if name else ""
    if backend.name != used.backend.name:
        able, reason = match_backend(request, context, backend)
        return f"{name}, which {'does not list what was asked for' if able else f'cannot do this ({reason})'}"
    if model and model != used.model.id and not request.draft:
        _, reason = match_backend(replace(request, model=model), context, backend)
        return f"{name}:{model[:60]}, which cannot do this ({reason})"
    return ""
