"""Which errors let `auto` fall back to another candidate, and to which."""

from __future__ import annotations

from mediasmith.plugin.errors import (
    Cancelled,
    InvalidRequest,
    MediaError,
    ModelGone,
    NotServed,
    ProviderError,
    RateLimited,
    Refused,
    StateGone,
    Unreachable,
    Unsuitable,
)
from mediasmith.selection.candidate import Candidate
from mediasmith.selection.live_lists import LiveLists

RETRIED = (Unreachable, RateLimited, ProviderError)
"""What may be better in a moment, so that the same request is sent again where nothing was billed."""

_MODEL_ONLY = (ModelGone, Unsuitable)
"""What says nothing against the backend's other models."""

_FINAL = (Refused, InvalidRequest, Cancelled)
"""Errors after which nothing else is tried, billed or not: a refusal, a mistake in the request, a cancel."""


def may_fall_back(error: MediaError) -> bool:
    """Return whether another candidate may be tried after this error."""
    return error.billed == "no" and not isinstance(error, _FINAL)


def starts_cooldown(error: MediaError) -> bool:
    """Return whether the whole backend should rest after this error."""
    return may_fall_back(error) and not isinstance(error, (*_MODEL_ONLY, NotServed, StateGone))


async def next_candidates(
    error: MediaError, candidates: tuple[Candidate, ...], live_lists: LiveLists
) -> tuple[Candidate, ...]:
    """Return the candidates that are left after this error of the first one.

    They begin with the next one that is not known to lack what is wanted, such as a voice; where none is left for want
    of it, the error's hint says so.
    """
    missing: str | None = ""
    left = _left(error, candidates)
    while left:
        same = left[0].backend.name == candidates[0].backend.name  # it was asked already
        missing = "" if same else await live_lists.missing_value(left[0])
        if not missing:
            return left
        left = left[1:]
    note = f"No other backend lists {missing}."
    if missing and note not in error.hint:
        error.hint = f"{error.hint} {note}".strip()
    return ()


def _left(error: MediaError, candidates: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
    """Return the candidates after the first that may be tried. A stand-in is never among them."""
    if not may_fall_back(error):
        return ()
    failed, *rest = candidates
    return tuple(
        candidate
        for candidate in rest
        if candidate.capability.preference >= 0 and not _shares_fault(candidate, failed, error)
    )


def _shares_fault(candidate: Candidate, failed: Candidate, error: MediaError) -> bool:
    """Return whether what `error` says of the failed candidate holds for this one too."""
    if isinstance(error, _MODEL_ONLY) or candidate.backend.name != failed.backend.name:
        return False
    # A gateway may serve one of several ways to make the same.
    return not isinstance(error, NotServed) or candidate.capability.name == failed.capability.name
