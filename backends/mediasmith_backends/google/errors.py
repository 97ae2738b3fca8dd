"""Turn exceptions into errors that callers see, by HTTP status, error code and exception type.

The SDK has two unrelated families of exceptions, one for interactions and one for everything else, and lets those of
its HTTP client pass through.
"""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import urlsplit

from pydantic import Field, ValidationError

from mediasmith.plugin.error_words import clause, error_text
from mediasmith.plugin.errors import MediaError, MissingKey, NotPermitted, ProviderError, Refused
from mediasmith.plugin.http_answers import Answer, Lenient
from mediasmith.plugin.http_errors import (
    blocked_by_page,
    error_for_status,
    is_about,
    malformed,
    not_served,
    retry_after,
    transport_error,
    unreachable_error,
)
from mediasmith_backends.google.sign_in import API_KEYS, CREDENTIALS, GEMINI_URL, OWN_URL, TITLE, VERTEX_URL

_KEY_REASONS = {"API_KEY_INVALID", "API_KEY_SERVICE_BLOCKED", "API_KEY_IP_ADDRESS_BLOCKED", "ACCESS_TOKEN_EXPIRED"}
"""Reasons in an error's details that are about the key."""

_PRECONDITION = "FAILED_PRECONDITION"
"""The status of what this account, or an account in its country, may not do."""

_LOOKUPS = ("/interactions/", ":fetchPredictOperation")
"""Parts of the paths at which accepted work is looked up."""


class _Detail(Answer):
    reason: Lenient[str] = None
    retry_delay: Lenient[str] = Field(default=None, alias="retryDelay")


class _Problem(Answer):
    """The `error` object of an answer."""

    code: Any = None
    message: Lenient[str] = None
    status: Lenient[str] = None
    details: Lenient[list[Lenient[_Detail]]] = None

    @property
    def known_details(self) -> list[_Detail]:
        return [detail for detail in self.details or () if detail]

    @property
    def retry_delay(self) -> float | None:
        """The pause in seconds that the details ask for."""
        for detail in self.known_details:
            try:
                return max(0.0, float((detail.retry_delay or "").removesuffix("s")))
            except ValueError:
                continue
        return None


class _Body(Answer):
    error: Lenient[_Problem] = None


def explain(error: Exception) -> MediaError | None:
    """Return what an exception of the SDK, of Google's sign-in or of the HTTP client means."""
    module = type(error).__module__
    if module.startswith("google.genai"):
        return _sdk_error(error)
    if module.startswith("google.auth"):
        return _sign_in_error(error)
    if isinstance(error, ValidationError | RecursionError):
        return malformed(TITLE)
    return transport_error(error, TITLE)


def status_of(error: Exception) -> int:
    """Return the HTTP status of an exception of either family, or 0."""
    found = getattr(error, "status_code", None) or getattr(error, "code", None)
    return found if isinstance(found, int) else 0


def refused(reasons: Iterable[str]) -> Refused:
    """Return the error for content that Google declined to make; the first of `reasons` that is not blank is shown."""
    reason = next((text.strip() for text in reasons if text.strip()), "")
    words = clause(reason) or " and gave no reason"
    # No answer says whether what was held back is charged.
    return Refused(f"{TITLE} declined to make this{words}.", "Rephrase the prompt.", reason=reason, billed="unknown")


def _sdk_error(error: Exception) -> MediaError:
    status = status_of(error)
    if status < HTTPStatus.MULTIPLE_CHOICES:
        return transport_error(error.__cause__, TITLE) or malformed(TITLE, _body(error))
    response: Any = getattr(error, "response", None)
    request: Any = getattr(response, "request", None)
    keys = [CREDENTIALS] if request is not None and "authorization" in request.headers else API_KEYS
    problem = _problem(error)
    detail = problem.message or error_text(_body(error))
    if {known.reason for known in problem.known_details} & _KEY_REASONS:
        return MissingKey(TITLE, keys, rejected=True, words=clause(detail))
    if status == HTTPStatus.BAD_REQUEST and problem.status == _PRECONDITION:
        return NotPermitted(f"{TITLE} does not offer this to the account{clause(detail)}.")
    if status == HTTPStatus.NOT_FOUND and request is not None and any(part in str(request.url) for part in _LOOKUPS):
        return ProviderError(f"{TITLE} does not know this job, or no longer has it{clause(detail)}.")
    if status == HTTPStatus.NOT_FOUND and request is not None and problem.code is None:
        unserved = _unserved(str(request.url), detail)
        if unserved:
            return unserved
    pause = problem.retry_delay
    if pause is None and response is not None:
        pause = retry_after(response.headers)
    blocked = blocked_by_page(status, TITLE, _body(error))
    return blocked or error_for_status(status, TITLE, keys=keys, detail=detail, retry_after=pause)


def _unserved(url: str, detail: str) -> MediaError | None:
    """Return the error for a 404 that has none of Google's codes, or None if it is Google's or about a model."""
    if f".{urlsplit(url).hostname}".endswith(".googleapis.com") or is_about("model", detail, url):
        return None
    variables = ["MEDIASMITH_GOOGLE_BASE_URL", GEMINI_URL, VERTEX_URL]
    return not_served(TITLE, url, own_url=OWN_URL, variables=variables, detail=detail)


def _problem(error: Exception) -> _Problem:
    """Return the `error` object of an answer's body."""
    body = _body(error)
    if isinstance(body, list) and body:
        body = cast("list[object]", body)[0]
    try:
        return _Body.model_validate(body).error or _Problem()
    except ValidationError:
        return _Problem()


def _body(error: Exception) -> object:
    return getattr(error, "body", None) or getattr(error, "details", None)


def _sign_in_error(error: Exception) -> MediaError:
    from google.auth import exceptions  # noqa: PLC0415 - heavy: Google's sign-in

    if isinstance(error, exceptions.TransportError) or getattr(error, "retryable", False):
        return unreachable_error(f"{TITLE}'s sign-in")
    return MissingKey(TITLE, [CREDENTIALS], rejected=True)
