"""Turn what goes wrong over HTTP into the errors that callers see: transport, status, Retry-After, malformed bodies.

A backend's `explain` is usually two lines: `transport_error` for exceptions of httpx2 or httpx, `error_for_status` for
an answer. `Failed` takes `error_for_failed_work` instead. None of them imports an HTTP library.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from ssl import SSLCertVerificationError, SSLError
from typing import Any
from urllib.parse import urlsplit

from mediasmith.plugin.error_words import answer_text, clause, is_page
from mediasmith.plugin.errors import (
    Billed,
    InvalidRequest,
    MediaError,
    Misconfigured,
    MissingKey,
    ModelGone,
    NotPermitted,
    NotServed,
    OutOfCredit,
    Overloaded,
    ProviderError,
    RateLimited,
    Refused,
    TimedOut,
    Unreachable,
)

_BAD_REQUEST, _FORBIDDEN = 400, 403
_NOT_CONNECTED = {"ConnectError", "ConnectTimeout"}
_MALFORMED = {"DecodingError", "TooManyRedirects", "JSONDecodeError", "ResponseNotRead"}
_BAD_ADDRESS = {"InvalidURL", "UnsupportedProtocol", "LocalProtocolError"}
_LIBRARIES = {"httpx", "httpx2", "httpcore", "httpcore2", "socksio"}

_NO_TLS = {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG"}
"""OpenSSL's words for an answer that is no TLS, such as one in plain HTTP."""

_ASKS_FOR_TLS = re.compile(rb"[^{\[]{,1000}?https\b", re.IGNORECASE | re.DOTALL)
"""What web servers, in their own words or pages, answer with where TLS is expected; an API answers in JSON."""

_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")
_WRONG_ADDRESS = "Check the base URL and the proxy, where they are set, and whether this network wants a login."
_PROXY_IN_USE = f"Check the proxy that {', '.join(_PROXIES[:-1])} or {_PROXIES[-1]} names"


def error_for_status(  # noqa: C901, PLR0911 - one row for each meaning
    status: int, name: str, *, keys: Sequence[str] = (), detail: str = "", retry_after: float | None = None
) -> MediaError:
    """Return what an HTTP status means, for an answer whose own codes say no more.

    `name` is the provider's title, `keys` are its variables, `detail` is its own text and `retry_after` its advice in
    seconds. An error on the provider's side may have been billed, except for 503, which turns the request away. A
    redirect is not followed.
    """
    words = clause(detail)
    match status:
        case 400 | 413 | 415 | 422:
            return InvalidRequest(f"{name} does not accept the request ({status}){words}.", billed="no")
        case 401:
            return MissingKey(name, keys, rejected=True, words=words)
        case 402:
            return OutOfCredit(f"The account at {name} has no credit left{words}.")
        case 403:
            return NotPermitted(f"{name} does not allow this account to do that{words}.")
        case 404:
            return ModelGone(f"{name} does not know this model{words}.")
        case 301 | 302 | 307 | 308 | 405 | 501:
            return NotServed(
                f"What is at the address of {name} does not take requests ({status}){words}.",
                _WRONG_ADDRESS,
            )
        case 407:
            return Misconfigured(
                f"A proxy on the way to {name} wants a login (407){words}.",
                f"{_PROXY_IN_USE}, and restart the server.",
                variables=_PROXIES,
            )
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
    status, words = response.status_code, answer_text(response.content)
    if status == _BAD_REQUEST and _ASKS_FOR_TLS.match(response.content) and response.request.url.scheme == "http":
        return Misconfigured(
            f"{name} answers with TLS alone at this address (400{clause(words)}).",
            "Write its base URL with https://, and restart the server.",
        )
    return blocked_by_page(status, name, response.content) or error_for_status(
        status, name, keys=keys, detail=words, retry_after=retry_after(response.headers)
    )


def blocked_by_page(status: int, name: str, body: object) -> NotServed | None:
    """Return the error for a 403 whose body is a web page, or None: what sent it is not the provider `name`."""
    if status != _FORBIDDEN or not is_page(body):
        return None
    words = clause(answer_text(_to_bytes(body)))
    return NotServed(f"A web page came instead of an answer of {name} (403){words}.", _WRONG_ADDRESS)


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

    Only where no connection was made is it certain that nothing was billed. What the user's network itself raised
    instead of connecting is returned as it is.
    """
    if isinstance(error, MediaError):
        return error
    if error is None or type(error).__module__.partition(".")[0] not in _LIBRARIES:
        return None
    names = {kind.__name__ for kind in type(error).__mro__}
    found: MediaError = _broken(error, name)
    if tls := tls_error(error, name):
        found = tls
    elif names & {"ProxyError", "SOCKSError"}:
        found = _proxy_error(error, name)
    elif names & _NOT_CONNECTED:
        found = unreachable_error(name)
    elif "PoolTimeout" in names:
        found = Unreachable(f"Too many requests to {name} are under way.", billed="no")
    elif "TimeoutException" in names:
        found = TimedOut(f"{name} did not answer in time.")
    elif names & _BAD_ADDRESS:
        found = Misconfigured(f"The base URL of {name} is not a valid address.", "Correct it, and restart the server.")
    elif names & _MALFORMED:
        found = malformed(name)
    return found


def _broken(error: Any, name: str) -> Unreachable:
    """Return the error for a connection that broke; a server with TLS hangs up on a request without."""
    message = f"The connection to {name} broke before the whole answer had come"
    with suppress(AttributeError, RuntimeError):  # not every exception has its request
        if error.request.url.scheme == "http":
            message = f"{message}; if TLS is expected there, its base URL begins with https://"
    return Unreachable(f"{message}.")


def tls_error(error: BaseException, name: str) -> Misconfigured | None:
    """Return the error for a connection to `name` over which TLS cannot work, or None for any other.

    Its certificate was not accepted, or there is no TLS at this address.
    """
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, SSLError):
        cause = cause.__cause__ or cause.__context__
    if cause is not None and cause.reason in _NO_TLS:
        return Misconfigured(
            f"{name} does not answer with TLS at this address.",
            "If it is an engine or gateway without TLS, write its base URL with http://; otherwise check the port. "
            "Then restart the server.",
        )
    if not isinstance(cause, SSLCertVerificationError):
        return None
    return Misconfigured(
        f"The certificate of {name} is not accepted{clause(str(getattr(cause, 'verify_message', '')))}.",
        "If a proxy or gateway on the way signs with certificates of its own, name the file that has them, in PEM, in "
        "SSL_CERT_FILE, and restart the server. Otherwise check the clock of this machine, and the base URL where one "
        "is set.",
        variables=["SSL_CERT_FILE"],
    )


def _proxy_error(error: BaseException, name: str) -> MediaError:
    """Return the error for a proxy that refused a connection.

    The exception has no type for the reason: an HTTP proxy's begins with its status, and a SOCKS proxy's says whether
    it tried to connect.
    """
    words = str(error) if type(error).__name__ == "ProxyError" else "it does not speak SOCKS5"
    if words[:3].isdecimal():
        words = f"status {words[:3]}"  # without what the proxy says about it
    message = f"The proxy refused the connection to {name}{clause(words)}."
    if words.startswith(("status 5", "Proxy Server could not connect")):
        return Unreachable(message, f"{_PROXY_IN_USE}, and the base URL where one is set.", billed="no")
    return Misconfigured(message, f"{_PROXY_IN_USE}, and restart the server.", variables=_PROXIES)


def unreachable_error(name: str) -> Unreachable:
    """Return the error for a connection to `name` that was not made, so that nothing was sent."""
    return Unreachable(
        f"{name} cannot be reached.",
        "Check the network and the proxy, if HTTPS_PROXY or ALL_PROXY names one, and the base URL where one is set.",
        billed="no",
    )


def not_served(name: str, url: str, *, own_url: str, variables: Sequence[str], detail: str = "") -> NotServed:
    """Return the error for a 404 that is not about a model, from a server that a base URL names.

    `url` is what was asked, `own_url` the provider's own base URL, and `variables` are those that set another.
    """
    shown = shown_url(url)
    end = urlsplit(own_url).path
    lacks = f" It usually ends with {end}." if end and end not in urlsplit(url).path else ""
    return NotServed(
        f"There is nothing at {shown} (404{clause(detail)}), where the base URL of {name} leads.",
        f"Correct {' or '.join(variables)} and restart the server.{lacks} {name}'s own is {own_url}.",
        variables=variables,
    )


def is_about(word: str, text: str, url: str) -> bool:
    """Return whether the text of a 404 is about a `word`, rather than about the address, which it may repeat.

    Servers that only look like the provider's have no codes for it, so that their words decide.
    """
    path = urlsplit(url).path
    return word in text.replace(path, "").replace(path.lstrip("/"), "").lower()


def shown_url(url: str) -> str:
    """Return a URL without what may be secret: user name, password and query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def malformed(name: str, answer: object = None) -> ProviderError:
    """Return the error for an answer that lacks what it must hold.

    `answer` is its body, as bytes, text or JSON: the error says what the provider has to say there, and the server
    keeps it as a file if it may have been paid for.
    """
    body = _to_bytes(answer)
    words = clause(answer_text(body))
    if is_page(body):
        return ProviderError(f"A web page came instead of an answer of {name}{words}.", _WRONG_ADDRESS, answer=body)
    what = f"answered, but without a result{words}" if words else "sent an answer that cannot be read"
    return ProviderError(f"{name} {what}.", answer=body)


def _to_bytes(answer: object) -> bytes:
    if isinstance(answer, bytes):
        return answer
    if isinstance(answer, str):
        return answer.encode(errors="replace")
    return b"" if answer is None else json.dumps(answer, default=str).encode()


@contextmanager
def reading(name: str, answer: object = None) -> Generator[None]:
    """Raise `malformed` for any error in a block that reads an answer.

    `answer` is the body that it reads; a ProviderError that the block itself raises gets it, too.
    """
    try:
        yield
    except ProviderError as error:
        error.answer = error.answer or _to_bytes(answer)
        raise
    except (AttributeError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise malformed(name, answer) from error


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
