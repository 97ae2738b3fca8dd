"""What Replicate's errors mean: by status, with the words of `detail`."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from pydantic import FiniteFloat

from mediasmith.plugin.error_words import answer_text, clause
from mediasmith.plugin.errors import MediaError, ModelGone, ProviderError, RateLimited
from mediasmith.plugin.http_answers import Answer, Lenient, read_answer
from mediasmith.plugin.http_errors import error_for_response, is_about, not_served, transport_error

if TYPE_CHECKING:
    from httpx2 import Response

TITLE = "Replicate"
"""The provider's name in messages."""

OWN_URL = "https://api.replicate.com/v1"
"""Replicate's own base URL."""

KEYS = ("REPLICATE_API_TOKEN",)
"""The variables of which one signs in."""

_BASE_URL = "MEDIASMITH_REPLICATE_BASE_URL"


def explain(error: Exception) -> MediaError | None:
    """Return what an exception of the HTTP client means, or None for any other exception."""
    from httpx2 import HTTPStatusError  # noqa: PLC0415 - heavy

    return _explain_response(error.response) if isinstance(error, HTTPStatusError) else transport_error(error, TITLE)


def _explain_response(response: Response) -> MediaError:
    known = error_for_response(response, TITLE, keys=KEYS)
    if isinstance(known, RateLimited) and known.retry_after is None:
        return RateLimited(known.message, retry_after=_pause(response))
    if not isinstance(known, ModelGone):
        return known
    url, words = str(response.request.url), answer_text(response.content)
    if "/predictions/" in url:  # such a path is of what was accepted there
        return ProviderError(f"{TITLE} does not know this prediction{clause(words)}.")
    if not url.startswith(OWN_URL) and not is_about("model", words, url):
        return not_served(TITLE, url, own_url=OWN_URL, variables=[_BASE_URL], detail=words)
    return known


class _Throttled(Answer):
    retry_after: Lenient[FiniteFloat] = None


def _pause(response: Response) -> float | None:
    """Return the pause in seconds that the body of an answer names, where no header does, or None."""
    with suppress(ProviderError):
        return read_answer(response.content, _Throttled, TITLE).retry_after
    return None
