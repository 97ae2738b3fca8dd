"""Every way a call can end without a file, each with what happened, what was spent and what to do next.

MediaError
├── InvalidRequest            the arguments are wrong; nothing was sent
│   ├── NotAllowed            a path, URL or host outside what the settings allow
│   └── UnknownContinuation   no such continuation, artifact or job, for this caller
├── Unsuitable                this backend or model cannot do this request; `auto` goes on to the next
├── NothingSuitable           no installed backend can; carries why each one was passed over
├── MissingKey                a backend is not signed in; carries the variables that would do it
├── OverBudget                the estimate is above what the caller or the settings allow
├── Refused                   the provider declined the content; never sent elsewhere
├── RateLimited               too many requests just now
├── OutOfCredit               the account's money or quota is used up
├── ModelGone                 the provider no longer serves this model
├── StateGone                 the provider no longer has what an edit would continue from
├── Unreachable               no connection was made, or it broke
├── TimedOut                  our patience ended; the work may still be collected
├── Cancelled                 the caller cancelled the job
└── ProviderError             anything else the provider answered, or an answer that makes no sense
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

Billed = Literal["no", "unknown", "yes"]
"""Whether a failed request was paid for: `no`, `yes`, or `unknown` when no answer told."""

_SPENT: Mapping[Billed, str] = {
    "no": "Nothing was billed.",
    "unknown": "It may have been billed, so it was not sent again.",
    "yes": "It was billed.",
}


class MediaError(Exception):
    """The base of every error that Mediasmith raises on purpose.

    `message` says what happened in one or two sentences, `hint` what to do next. `billed` is None
    while nobody has said: the engine then fills it in from the phase the error came from (`no`
    before anything was sent, `unknown` after). `job_id` is set when there is something to collect.
    """

    def __init__(self, message: str, hint: str = "", *, billed: Billed | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.billed: Billed | None = billed
        self.job_id = ""

    def __str__(self) -> str:
        """The whole text a caller is shown: what happened, what was spent, what to do, what to collect."""
        spent = _SPENT[self.billed] if self.billed else ""
        collect = f"Collect it with get_job, job_id {self.job_id}." if self.job_id else ""
        return " ".join(part for part in (self.message, spent, self.hint, collect) if part)


class InvalidRequest(MediaError):
    """The arguments are wrong. The message names the argument and what is accepted."""


class NotAllowed(InvalidRequest):
    """A path, URL or host that the settings keep out of reach."""


class UnknownContinuation(InvalidRequest):
    """An id that names no continuation, artifact or job of this caller."""


class Unsuitable(MediaError):
    """This backend cannot do this request, found before anything was made. `auto` tries the next one."""


class NothingSuitable(MediaError):
    """No installed backend can do the request. `passed_over` maps each one's name to the reason."""

    passed_over: Mapping[str, str] = {}

    def __init__(self, message: str, hint: str = "", *, passed_over: Mapping[str, str]) -> None:
        alike: dict[str, list[str]] = {}
        for name, reason in passed_over.items():
            alike.setdefault(reason, []).append(name)
        reasons = "; ".join(f"{', '.join(names)}: {reason}" for reason, names in alike.items())
        super().__init__(f"{message} {reasons}." if reasons else message, hint, billed="no")
        self.passed_over = dict(passed_over)


class MissingKey(MediaError):
    """A backend is not signed in. `variables` are the environment variables of which one is enough.

    `rejected` says that there is a key, and the provider does not accept it.
    """

    variables: tuple[str, ...] = ()

    def __init__(self, backend: str, variables: Sequence[str], *, rejected: bool = False) -> None:
        message = f"{backend} does not accept its key." if rejected else f"{backend} has no key."
        fix = f"{'Correct' if rejected else 'Set'} {' or '.join(variables)} and restart the server."
        super().__init__(message, fix, billed="no")
        self.variables = tuple(variables)


class OverBudget(MediaError):
    """The estimate is above a limit of the caller's or of the settings, or no price is known to hold against it."""


class Refused(MediaError):
    """The provider declined to make this. `reason` is the provider's own word for why, if it gave one."""

    reason: str = ""

    def __init__(self, message: str, hint: str = "", *, reason: str = "", billed: Billed | None = None) -> None:
        super().__init__(message, hint, billed=billed)
        self.reason = reason


class RateLimited(MediaError):
    """Too many requests. `retry_after` is the provider's advice in seconds, or None."""

    retry_after: float | None = None

    def __init__(
        self, message: str, hint: str = "", *, retry_after: float | None = None, billed: Billed | None = "no"
    ) -> None:
        super().__init__(message, hint, billed=billed)
        self.retry_after = retry_after


class OutOfCredit(MediaError):
    """The account's money or quota is used up."""

    def __init__(self, message: str, hint: str = "", *, billed: Billed | None = "no") -> None:
        super().__init__(message, hint, billed=billed)


class ModelGone(MediaError):
    """The provider no longer serves this model, or not to this account."""

    def __init__(self, message: str, hint: str = "", *, billed: Billed | None = "no") -> None:
        super().__init__(message, hint, billed=billed)


class StateGone(MediaError):
    """What an edit would continue from is gone at the provider. Found before paying; the saved file is used."""

    def __init__(self, message: str, hint: str = "", *, billed: Billed | None = "no") -> None:
        super().__init__(message, hint, billed=billed)


class ProviderError(MediaError):
    """The provider failed, or answered something that makes no sense."""


class Unreachable(MediaError):
    """No connection was made (`billed="no"`), or it broke after the request had gone out (`billed="unknown"`)."""


class TimedOut(MediaError):
    """Our waiting ended. A job with a handle stays collectable."""


class Cancelled(MediaError):
    """The job was cancelled by its caller."""

    def __init__(
        self, message: str = "The job was cancelled.", hint: str = "", *, billed: Billed | None = None
    ) -> None:
        super().__init__(message, hint, billed=billed)


def error_record(error: MediaError) -> dict[str, str | None]:
    """Return an error as the JSON that the library keeps."""
    return {"type": type(error).__name__, "message": error.message, "hint": error.hint, "billed": error.billed}


def error_from_record(record: Any, *, job_id: str = "") -> MediaError:
    """The error that the library keeps as `type`, `message`, `hint` and `billed`; what else it carried is gone."""
    kept: Mapping[str, Any] = record or {}
    kind = {known.__name__: known for known in _all(MediaError)}.get(kept.get("type", ""), MediaError)
    error = kind.__new__(kind)
    message = kept.get("message") or "It failed, and nothing more is known."
    MediaError.__init__(error, message, kept.get("hint", ""), billed=kept.get("billed"))
    error.job_id = job_id
    return error


def _all(kind: type[MediaError]) -> Iterator[type[MediaError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _all(child)
