"""What OpenRouter's errors mean, by status, code and type; never by the text of a message."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from mediasmith.plugin.error_words import answer_text, clause
from mediasmith.plugin.errors import MediaError, ModelGone, OutOfCredit, ProviderError, RateLimited, Refused, Unsuitable
from mediasmith.plugin.http_answers import Answer, read_answer
from mediasmith.plugin.http_errors import blocked_by_page, error_for_status, retry_after
from mediasmith_backends import openai_sdk

if TYPE_CHECKING:
    from openai import APIStatusError

TITLE = "OpenRouter"
"""The provider's name in messages."""

OWN_URL = "https://openrouter.ai/api/v1"
"""OpenRouter's own base URL."""

KEYS = ("OPENROUTER_API_KEY",)
"""The variables of which one signs in."""

RAISE_LIMIT = f"Add credit or raise the limit at {TITLE}, or name another backend."
"""What to do where a limit is reached, which may be the account's, a key's or a workspace's."""

_LONGEST = 300
"""Characters of the provider's reasons that an error repeats."""

_FORBIDDEN = 403
_ERRORS = range(400, 600)

_REFUSALS = {"content_policy_violation", "refusal"}
_GONE = {"model_not_found", "model_deprecated", "model_unavailable_upstream", "no_endpoints", "free_variant_ended"}
_UNSUITABLE = {"wrong_endpoint", "region_restricted", "privacy_restricted", "constraint_filtered"}
_NO_CREDIT = {
    "openrouter_credits",
    "openrouter_key_limit",
    "openrouter_guardrail_budget",
    "openrouter_workspace_budget",
}
_IN_FLIGHT = "openrouter_in_flight_budget"
"""The requests under way may cost more than the account holds; it passes."""


class Problem(Answer):
    """An error as answers have it: beside an error status, or instead of what was asked for.

    `code` repeats the status as a number or a text, or is a word of its own.
    """

    code: Any = None
    message: Any = None
    metadata: Any = None
    availability: Any = None

    @property
    def words(self) -> str:
        """The provider's own words as the end of a sentence, or ""."""
        return clause(self.message) if isinstance(self.message, str) else ""

    @property
    def status(self) -> int | None:
        """The HTTP status that `code` stands for, or None."""
        text = str(self.code).removesuffix(".0") if isinstance(self.code, str | float) else self.code
        with suppress(ValueError, TypeError):
            return int(text) if int(text) in _ERRORS else None
        return None


class _ErrorAnswer(Answer):
    error: Problem


def explain(error: Exception) -> MediaError | None:
    """Return what an exception of the SDK or of the connection below it means, or None for any other exception."""
    return openai_sdk.explain(error, TITLE, _explain_status)


def error_in(content: bytes) -> MediaError | None:
    """Return the error that an answer holds instead of what was asked for, or None. The work may have been done."""
    problem = _problem(content)
    return None if problem is None else error_without_status(problem)


def error_without_status(problem: Problem) -> MediaError:
    """Return what an error means that came after the request had been accepted, so that no HTTP status says it."""
    if problem.status is None:
        return ProviderError(f"{TITLE} could not make this{problem.words}.")
    known = _by_problem(problem.status, problem)
    if isinstance(known, RateLimited | ProviderError):
        known.billed = None
    return known


def _explain_status(error: APIStatusError) -> MediaError:
    content, wait = error.response.content, retry_after(error.response.headers)
    problem = _problem(content) or Problem(message=answer_text(content))
    blocked = blocked_by_page(error.status_code, TITLE, content)
    known = blocked or _by_problem(error.status_code, problem, wait=wait)
    unserved = openai_sdk.route_error(
        error,
        TITLE,
        own_url=OWN_URL,
        variables=["MEDIASMITH_OPENROUTER_BASE_URL"],
        detail=problem.words.removeprefix(": "),
    )
    if unserved and problem.status is None and isinstance(known, ModelGone):
        return unserved  # OpenRouter itself repeats the status in its answer
    if isinstance(known, ModelGone) and error.request.method == "GET":
        return ProviderError(f"{TITLE} does not have what was asked for{problem.words}.")
    return known


def _by_problem(status: int, problem: Problem, *, wait: float | None = None) -> MediaError:
    """Return what an error means by the codes beside its status, or else by the status."""
    words = problem.words
    metadata, kind = _mapping(problem.metadata), _text(problem.metadata, "error_type")
    limit, code = _text(problem.metadata, "limit_source"), _text(problem.availability, "code")
    flagged = status == _FORBIDDEN and bool(metadata.keys() & {"reasons", "flagged_input", "patterns"})
    if flagged or kind in _REFUSALS:
        reason, billed = (_reasons(metadata), "no") if flagged else (kind, None)
        return Refused(f"{TITLE} declined to make this{words}.", reason=reason, billed=billed)
    if limit == _IN_FLIGHT:
        return RateLimited(
            f"The account at {TITLE} has no credit for more requests at a time{words}.", retry_after=wait
        )
    if limit in _NO_CREDIT:
        return OutOfCredit(f"The account at {TITLE} has reached a spending limit{words}.", RAISE_LIMIT)
    if code in _GONE:
        return ModelGone(f"{TITLE} does not serve this model{words}.")
    if code in _UNSUITABLE:
        return Unsuitable(f"{TITLE} cannot use this model for the request{words}.", billed="no")
    detail = words.removeprefix(": ")
    return error_for_status(status, TITLE, keys=KEYS, detail=detail, retry_after=wait)


def _problem(content: bytes) -> Problem | None:
    with suppress(ProviderError):
        return read_answer(content, _ErrorAnswer, TITLE).error
    return None


def _reasons(metadata: Mapping[str, object]) -> str:
    found = metadata.get("reasons") or metadata.get("patterns")
    return ", ".join(map(str, cast("list[object]", found)))[:_LONGEST] if isinstance(found, list) else ""


def _mapping(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else {}


def _text(value: object, name: str) -> str:
    found = _mapping(value).get(name)
    return found if isinstance(found, str) else ""
