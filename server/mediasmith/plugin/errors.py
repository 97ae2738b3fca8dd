"""Every way a call can end without a file: what happened, whether it was billed, and what to do next.

MediaError
├── InvalidRequest            the arguments are wrong
│   ├── NotAllowed            a path, URL or host that the settings do not allow
│   └── UnknownContinuation   this caller has no such continuation, artifact or job
├── Unsuitable                this backend or model cannot do the request; `auto` tries the next
├── NothingSuitable           no installed backend can, with the reason for each
├── MissingKey                a backend has no key, or a wrong one, with the variables to set
├── Misconfigured             a proxy, certificates or a base URL that cannot work, with the variables to correct
│   └── NotServed             the server at a base URL does not serve what was asked for, whatever the model
├── NotPermitted              the account may not do this, whatever the model
├── OverBudget                the estimate is above a limit of the caller or the settings
├── Refused                   the provider declined the content; it is never sent elsewhere
├── RateLimited               too many requests
├── OutOfCredit               the account's money or quota is used up
├── ModelGone                 the provider no longer serves this model
├── StateGone                 the provider no longer has what an edit continues from
├── Unreachable               no connection could be made, or it broke
├── TimedOut                  waiting ended; the work may still be collected
├── Cancelled                 the caller cancelled the job
└── ProviderError             the provider failed, or its answer cannot be read
    └── Overloaded            the provider or its model has too much to do just now
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal

Billed = Literal["no", "unknown", "yes"]
"""Whether a failed request was billed; `unknown` when no answer said so."""

_SPENT: Mapping[Billed, str] = {
    "no": "Nothing was billed.",
    "unknown": "It may have been billed, so it was not sent again.",
    "yes": "It was billed.",
}

_SPENT_WHEN_CANCELLED: Mapping[Billed, str] = {**_SPENT, "unknown": "It may have been billed."}

_BEFORE_CALLING_AGAIN = "Check the provider's usage page before calling again."
"""What to do next where calling again may cost money a second time."""


class MediaError(Exception):
    """The base of every error that Mediasmith raises on purpose.

    `message` says what happened in one or two sentences, `hint` what to do next, where it is more than the
    `usual_next_step` of the class. Where `billed` is None, the server sets it: `no` before the request was sent,
    `unknown` until it was answered, `yes` afterwards. `job_id` is set when there is something to collect. `answer` is
    the body of an answer that cannot be read: where it may have been billed, the server keeps it as a file.
    """

    usual_next_step: ClassVar[str] = "Call again; if that fails too, run `mediasmith doctor`."
    _spent: ClassVar[Mapping[Billed, str]] = _SPENT

    def __init__(self, message: str, hint: str = "", *, billed: Billed | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.billed: Billed | None = billed
        self.job_id = ""
        self.answer = b""

    @property
    def next_step(self) -> str:
        """What to do next: the hint, or else what suits every error of this class."""
        if self.hint or self.job_id:
            return self.hint  # what is to be collected is named by the text
        if self.billed == "unknown":
            return _BEFORE_CALLING_AGAIN
        return f"{self.usual_next_step} Another call is billed again." if self.billed == "yes" else self.usual_next_step

    def __str__(self) -> str:
        """Return the text for the caller: what happened, whether it was billed, what to do, what to collect.

        Files in base64, whether the caller's or the provider's, are left out.
        """
        from mediasmith.plugin.embedded_media import without_media  # noqa: PLC0415 - late: help needs none of it

        spent = self._spent[self.billed] if self.billed else ""
        collect = f"Collect it with get_job, job_id {self.job_id}." if self.job_id else ""
        return without_media(" ".join(part for part in (self.message, spent, self.next_step, collect) if part))


class InvalidRequest(MediaError):
    """The arguments are wrong. The message names the argument and what is accepted."""

    usual_next_step = "Correct that and call again."


class NotAllowed(InvalidRequest):
    """A path, URL or host that the settings do not allow."""

    usual_next_step = "Use another path or URL."


class UnknownContinuation(InvalidRequest):
    """This caller has no continuation, artifact or job of this id."""

    usual_next_step = "get_job without an id lists the recent jobs and their files."


class Unsuitable(MediaError):
    """This backend or model cannot do the request, as is known before it is billed. `auto` tries the next one."""

    usual_next_step = "Ask for something else, or name another backend or none."


class NothingSuitable(MediaError):
    """No installed backend can do the request. `passed_over` has the reason for each, by name."""

    usual_next_step = "list_backends says what each one takes and what is missing."
    passed_over: Mapping[str, str] = {}

    def __init__(self, message: str, hint: str = "", *, passed_over: Mapping[str, str]) -> None:
        names: dict[str, list[str]] = {}
        for name, reason in passed_over.items():
            names.setdefault(reason, []).append(name)
        reasons = "; ".join(f"{', '.join(alike)}: {reason}" for reason, alike in names.items())
        super().__init__(f"{message} {reasons}." if reasons else message, hint, billed="no")
        self.passed_over = dict(passed_over)


class MissingKey(MediaError):
    """A backend has no key. `variables` are the environment variables that can hold one.

    `rejected` says that there is a key, which the provider does not accept; `words` are its own on that, as
    `error_words.clause` returns them.
    """

    usual_next_step = "Set the key and restart the server."
    variables: tuple[str, ...] = ()

    def __init__(self, backend: str, variables: Sequence[str], *, rejected: bool = False, words: str = "") -> None:
        message = f"{backend} {'does not accept its' if rejected else 'has no'} key{words}."
        fix = f"{'Correct' if rejected else 'Set'} {' or '.join(variables)} and restart the server."
        super().__init__(message, fix, billed="no")
        self.variables = tuple(variables)


class Misconfigured(MediaError):
    """A proxy, certificates or a base URL that cannot work, so that calling again does not help; nothing was sent.

    `variables` are the environment variables that may be wrong.
    """

    usual_next_step = "Correct the variable and restart the server; `mediasmith doctor` shows what it reads."
    variables: tuple[str, ...] = ()

    def __init__(self, message: str, hint: str = "", *, variables: Sequence[str] = ()) -> None:
        super().__init__(message, hint, billed="no")
        self.variables = tuple(variables)


class NotServed(Misconfigured):
    """The server at a base URL does not serve what was asked for, so that its other models do not help either."""

    usual_next_step = "Correct the base URL and restart the server, or name another backend."


class NotPermitted(MediaError):
    """The account may not do this with any model: it has to be verified, or its plan or its key does not include it."""

    usual_next_step = "Enable it in the account at the provider, or name another backend."

    def __init__(self, message: str, hint: str = "", *, billed: Billed | None = "no") -> None:
        super().__init__(message, hint, billed=billed)


class OverBudget(MediaError):
    """The estimate is above a limit of the caller or the settings, or there is a limit and no known price."""

    usual_next_step = "Ask for less, use draft, or raise the limit."


class Refused(MediaError):
    """The provider declined the content. `reason` is the provider's own word for why, if it gave one."""

    usual_next_step = "Change the prompt or the input files."
    reason: str = ""

    def __init__(self, message: str, hint: str = "", *, reason: str = "", billed: Billed | None = None) -> None:
        super().__init__(message, hint, billed=billed)
        self.reason = reason


class RateLimited(MediaError):
    """Too many requests. `retry_after` is the provider's advice in seconds, or None; the hint says it."""

    usual_next_step = "Wait a minute and call again, or name another backend."
    retry_after: float | None = None

    def __init__(
        self, message: str, hint: str = "", *, retry_after: float | None = None, billed: Billed | None = "no"
    ) -> None:
        if retry_after is not None and 0 < retry_after < math.inf and not hint:
            hint = f"Wait {format_seconds(retry_after)} and call again, or name another backend."
        super().__init__(message, hint, billed=billed)
        self.retry_after = retry_after


class OutOfCredit(MediaError):
    """The account's money or quota is used up."""

    usual_next_step = "Add credit at the provider, or name another backend."

    def __init__(self, message: str, hint: str = "", *, billed: Billed | None = "no") -> None:
        super().__init__(message, hint, billed=billed)


class ModelGone(MediaError):
    """The provider no longer serves this model, or not to this account."""

    usual_next_step = "Leave model out, or name one that list_backends shows."

    def __init__(self, message: str, hint: str = "", *, billed: Billed | None = "no") -> None:
        super().__init__(message, hint, billed=billed)


class StateGone(MediaError):
    """The provider no longer has what an edit continues from. Nothing was billed; the saved file is used instead."""

    usual_next_step = "Give the saved file as an input instead."

    def __init__(self, message: str, hint: str = "", *, billed: Billed | None = "no") -> None:
        super().__init__(message, hint, billed=billed)


class ProviderError(MediaError):
    """The provider failed, or its answer cannot be read.

    `answered` says that there was an `answer`: the work was done, and is not asked for again.
    """

    usual_next_step = "Call again, or name another backend."
    answered: bool = False

    def __init__(self, message: str, hint: str = "", *, billed: Billed | None = None, answer: bytes = b"") -> None:
        super().__init__(message, hint, billed=billed)
        self.answer = answer
        self.answered = bool(answer)


class Overloaded(ProviderError):
    """The provider or its model has too much to do just now, and turned the request away."""

    usual_next_step = "Wait a minute and call again, or name another backend."

    def __init__(self, message: str, hint: str = "", *, billed: Billed | None = "no") -> None:
        super().__init__(message, hint, billed=billed)


class Unreachable(MediaError):
    """No connection could be made (`billed="no"`), or it broke after the request was sent (`billed="unknown"`)."""

    usual_next_step = "Check the network connection and call again."


class TimedOut(MediaError):
    """Waiting ended. A job with a handle can still be collected."""

    usual_next_step = "Call again, or name another backend."


class Cancelled(MediaError):
    """The job was cancelled by its caller."""

    usual_next_step = "Call again if it is still wanted."
    _spent = _SPENT_WHEN_CANCELLED

    def __init__(
        self, message: str = "The job was cancelled.", hint: str = "", *, billed: Billed | None = None
    ) -> None:
        super().__init__(message, hint, billed=billed)


def format_seconds(seconds: float) -> str:
    """Return how long to wait, as a caller reads it, rounded up: "30 s", "5 minutes" or "3 hours"."""
    for unit, name in ((3600, "hours"), (60, "minutes")):
        if seconds >= 2 * unit:
            return f"{math.ceil(seconds / unit)} {name}"
    return f"{math.ceil(seconds)} s"


def error_record(error: MediaError) -> dict[str, str | None]:
    """Return an error as JSON for the library."""
    return {"type": type(error).__name__, "message": error.message, "hint": error.hint, "billed": error.billed}


def error_from_record(record: Any, *, job_id: str = "") -> MediaError:
    """Return the error of `error_record`'s JSON; other attributes of its class have their defaults.

    A record of an unknown type, or none at all, gives a plain `MediaError`.
    """
    fields: Mapping[str, Any] = record or {}
    kind = {known.__name__: known for known in _all(MediaError)}.get(fields.get("type", ""), MediaError)
    error = kind.__new__(kind)
    message = fields.get("message") or "It failed for an unknown reason."
    MediaError.__init__(error, message, fields.get("hint", ""), billed=fields.get("billed"))
    error.job_id = job_id
    return error


def _all(kind: type[MediaError]) -> Iterator[type[MediaError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _all(child)
