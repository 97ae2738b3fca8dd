"""What fal's errors mean, by status and by the types in their bodies; never by the text of a message."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mediasmith.plugin.error_words import answer_text, clause
from mediasmith.plugin.errors import (
    Billed,
    Cancelled,
    InvalidRequest,
    MediaError,
    ModelGone,
    NotPermitted,
    ProviderError,
    Refused,
)
from mediasmith.plugin.http_answers import Answer, Lenient
from mediasmith.plugin.http_errors import (
    error_for_failed_work,
    error_for_response,
    is_about,
    not_served,
    transport_error,
)
from mediasmith_backends.plain_schema import listed, mapping

if TYPE_CHECKING:
    from httpx2 import Response

TITLE = "fal"
"""The provider's name in messages."""

KEYS = ("FAL_KEY",)
"""The variables of which one signs in."""

QUEUE_URL, API_URL, STORAGE_URL = "https://queue.fal.run", "https://api.fal.ai", "https://rest.fal.ai"
"""Fal's own hosts. A base URL takes the place of all three: they have no path in common."""

PAGE = "https://fal.ai/models/"
"""Every endpoint has a page there, by its id."""

_HOSTS = {urlsplit(url).hostname for url in (QUEUE_URL, API_URL, STORAGE_URL)}

_REFUSED = "content_policy_violation"
_CANCELLED = "client_cancelled"

_OWN_FAULTS = {
    *("internal_server_error", "generation_timeout", "downstream_service_error"),
    *("downstream_service_unavailable", "no_media_generated"),
}
"""The types of a 422 that are not about the request. Read at https://fal.ai/docs (model errors) in November 2026."""

_VERDICTS = {400, 422, 499, 500, 502, 503, 504}
"""The statuses with which fal hands out the end of a request, if the body says so."""

_ACCOUNT = "Check the balance and the rights of the key at https://fal.ai/dashboard, or name another backend."


class _Failure(Answer):
    detail: object = None
    error_type: Lenient[str] = None

    @property
    def types(self) -> set[str]:
        """The types of what is wrong with the input."""
        found = (mapping(problem).get("type") for problem in listed(self.detail))
        return {name for name in found if isinstance(name, str)}


def explain(error: Exception) -> MediaError | None:
    """Return what an exception of the connection or a status means, or None for any other exception."""
    import httpx2  # noqa: PLC0415 - heavy: loaded with the first client

    if not isinstance(error, httpx2.HTTPStatusError):
        return transport_error(error, TITLE)
    response = error.response
    known = error_for_response(response, TITLE, keys=KEYS)
    if isinstance(known, NotPermitted):
        known.hint = _ACCOUNT  # fal locks an account whose balance is used up
    if isinstance(known, InvalidRequest) and _REFUSED in _read(response.content).types:
        return _refused(response.content, "no")
    return _missing(response) if isinstance(known, ModelGone) else known


def _missing(response: Response) -> MediaError:
    """Return what a 404 means: it is about an endpoint only where a request was sent to one."""
    url, words = str(response.request.url), answer_text(response.content)
    is_own = response.request.url.host in _HOSTS
    if response.request.method != "POST" and (is_own or "/requests/" in url):
        return ProviderError(f"{TITLE} does not have what was asked for{clause(words)}.")
    if is_own or is_about("model", response.text, url):
        return ModelGone(f"{TITLE} does not know this endpoint{clause(words)}.")
    return not_served(TITLE, url, own_url=QUEUE_URL, variables=["MEDIASMITH_FAL_BASE_URL"], detail=words)


def verdict(response: Response, billed: Billed | None) -> MediaError | None:
    """Return the error that an answer to a finished request names, or None where it is trouble on the way.

    `billed` says whether it was billed, where the answer does; else errors of fal's own side are free, and those of a
    model may have been billed (https://fal.ai/docs, request errors and model errors, November 2026).
    """
    status, failure = response.status_code, _read(response.content)
    kind = failure.error_type or response.headers.get("x-fal-error-type", "")
    named = bool(kind) or (status == 422 and bool(failure.types))  # noqa: PLR2004 - the model's own errors
    if status not in _VERDICTS or not named:
        return None
    words = answer_text(response.content)
    if _CANCELLED in {kind} | failure.types:
        return Cancelled(f"The request was cancelled at {TITLE}.", billed=billed or "unknown")
    if _REFUSED in failure.types:
        return _refused(response.content, billed or "unknown")
    if status == 422 and not failure.types & _OWN_FAULTS:  # noqa: PLR2004 - as above
        return error_for_failed_work(TITLE, words, status=status, billed=billed or "unknown")
    return error_for_failed_work(TITLE, words, billed=billed or ("unknown" if failure.types else "no"))


def _refused(content: bytes, billed: Billed) -> Refused:
    categories = [str(one) for problem in listed(_read(content).detail) for one in listed(_categories(problem))]
    return Refused(
        f"{TITLE} declined to make this{clause(answer_text(content))}.",
        reason=", ".join(categories) or _REFUSED,
        billed=billed,
    )


def _categories(problem: object) -> object:
    given: Mapping[str, object] = mapping(problem)
    return given.get("categories") or mapping(given.get("ctx")).get("categories")


def _read(content: bytes) -> _Failure:
    with suppress(ValueError, RecursionError):
        return _Failure.model_validate(mapping(json.loads(content)))
    return _Failure()
