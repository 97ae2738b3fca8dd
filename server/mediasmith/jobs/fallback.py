"""Decide after which errors `auto` falls back, to which candidate, and what to report when none is left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mediasmith.plugin.contract import Backend
from mediasmith.plugin.errors import (
    Cancelled,
    InvalidRequest,
    MediaError,
    MissingKey,
    ModelGone,
    NotPermitted,
    NotServed,
    OutOfCredit,
    Overloaded,
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
"""Errors that may pass, so that the same request is sent again if nothing was billed."""

_MODEL_ONLY = (ModelGone, Unsuitable)
"""Errors after which the backend's other models are still tried."""

_PART_ONLY = (*_MODEL_ONLY, NotPermitted, NotServed, StateGone)
"""Errors that concern this request alone, so that the backend has no cooldown."""

_ACCOUNT = (MissingKey, OutOfCredit, NotPermitted)
"""Errors that concern the account, and so every request of the job to the backend."""

_FINAL = (Refused, InvalidRequest, Cancelled)
"""Errors after which nothing else is tried, billed or not: a refusal, a mistake in the request, a cancel."""


def may_fall_back(error: MediaError) -> bool:
    """Return whether another request may be sent after this error: not for work that the provider has answered."""
    answered = isinstance(error, ProviderError) and error.answered
    return error.billed == "no" and not answered and not isinstance(error, _FINAL)


def starts_cooldown(error: MediaError) -> bool:
    """Return whether this error starts the backend's cooldown, once none of its candidates is left."""
    return may_fall_back(error) and not isinstance(error, _PART_ONLY)


def ends_backend(error: MediaError) -> bool:
    """Return whether the job's other requests to the backend would fail in the same way, so that none is sent."""
    return may_fall_back(error) and isinstance(error, _ACCOUNT)


@dataclass(frozen=True, kw_only=True)
class FailedAttempt:
    """A candidate that was tried, and its error."""

    candidate: Candidate
    error: MediaError

    @property
    def backend(self) -> str:
        """The name of the candidate's backend."""
        return self.candidate.backend.name


@dataclass(frozen=True, kw_only=True)
class Chain:
    """The candidates that are left, of which the first is used, and the attempts that failed before."""

    candidates: tuple[Candidate, ...]
    earlier: tuple[FailedAttempt, ...] = ()

    @property
    def first(self) -> Candidate:
        """The candidate that is used."""
        return self.candidates[0]

    def has(self, backend: Backend[Any]) -> bool:
        """Return whether a candidate of this backend is left."""
        return any(candidate.backend.name == backend.name for candidate in self.candidates)

    def gone(self) -> list[str]:
        """Return the labels of the models that are no longer served, other than what is now used in another way."""
        gone = [one.candidate.label for one in self.earlier if isinstance(one.error, ModelGone)]
        return [label for label in dict.fromkeys(gone) if label != self.first.label]

    def failed_backends(self) -> list[str]:
        """Return each other backend that failed with its last reason, other than that a model is gone."""
        failed = [one for one in self.earlier if not isinstance(one.error, ModelGone)]
        reasons = {one.backend: one.error.message.rstrip(".") for one in failed}
        return [f"{name} failed: {why}" for name, why in reasons.items() if name != self.first.backend.name]

    async def after(self, error: MediaError, live_lists: LiveLists) -> Chain | None:
        """Return what is left after this error of the first candidate, or None.

        It begins with the next candidate that is not known to lack what is wanted, such as a voice; where none is left
        for want of it, the error's hint says so.
        """
        missing: str | None = ""
        left = self._left(error)
        while left:
            same = left[0].backend.name == self.first.backend.name  # it was asked already
            missing = "" if same else await live_lists.missing_value(left[0])
            if not missing:
                return Chain(candidates=left, earlier=self._attempts(error))
            left = left[1:]
        note = f"No other backend lists {missing}."
        if missing and note not in error.hint:
            error.hint = f"{error.hint} {note}".strip()
        return None

    def final_error(self, error: MediaError) -> MediaError:
        """Return the error of the last attempt, naming the last reason of each backend that was tried."""
        if isinstance(error, Cancelled):
            return error
        attempts = self._attempts(error)
        reasons = {attempt.backend: attempt.error.message.rstrip(".") for attempt in attempts}
        models = dict.fromkeys(attempt.candidate.model.id[:60] for attempt in attempts)
        if len(reasons) > 1:
            error.message = f"Every backend failed. {'; '.join(f'{name}: {why}' for name, why in reasons.items())}."
            error.hint = " ".join(dict.fromkeys(attempt.error.hint for attempt in attempts if attempt.error.hint))
        elif len(models) > 1:
            error.message = f"{error.message} Tried: {', '.join(models)}."
        return error

    def _attempts(self, error: MediaError) -> tuple[FailedAttempt, ...]:
        return (*self.earlier, FailedAttempt(candidate=self.first, error=error))

    def _left(self, error: MediaError) -> tuple[Candidate, ...]:
        """Return the candidates after the first that may be tried."""
        if not may_fall_back(error):
            return ()
        return tuple(candidate for candidate in self.candidates[1:] if not self._shares_fault(candidate, error))

    def _shares_fault(self, candidate: Candidate, error: MediaError) -> bool:
        """Return whether this candidate would fail in the same way as the first.

        If one model is overloaded, another may not be; if two are, so is the provider. A gateway may serve one of
        several APIs that make the same thing.
        """
        name = self.first.backend.name
        if candidate.backend.name != name or isinstance(error, _MODEL_ONLY):
            return False
        if isinstance(error, Overloaded):
            return any(isinstance(one.error, Overloaded) and one.backend == name for one in self.earlier)
        return not isinstance(error, NotServed) or candidate.capability.name == self.first.capability.name
