"""Turn what goes wrong over HTTP into the errors that callers see: transport, status, Retry-After, malformed bodies.

A backend's `explain` is usually two lines: `transport_error` for exceptions of httpx2 or httpx, `error_for_status` for
an answer. `Failed` takes `error_for_failed_work` instead. None of them imports an HTTP library.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, cast

from mediasmith.plugin.errors import (
    Billed,
    InvalidRequest,
    MediaError,
    MissingKey,
    ModelGone,
    NotPermitted,
    OutOfCredit,
    Overloaded,
    ProviderError,
    RateLimited,
    Refused,
    TimedOut,
    Unreachable,
)

_LONGEST = 300
"""Characters of a provider's own words that a message repeats."""

_NOT_CONNECTED = {"ConnectError", "ConnectTimeout", "ProxyError"}
_MALFORMED = {"DecodingError", "TooManyRedirects", "JSONDecodeError", "ResponseNotRead"}
_BAD_ADDRESS = {"InvalidURL", "UnsupportedProtocol", "LocalProtocolError"}


def error_for_status(  # noqa: PLR0911 - one row for each meaning
    status: int, name: str, *, keys: Sequence[str] = (), detail: str = "", retry_after: float | None = None
) -> MediaError:
    """Return what an HTTP status means, for an answer whose own codes say no more.

    `name` is the provider's title, `keys` are its variables, `detail` is its own text and `retry_after` its advice in
    seconds. An error on the provider's side may have been billed, except for 503, which turns the request away.
    """
    words = clause(detail)
    match status:
        case 400 | 413 | 415 | 422:
            return InvalidRequest(f"{name} does not accept the request ({status}){words}.", billed="no")
        case 401:
            return MissingKey(name, keys, rejected=True)
        case 402:
            return OutOfCredit(f"The account at {name} has no credit left{words}.")
        case 403:
            return NotPermitted(f"{name} does not allow this account to do that{words}.")
        case 404:
            return ModelGone(f"{name} does not know this model{words}.")
        case 408 | 504:
            return TimedOut(f"{name} did not answer in time{words}.")
        case 429:
            return RateLimited(f"{name} has received too many requests{words}.", retry_after=retry_after)
        case 451:
            return Refused(f"{name} declined to make this{words}.", billed="no")
        case 503:
            return Overloaded(f"{name} is overloaded{words}.")
        case _:
            return ProviderError(f"{name} answered with status {status}{words}.")


def error_for_response(response: Any, name: str, *, keys: Sequence[str] = ()) -> MediaError:
    """Return what an error answer means by its status, its own words and its Retry-After.

    `response` is one of httpx2 or httpx whose body was read.
    """
    body: object = None
    with suppress(ValueError, RecursionError):
        body = response.json()
    return error_for_status(
        response.status_code, name, keys=keys, detail=error_text(body), retry_after=retry_after(response.headers)
    )


def error_for_failed_work(  # noqa: PLR0913 - what happened to what, each by name
    name: str,
    detail: str = "",
    *,
    what: str = "this",
    status: int | None = None,
    hint: str = "",
    billed: Billed = "unknown",
) -> MediaError:
    """Return the error for work that the provider accepted and then failed, as `Failed` holds it.

    `detail` is the provider's own text, `what` is what was to be generated, and `status` is that of the answer which
    says so, if there is one that means more than failure: 400, 413, 415 and 422 are the request's fault, 451 is a
    refusal. Such work may have been billed; pass `billed` only where the answer says it.
    """
    words = clause(detail)
    match status:
        case 400 | 413 | 415 | 422:
            return InvalidRequest(f"{name} could not use the request for {what}{words}.", hint, billed=billed)
        case 451:
            return Refused(f"{name} declined to make {what}{words}.", hint, billed=billed)
        case _:
            return ProviderError(f"{name} could not finish {what}{words}.", hint, billed=billed)


def transport_error(error: BaseException | None, name: str) -> MediaError | None:
    """Return what an exception of httpx2 or httpx means, or None for any other exception.

    Only where no connection was made is it certain that nothing was billed.
    """
    if error is None or type(error).__module__.partition(".")[0] not in {"httpx", "httpx2", "httpcore", "httpcore2"}:
        return None
    names = {kind.__name__ for kind in type(error).__mro__}
    found: MediaError = Unreachable(f"The connection to {name} broke before the whole answer had come.")
    if names & _NOT_CONNECTED:
        found = unreachable_error(name)
    elif "PoolTimeout" in names:
        found = Unreachable(f"Too many requests to {name} are under way.", billed="no")
    elif "TimeoutException" in names:
        found = TimedOut(f"{name} did not answer in time.")
    elif names & _BAD_ADDRESS:
        found = Unreachable(f"The base URL of {name} is not a valid address.", billed="no")
    elif names & _MALFORMED:
        found = malformed(name)
    return found


def unreachable_error(name: str) -> Unreachable:
    """Return the error for a connection to `name` that was not made, so that nothing was sent."""
    return Unreachable(
        f"{name} cannot be reached.", "Check the network and the proxy, and the base URL where one is set.", billed="no"
    )


def malformed(name: str) -> ProviderError:
    """Return the error for an answer that lacks what it must hold."""
    return ProviderError(f"{name} sent an answer that cannot be read.")


@contextmanager
def reading(name: str) -> Generator[None]:
    """Raise `malformed` for whatever a block that reads an answer stumbles over."""
    try:
        yield
    except (AttributeError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise malformed(name) from error


@contextmanager
def not_billed(explain: Callable[[Exception], MediaError | None]) -> Generator[None]:
    """Mark what fails in this block as not billed: it comes before the paying request. `explain` is the backend's."""
    try:
        yield
    except Exception as error:
        known = error if isinstance(error, MediaError) else explain(error)
        if known is None:
            raise
        known.billed = "no"
        raise known from error


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the pause in seconds that an answer asks for, or None.

    Reads `retry-after-ms` and `retry-after`, which is a number of seconds or a date; a date counts from `date`.
    """
    for header, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        with suppress(KeyError, ValueError):
            seconds = float(headers[header]) * unit
            return seconds if 0 <= seconds < math.inf else None
    with suppress(KeyError, ValueError, TypeError):
        return max(0.0, (_date(headers, "retry-after") - _date(headers, "date")).total_seconds())
    return None


def _date(headers: Mapping[str, str], name: str) -> datetime:
    return parsedate_to_datetime(headers[name])


def error_text(body: object) -> str:
    """Return the provider's own words in an error answer's JSON, or "".

    Providers write them as `error.message`, `error`, `message`, or `detail`: a text, or a list of what is wrong, of
    which each may name its field as the last part of `loc`.
    """
    if isinstance(body, str):
        return body
    if isinstance(body, list):
        return "; ".join(filter(None, map(error_text, cast("list[object]", body)[:3])))
    if isinstance(body, Mapping):
        entries = cast("Mapping[str, object]", body)
        words = next(filter(None, (error_text(entries.get(key)) for key in ("error", "message", "detail", "msg"))), "")
        location = entries.get("loc")
        return f"{location[-1]}: {words}" if words and isinstance(location, list) and location else words
    return ""


def clause(text: str) -> str:
    """Return a provider's own words as the end of a sentence (": words"), cut to 300 characters, or ""."""
    short = " ".join(text.split()).rstrip(".")[:_LONGEST]
    return f": {short}" if short else ""
