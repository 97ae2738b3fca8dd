"""What goes wrong, told by status, code and type. The SDK has two families of errors, and lets its transport's pass."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

from pydantic import ValidationError

from mediasmith.plugin.errors import (
    InvalidRequest,
    MediaError,
    MissingKey,
    ProviderError,
    Refused,
    TimedOut,
    Unreachable,
    Unsuitable,
)
from mediasmith.plugin.http_errors import error_for_status, unreachable_error
from mediasmith_backends.google.modes import API_KEYS

TITLE = "Google"
"""What callers read as its name."""

CREDENTIALS = ("GOOGLE_APPLICATION_CREDENTIALS",)
"""What names the account in enterprise mode."""

_BAD_KEY = {"API_KEY_INVALID", "API_KEY_SERVICE_BLOCKED", "API_KEY_IP_ADDRESS_BLOCKED", "ACCESS_TOKEN_EXPIRED"}
"""Reasons in an error's details that speak of the key."""

NOT_FOUND = 404
"""The status of what is not there."""

_HERE = "FAILED_PRECONDITION"
"""The status that says: not for this account, or not in its country."""


def explain(error: Exception) -> MediaError | None:
    """An exception of the SDK, or of what it stands on, as the server tells it."""
    module = type(error).__module__
    if module.startswith("google.genai"):
        return _of_sdk(error)
    if module.startswith("google.auth"):
        return _of_sign_in(error)
    if module.startswith("httpx2"):
        return _of_transport(error)
    if isinstance(error, ValidationError | RecursionError):
        return _nonsense()
    if isinstance(error, UnicodeEncodeError) and error.encoding == "ascii":  # a header; of those only the key is free
        return MissingKey(TITLE, API_KEYS, rejected=True)
    return None


def status_of(error: Exception) -> int:
    """The HTTP status that an error of either family carries, or 0."""
    found = getattr(error, "status_code", None) or getattr(error, "code", None)
    return found if isinstance(found, int) else 0


def refused(reasons: Iterable[str]) -> Refused:
    """It was not made, on purpose. Of the reasons the first that says anything is told."""
    reason = next((text.strip() for text in reasons if text.strip()), "")
    words = f": {reason.rstrip('.')}" if reason else " and did not say why"
    hint = "Ask for something else, or in other words."
    # An answer that holds something back does not say whether that was charged.
    return Refused(f"{TITLE} declined to make this{words}.", hint, reason=reason, billed="unknown")


@contextmanager
def sense() -> Generator[None]:
    """An answer that the SDK stumbles over in this block makes no sense."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _nonsense() from error


def _nonsense() -> ProviderError:
    return ProviderError(f"{TITLE} sent an answer that makes no sense.")


def _of_sdk(error: Exception) -> MediaError:
    status = status_of(error)
    if status >= 400:  # noqa: PLR2004 - where errors begin
        return _of_answer(error, status)
    cause = error.__cause__
    if isinstance(cause, Exception) and type(cause).__module__.startswith("httpx2"):
        return _of_transport(cause)
    return _nonsense()


def _of_answer(error: Exception, status: int) -> MediaError:
    told = _told(error)
    details = _mappings(told.get("details"))
    reasons = {str(detail.get("reason")) for detail in details}
    keys = CREDENTIALS if _is_token(error) else API_KEYS
    if reasons & _BAD_KEY:
        return MissingKey(TITLE, keys, rejected=True)
    said = told.get("message")
    words = said if isinstance(said, str) else ""
    if status == 400 and told.get("status") == _HERE:  # noqa: PLR2004 - Bad Request
        return Unsuitable(f"{TITLE} does not do that for this account: {words.strip().rstrip('.')}.", billed="no")
    return error_for_status(status, TITLE, keys=keys, detail=words, retry_after=_pause(error, details))


def _told(error: Exception) -> Mapping[str, object]:
    """The `error` object of an answer's body, wherever this family keeps it."""
    body: object = getattr(error, "body", None) or getattr(error, "details", None)
    if isinstance(body, list) and body:
        body = cast("Sequence[object]", body)[0]
    inner = cast("Mapping[str, object]", body).get("error") if isinstance(body, Mapping) else None
    return cast("Mapping[str, object]", inner) if isinstance(inner, Mapping) else {}


def _mappings(value: object) -> list[Mapping[str, object]]:
    listed = cast("Sequence[object]", value) if isinstance(value, list) else ()
    return [cast("Mapping[str, object]", one) for one in listed if isinstance(one, Mapping)]


def _is_token(error: Exception) -> bool:
    request: Any = getattr(getattr(error, "response", None), "request", None)
    return request is not None and "authorization" in request.headers


def _pause(error: Exception, details: Sequence[Mapping[str, object]]) -> float | None:
    """How many seconds to wait, as the body says or else a header."""
    headers: Any = getattr(getattr(error, "response", None), "headers", {})
    for text in (*(detail.get("retryDelay") for detail in details), headers.get("retry-after")):
        try:
            return max(0.0, float(str(text).removesuffix("s")))
        except ValueError:
            continue
    return None


def _of_sign_in(error: Exception) -> MediaError:
    from google.auth import exceptions  # noqa: PLC0415 - heavy: the SDK's own sign-in

    if isinstance(error, exceptions.TransportError):
        return unreachable_error(f"The sign-in of {TITLE}")
    return MissingKey(TITLE, CREDENTIALS, rejected=True)


def _of_transport(error: Exception) -> MediaError:
    import httpx2  # noqa: PLC0415 - heavy: needed with the SDK only

    match error:
        case httpx2.ConnectError() | httpx2.ConnectTimeout() | httpx2.PoolTimeout():
            return unreachable_error(TITLE)
        case httpx2.TimeoutException():
            return TimedOut(f"{TITLE} did not answer in time.")
        case httpx2.InvalidURL() | httpx2.UnsupportedProtocol() | httpx2.LocalProtocolError():
            return InvalidRequest(f"The address or the key of {TITLE} cannot be sent.", billed="no")
        case httpx2.DecodingError():
            return _nonsense()
        case _:
            return Unreachable(f"The connection to {TITLE} broke.")
