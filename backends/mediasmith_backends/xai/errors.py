"""Turn gRPC's status codes, and xAI's own words where codes say too little, into the errors that callers see."""

from __future__ import annotations

from http import HTTPStatus

from mediasmith.plugin.error_words import clause
from mediasmith.plugin.errors import (
    Billed,
    InvalidRequest,
    MediaError,
    Misconfigured,
    MissingKey,
    NotServed,
    OutOfCredit,
    ProviderError,
    Refused,
    Unreachable,
)
from mediasmith.plugin.http_errors import error_for_failed_work, error_for_status, retry_after

TITLE = "xAI"
"""The provider's name in messages."""

KEYS = ("XAI_API_KEY",)
"""The variables that hold its key."""

BASE_URL = "MEDIASMITH_XAI_BASE_URL"
"""The variable of another base URL."""

CHECK_CHARGES = "Look at the charges on https://console.x.ai before you ask again."
"""What to do when the request may have been billed and there is no result."""

_ACCOUNT = "Look at the credits, limits and key permissions on https://console.x.ai."
_REPHRASE = "Ask for something else, or word it differently."

# One status stands for wrong arguments, declined content and unknown keys, and one for rate limits and spent credits;
# nothing else in an error tells them apart. So the text decides, here alone; all else is decided by the status.
_DECLINED = ("moderation", "usage guidelines", "safety_check")
_WRONG_KEY = "incorrect api key"
_SPENT = "credits"

_UNTRUSTED = ("CERTIFICATE_VERIFY_FAILED", "Verification Check failed")
_REFUSED_BY_PROXY = "HTTP proxy returned response code 4"
"""gRPC's own words for why it has no connection; it has no status for any of it."""

_TOO_LARGE = "message larger than max"
"""gRPC's own words, with the status of a rate limit, for a message that is too large to be sent or received."""

_HTTP_STATUS = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "OUT_OF_RANGE": 400,
    "UNAUTHENTICATED": 401,
    "NOT_FOUND": 404,
    "RESOURCE_EXHAUSTED": 429,
    "DEADLINE_EXCEEDED": 504,
}
"""The statuses of gRPC that mean what one of HTTP means."""


def explain(error: Exception) -> MediaError | None:
    """Return what an exception of gRPC or protobuf means, or None for any other exception."""
    if isinstance(error, UnicodeEncodeError):
        return InvalidRequest("The prompt has characters that cannot be sent.", billed="no")
    if not type(error).__module__.startswith("grpc"):
        return None
    from grpc.aio import AioRpcError  # noqa: PLC0415 - heavy: the SDK loads it

    if not isinstance(error, AioRpcError):
        return _broken()
    code, text = error.code().name, error.details() or ""
    pause = retry_after({str(name): str(value) for name, value in error.trailing_metadata() or ()})
    return _error_for_text(code, text) or _error_for_code(code, text, pause)


def connection_error(words: str, hint: str) -> MediaError:
    """Return the error for a connection that was not made; `words` are gRPC's own for why, if it said so."""
    if any(sign in words for sign in _UNTRUSTED):
        return Misconfigured(f"The certificate of {TITLE} is not accepted.", hint, variables=["SSL_CERT_FILE"])
    if _REFUSED_BY_PROXY in words:
        status = words.rpartition(_REFUSED_BY_PROXY)[2][:2]
        return Misconfigured(
            f"The proxy refused the connection to {TITLE} (status 4{status}).",
            hint,
            variables=["HTTPS_PROXY", "ALL_PROXY"],
        )
    return Unreachable(f"{TITLE} cannot be reached.", hint, billed="no")


def error_for_failed_video(code: str, text: str, billed: Billed) -> MediaError:
    """Return what the error code of a video that was accepted and then failed means."""
    wrong_request = code.lower() in {"invalid_argument", "failed_precondition"}
    if code.lower() == "permission_denied" or (wrong_request and _is_declined(text)):
        error = _declined(clause(text))
        error.billed = billed
        return error
    status, hint = (HTTPStatus.BAD_REQUEST, "") if wrong_request else (None, CHECK_CHARGES)
    return error_for_failed_work(TITLE, text, what="the video", status=status, hint=hint, billed=billed)


def withheld(what: str, billed: Billed) -> Refused:
    """Return the error for a result that xAI generated and its moderation held back."""
    return Refused(
        f"{TITLE} generated the {what} and withheld it because it violates the usage guidelines.",
        _REPHRASE,
        reason="moderation",
        billed=billed,
    )


def empty(what: str, billed: Billed, answer: bytes = b"") -> ProviderError:
    """Return the error for an answer without a file that can be used; `answer` is what there is instead."""
    return ProviderError(f"{TITLE} answered without a usable {what}.", CHECK_CHARGES, billed=billed, answer=answer)


def _error_for_text(code: str, text: str) -> MediaError | None:
    words = text.lower()
    match code:
        case "INVALID_ARGUMENT" | "PERMISSION_DENIED" if _is_declined(text):
            return _declined(clause(text))
        case "INVALID_ARGUMENT" if _WRONG_KEY in words:
            return MissingKey(TITLE, KEYS, rejected=True, words=clause(text))
        case "RESOURCE_EXHAUSTED" if _SPENT in words:
            return OutOfCredit(f"The account at {TITLE} has no credit left{clause(text)}.", _ACCOUNT)
        case "RESOURCE_EXHAUSTED" if _TOO_LARGE in words:
            return _too_large(words)
        case _:
            return None


def _error_for_code(code: str, text: str, pause: float | None) -> MediaError:
    match code:
        case "PERMISSION_DENIED":  # this is also how an account learns that it has no credit
            return OutOfCredit(f"{TITLE} does not allow this account to do that{clause(text)}.", _ACCOUNT)
        case "UNAVAILABLE":
            return _broken()
        case "UNIMPLEMENTED":
            return NotServed(
                f"The server at the base URL of {TITLE} does not offer this.",
                f"Correct {BASE_URL} and restart the server.",
                variables=[BASE_URL],
            )
        case _ if code in _HTTP_STATUS:
            return error_for_status(_HTTP_STATUS[code], TITLE, keys=KEYS, detail=text, retry_after=pause)
        case _:
            return ProviderError(f"{TITLE} failed ({code.lower().replace('_', ' ')}).")


def _broken() -> Unreachable:
    return Unreachable(f"The connection to {TITLE} broke, or {TITLE} is overloaded.")


def _is_declined(text: str) -> bool:
    return any(word in text.lower() for word in _DECLINED)


def _declined(words: str) -> Refused:
    return Refused(f"{TITLE} declined to generate this{words}.", _REPHRASE, reason=words.removeprefix(": "))


def _too_large(words: str) -> MediaError:
    if "client: received" in words:
        return ProviderError(f"The answer of {TITLE} is too large to be received.")
    return InvalidRequest(f"The files are too large to be sent to {TITLE} in one request.", billed="no")
