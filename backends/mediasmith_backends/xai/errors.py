"""What went wrong, by gRPC's status codes."""

from __future__ import annotations

from typing import Any

from mediasmith.plugin.errors import (
    Billed,
    InvalidRequest,
    MediaError,
    MissingKey,
    ModelGone,
    OutOfCredit,
    ProviderError,
    RateLimited,
    Refused,
    TimedOut,
    Unreachable,
)

TITLE = "xAI"
"""How messages call the provider."""

KEYS = ("XAI_API_KEY",)
"""The variables of which one signs in."""

ANEW = "See the charges at https://console.x.ai, then ask again."
"""What to do when there is nothing of what was asked for."""

_ACCOUNT = "See the credits, the limits and the key's permissions at https://console.x.ai."
_LONGEST = 300  # characters of the provider's own words

# The service has one status for wrong words, declined content and unknown keys, and one for haste and spent credits,
# with nothing else that a program could tell them by. So the text decides, here alone; what it does not say stays what
# the status says.
_DECLINED = ("moderation", "usage guidelines", "safety_check")
_WRONG_KEY = "incorrect api key"
_SPENT = "credits"

_TOO_LARGE = "message larger than max"
"""What gRPC itself says, with the status of a rate limit, of a message that it does not send or take."""


def explain(error: Exception) -> MediaError | None:
    """What an exception of the SDK, or of what it stands on, means."""
    if isinstance(error, UnicodeEncodeError):
        return InvalidRequest("The prompt holds characters that cannot be sent.", billed="no")
    if not type(error).__module__.startswith("grpc"):
        return None
    from grpc.aio import AioRpcError  # noqa: PLC0415 - heavy: the SDK loads it

    if not isinstance(error, AioRpcError):
        return Unreachable(f"The connection to {TITLE} broke.")
    code, text = error.code().name, error.details() or ""
    return _by_words(code, text) or _by_code(code, text, _advice(error))


def nonsense() -> ProviderError:
    """What is said of an answer that does not hold what it must."""
    return ProviderError(f"{TITLE} sent an answer that makes no sense.")


def failed(code: str, text: str, billed: Billed) -> MediaError:
    """What the code of work that failed means, which had been accepted."""
    said = _said(text)
    match code.lower():
        case "permission_denied":
            error = _declined(said)
        case "invalid_argument" | "failed_precondition":
            error = (
                _declined(said) if _is_declined(text) else InvalidRequest(f"{TITLE} could not use the request{said}.")
            )
        case _:
            error = ProviderError(f"{TITLE} could not make it{said}.", ANEW)
    error.billed = billed
    return error


def _by_words(code: str, text: str) -> MediaError | None:
    said, words = _said(text), text.lower()
    match code:
        case "INVALID_ARGUMENT" | "PERMISSION_DENIED" if _is_declined(text):
            return _declined(said)
        case "INVALID_ARGUMENT" if _WRONG_KEY in words:
            return MissingKey(TITLE, KEYS, rejected=True)
        case "RESOURCE_EXHAUSTED" if _SPENT in words:
            return OutOfCredit(f"The account at {TITLE} has no credit left{said}.", _ACCOUNT)
        case "RESOURCE_EXHAUSTED" if _TOO_LARGE in words:
            return _too_large(words)
        case _:
            return None


def _by_code(code: str, text: str, wait: float | None) -> MediaError:
    said = _said(text)
    match code:
        case "INVALID_ARGUMENT" | "FAILED_PRECONDITION" | "OUT_OF_RANGE":
            return InvalidRequest(f"{TITLE} does not accept the request{said}.", billed="no")
        case "UNAUTHENTICATED":
            return MissingKey(TITLE, KEYS, rejected=True)
        case "PERMISSION_DENIED":  # it is also how a team learns that its credits are spent
            return OutOfCredit(f"{TITLE} does not let this account do that{said}.", _ACCOUNT)
        case "RESOURCE_EXHAUSTED":
            return RateLimited(f"{TITLE} is asked too often{said}.", retry_after=wait)
        case "NOT_FOUND":
            return ModelGone(f"{TITLE} does not have what was asked for{said}.")
        case "DEADLINE_EXCEEDED":
            return TimedOut(f"{TITLE} did not answer in time.")
        case "UNAVAILABLE":
            return Unreachable(f"The connection to {TITLE} broke, or it is overloaded.")
        case "UNIMPLEMENTED":
            return ProviderError(f"What answers as {TITLE} does not offer this.", billed="no")
        case _:
            return ProviderError(f"{TITLE} failed ({code.lower().replace('_', ' ')}).")


def _is_declined(text: str) -> bool:
    return any(word in text.lower() for word in _DECLINED)


def _declined(said: str) -> Refused:
    hint = "Ask for something else, or in other words."
    return Refused(f"{TITLE} declined to make this{said}.", hint, reason=said.removeprefix(": "))


def _too_large(words: str) -> MediaError:
    if "client: received" in words:
        return ProviderError(f"The answer of {TITLE} is too large.")
    return InvalidRequest(f"The files are too large to be sent to {TITLE} in one request.", billed="no")


def _said(text: str) -> str:
    """The provider's own words, as they follow a sentence."""
    words = " ".join(text.split())[:_LONGEST].rstrip(" .")
    return f": {words}" if words else ""


def _advice(error: Any) -> float | None:
    """How many seconds to wait, where it is told."""
    try:
        return max(0.0, float(error.trailing_metadata()["retry-after"]))
    except (KeyError, TypeError, ValueError):
        return None
